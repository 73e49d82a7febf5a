"""Sessions: short-lived tokens, renewed by one-time refresh tokens, revocable on the server."""

import secrets
from contextlib import suppress
from dataclasses import dataclass

import msgspec

from fancymonkey.accounts.model import NoSession, Session, User
from fancymonkey.accounts.tokens import Tokens
from fancymonkey.accounts.users import Users
from fancymonkey.engine.documents import Conflict, DocumentCollection, StoredDocument
from fancymonkey.engine.engine import Engine

ACCESS = "access"
RENEW = "renew"
ACCESS_LIFE = 600_000
"""The lifetime of an access token, in ms."""

GRACE = 30_000
"""Two windows may renew at once: the time for which the previous token may be reused, in ms."""


@dataclass(frozen=True, slots=True)
class SessionTokens:
    """The tokens of a browser: access token, refresh token (None: keep the old), lifetime."""

    session: Session
    access: str
    renew: str | None
    life: int


class Sessions:
    """The sessions of all users: `idle` ms without a renewal end one, `longest` ms any."""

    def __init__(
        self, engine: Engine, users: Users, tokens: Tokens, idle: int, longest: int
    ) -> None:
        self.folder = DocumentCollection(engine, "sessions", Session)
        self._clock = engine.clock
        self._users = users
        self._tokens = tokens
        self._idle = idle
        self._longest = longest

    async def begin(self, user: User, address: str, agent: str) -> SessionTokens:
        """Starts a session with a new id."""
        now = self._clock()
        session = Session(
            session_id=secrets.token_hex(16),
            user=user.name,
            stamp=user.stamp,
            csrf=secrets.token_urlsafe(24),
            turn=1,
            created_at=now,
            renewed_at=now,
            ends_at=now + self._longest,
            address=address,
            agent=agent[:200],
        )
        await self.folder.put(session.session_id, session, 0, session.ends_at)
        return await self._passes(session, renew=True)

    async def check(self, token: str) -> tuple[Session, User]:
        """Returns the active session of a token. Raises NoSession, SessionExpired."""
        claims = await self._tokens.read(ACCESS, token)
        stored, user = await self._live(claims.get("sid"))
        return stored.value, user

    async def renew(self, token: str) -> SessionTokens:
        """Renews the tokens. Raises NoSession; a reused token ends the session.

        Then `SessionReused` is raised.
        """
        claims = await self._tokens.read(RENEW, token)
        stored, _ = await self._live(claims.get("sid"))
        session, now = stored.value, self._clock()
        turn = claims.get("turn")
        if not isinstance(turn, int):
            raise NoSession("The token is not valid.")
        if turn == session.turn:
            renewed = msgspec.structs.replace(session, turn=session.turn + 1, renewed_at=now)
            try:
                await self.folder.put(stored.name, renewed, stored.version, renewed.ends_at)
            except Conflict:  # another window was faster
                return await self._passes((await self._live(stored.name))[0].value, renew=False)
            return await self._passes(renewed, renew=True)
        if turn == session.turn - 1 and now - session.renewed_at <= GRACE:
            return await self._passes(session, renew=False)
        await self.end(session.session_id)
        raise SessionReused(session)

    async def of_token(self, kind: str, token: str) -> str | None:
        """The id of the token's session, active or not; None if the token is not valid."""
        try:
            claims = await self._tokens.read(kind, token, expired=True)
        except NoSession:
            return None
        session_id = claims.get("sid")
        return session_id if isinstance(session_id, str) else None

    async def end(self, session_id: str) -> bool:
        """Ends a session; returns whether it existed."""
        stored = await self.folder.get(session_id) if session_id else None
        if stored is None:
            return False
        await self.folder.put(session_id, None)
        return True

    async def end_all(self, user: str, *, but: str = "") -> int:
        """Ends the sessions of a user except one; returns how many."""
        ended = [session for session in await self.live(user) if session.session_id != but]
        for session in ended:
            await self.end(session.session_id)
        return len(ended)

    async def live(self, user: str | None = None) -> list[Session]:
        """Returns the active sessions of one user or of all, the latest first."""
        now = self._clock()
        stamps = {account.name: account.stamp for account in await self._users.all()}
        sessions = [
            stored.value
            async for stored in self.folder.after("")
            if (user is None or stored.value.user == user)
            and self._lives(stored.value, now)
            and stamps.get(stored.value.user) == stored.value.stamp
        ]
        return sorted(sessions, key=lambda session: session.renewed_at, reverse=True)

    async def adopt(self, session_id: str, user: User) -> None:
        """Keeps one session after a change of its account that ends all others."""
        while (stored := await self.folder.get(session_id)) is not None:
            session = msgspec.structs.replace(stored.value, stamp=user.stamp)
            with suppress(Conflict):  # renewed or ended concurrently: read it again
                await self.folder.put(session_id, session, stored.version, session.ends_at)
                return

    def _lives(self, session: Session, now: int) -> bool:
        return now < min(session.ends_at, session.renewed_at + self._idle)

    async def _live(self, session_id: object) -> tuple[StoredDocument[Session], User]:
        stored = await self.folder.get(session_id) if isinstance(session_id, str) else None
        if stored is None or not self._lives(stored.value, self._clock()):
            raise NoSession("The session has ended.")
        user = await self._users.find(stored.value.user)
        if user is None or user.value.stamp != stored.value.stamp:
            raise NoSession("The session has ended.")
        return stored, user.value

    async def _passes(self, session: Session, *, renew: bool) -> SessionTokens:
        left = session.ends_at - self._clock()
        life = min(self._idle, left)
        sid = session.session_id
        access = await self._tokens.sign(ACCESS, min(ACCESS_LIFE, life), sub=session.user, sid=sid)
        token = None
        if renew:
            token = await self._tokens.sign(RENEW, life, sid=sid, turn=session.turn)
        return SessionTokens(session, access, token, life)


class SessionReused(NoSession):
    """A refresh token was used a second time: the session has been ended."""

    def __init__(self, session: Session) -> None:
        super().__init__("The session has ended.")
        self.session = session
