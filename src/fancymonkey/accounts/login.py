"""Logging in: name, password and code against guessing from one address or from many."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fancymonkey.accounts.attempts import Attempts
from fancymonkey.accounts.factor import spend
from fancymonkey.accounts.model import (
    CodeNeeded,
    Denied,
    NoSession,
    NotProven,
    SessionExpired,
    TooManyAttempts,
    User,
    WrongCredentials,
)
from fancymonkey.accounts.tokens import Tokens
from fancymonkey.accounts.users import Users
from fancymonkey.engine.clock import Clock
from fancymonkey.engine.folder import Kept
from fancymonkey.names import plain

DEVICE = "device"
DEVICE_LIFE = 180 * 86_400_000
"""How long a browser is remembered, in ms."""

ADDRESS_MOST, ADDRESS_WINDOW = 15, 60_000
ACCOUNT_MOST, ACCOUNT_WINDOW = 20, 900_000
WRONG = "Name, password or code is wrong."


class Login:
    """Checks credentials. Failures count for the address, and for the account.

    An account under attack is closed for strangers for a while, not for browsers that have logged
    in before: those have a count of their own, so nobody can keep the owner out.
    """

    def __init__(self, users: Users, tokens: Tokens, clock: Clock) -> None:
        self._users = users
        self._tokens = tokens
        self._clock = clock
        self._addresses = Attempts(clock, ADDRESS_MOST, ADDRESS_WINDOW)
        # Each on its own: a stranger types any name, also one that means another of these.
        self._strangers = Attempts(clock, ACCOUNT_MOST, ACCOUNT_WINDOW)
        self._devices = Attempts(clock, ACCOUNT_MOST, ACCOUNT_WINDOW)
        self._proofs = Attempts(clock, ACCOUNT_MOST, ACCOUNT_WINDOW)

    async def check(
        self, name: str, password: str, code: str | None, address: str, device: str | None
    ) -> User:
        """The user. Raises TooManyAttempts, WrongCredentials, CodeNeeded, Busy."""
        kept = await self._users.find(name)
        known = await self._device(device, kept)
        account = (self._devices, known) if known else (self._strangers, plain(name))
        counts = [(self._addresses, address), account]
        wait = max(attempts.wait(key) for attempts, key in counts)
        if wait:
            raise TooManyAttempts(wait)
        for attempts, key in counts:
            attempts.count(key)
        try:
            user = await self._fitting(kept, password, code)
        except Denied as denied:
            if not isinstance(denied, WrongCredentials):
                self._take_back(counts)
            raise
        self._take_back(counts)
        return user

    async def again(
        self, kept: Kept[User], password: str | None, code: str | None, address: str
    ) -> Kept[User]:
        """The account, where its password or a code of it is given: before what matters most.

        Raises NotProven, TooManyAttempts, Busy. A session may guess no more often than a stranger.
        """
        async with self.counting(kept.name, address):
            if password is not None:
                if not await self._users.passwords.fits(kept.value.password, password):
                    raise NotProven("The password is wrong.")
                return kept
            spent = spend(kept.value, code or "", self._clock())
            if spent is None:
                raise NotProven("The code is wrong.")
            await self._users.change(kept, step=spent.step, codes=spent.codes)
            return await self._users.get(kept.name)

    @asynccontextmanager
    async def counting(self, name: str, address: str) -> AsyncIterator[None]:
        """Counts what fails with NotProven in this block. Raises TooManyAttempts."""
        counts = [(self._addresses, address), (self._proofs, name)]
        wait = max(attempts.wait(key) for attempts, key in counts)
        if wait:
            raise TooManyAttempts(wait)
        for attempts, key in counts:
            attempts.count(key)
        try:
            yield
        except NotProven:
            raise
        except BaseException:
            self._take_back(counts)
            raise
        self._take_back(counts)

    async def remember(self, user: User) -> str:
        """A token by which this browser is known the next time."""
        return await self._tokens.sign(DEVICE, DEVICE_LIFE, sub=user.name, stamp=user.stamp)

    async def _fitting(self, kept: Kept[User] | None, password: str, code: str | None) -> User:
        hashed = None if kept is None else kept.value.password
        if not await self._users.passwords.fits(hashed, password) or kept is None:
            raise WrongCredentials(WRONG)
        user = kept.value
        if user.factor is not None:
            if not code:
                raise CodeNeeded("Give the code of your authenticator app, or a recovery code.")
            spent = spend(user, code, self._clock())
            if spent is None:
                raise WrongCredentials(WRONG)
            return await self._users.change(kept, step=spent.step, codes=spent.codes)
        if self._users.passwords.outdated(user.password):
            return await self._users.change(
                kept, password=await self._users.passwords.hash(password)
            )
        return user

    async def _device(self, token: str | None, kept: Kept[User] | None) -> str | None:
        """Under what this browser's failures count, where it has logged in before."""
        if not token or kept is None:
            return None
        try:
            claims = await self._tokens.read(DEVICE, token)
        except (NoSession, SessionExpired):
            return None
        if (claims.get("sub"), claims.get("stamp")) != (kept.name, kept.value.stamp):
            return None
        return f"{claims['iat']} {kept.name}"

    def _take_back(self, counts: list[tuple[Attempts, str]]) -> None:
        for attempts, key in counts:
            attempts.take_back(key)
