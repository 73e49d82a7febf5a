"""Signed tokens and their signing keys: random, kept in the store, rotated every month."""

import base64
import secrets
from typing import Any

import jwt
from msgspec import Struct

from fancymonkey.accounts.model import NoSession, SessionExpired
from fancymonkey.core.dates import DAY_MS
from fancymonkey.engine.documents import Conflict, DocumentCollection
from fancymonkey.engine.engine import Engine

ALGORITHM = "HS256"
ISSUER = "fancymonkey"
KEY_BYTES = 32
ROTATE = 30 * DAY_MS
"""The time for which a key is used for signing."""

KEEP = 200 * DAY_MS
"""The time for which a key is kept: longer than the lifetime of its tokens."""

LOOK_AGAIN = 60_000
"""The interval at which keys of other processes are read; unknown keys are read at once."""


class SigningKey(Struct, frozen=True):
    """A signing secret, and when it was made."""

    kid: str
    secret: str
    made_at: int

    @property
    def raw(self) -> bytes:
        """The secret itself."""
        return base64.b64decode(self.secret)


class Tokens:
    """Signs and reads tokens. `kind` is signed too, so that no token passes for another kind."""

    def __init__(self, engine: Engine) -> None:
        self._folder = DocumentCollection(engine, "accounts", list[SigningKey])
        self._clock = engine.clock
        self._keys: list[SigningKey] = []
        self._read_at = 0

    async def sign(self, kind: str, life: int, **claims: Any) -> str:
        """Returns a token that is valid for `life` ms."""
        key = await self._newest()
        now = self._clock()
        body = {
            "iss": ISSUER,
            "aud": kind,
            "iat": now // 1000,
            "exp": -(-(now + life) // 1000),
            **claims,
        }
        return jwt.encode(body, key.raw, ALGORITHM, headers={"kid": key.kid})

    async def read(self, kind: str, token: str, *, expired: bool = False) -> dict[str, Any]:
        """Returns the claims of a token; `expired`: also of an expired one.

        Raises NoSession if it is not ours, SessionExpired where it is too old.
        """
        try:
            kid = jwt.get_unverified_header(token).get("kid")
            key = await self._find(kid)
            if key is None:
                raise NoSession("The token has an unknown signing key.")
            claims: dict[str, Any] = jwt.decode(
                token,
                key.raw,
                [ALGORITHM],
                audience=kind,
                issuer=ISSUER,
                # The time is the engine's, so it is compared here.
                options={
                    "require": ["exp", "iat", "iss", "aud"],
                    "verify_exp": False,
                    "verify_iat": False,
                },
            )
        except (jwt.PyJWTError, ValueError, RecursionError) as error:
            raise NoSession("The token is not valid.") from error
        if not expired and claims["exp"] * 1000 <= self._clock():
            raise SessionExpired("The token has expired.")
        return claims

    async def _newest(self) -> SigningKey:
        await self._look(None)
        if not self._keys or self._keys[0].made_at + ROTATE <= self._clock():
            await self._rotate()
        return self._keys[0]

    async def _find(self, kid: object) -> SigningKey | None:
        await self._look(kid)
        horizon = self._clock() - KEEP
        return next((key for key in self._keys if key.kid == kid and key.made_at > horizon), None)

    async def _look(self, kid: object) -> None:
        """Reads the keys if they may have changed; many unknown ones cause few reads."""
        age = self._clock() - self._read_at
        known = any(key.kid == kid for key in self._keys)
        if not self._keys or age >= LOOK_AGAIN or (kid is not None and not known and age >= 1000):
            stored = await self._folder.get("keys")
            self._keys = [] if stored is None else stored.value
            self._read_at = self._clock()

    async def _rotate(self) -> None:
        """Adds a new key in front; of two concurrent processes one makes it, the other uses it."""
        stored = await self._folder.get("keys")
        keys = [] if stored is None else stored.value
        now = self._clock()
        if not keys or keys[0].made_at + ROTATE <= now:
            secret = base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
            new = SigningKey(secrets.token_hex(8), secret, now)
            keys = [new, *(key for key in keys if key.made_at > now - KEEP)]
            try:
                await self._folder.put("keys", keys, 0 if stored is None else stored.version)
            except Conflict:
                stored = await self._folder.get("keys")
                keys = [] if stored is None else stored.value
        self._keys, self._read_at = keys, now
