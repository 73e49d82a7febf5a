"""Login with name, password and code; slows down guessing from one or many addresses."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from fancymonkey.accounts.failure_counter import FailureCounter
from fancymonkey.accounts.known_addresses import Places, of_account
from fancymonkey.accounts.model import (
    CodeNeeded,
    Denied,
    NoSession,
    NotConfirmed,
    SessionExpired,
    TooManyAttempts,
    User,
    WrongCredentials,
)
from fancymonkey.accounts.networks import Networks
from fancymonkey.accounts.tokens import Tokens
from fancymonkey.accounts.two_factor import use_code
from fancymonkey.accounts.users import Users
from fancymonkey.core.dates import DAY_MS
from fancymonkey.engine.clock import Clock
from fancymonkey.engine.documents import StoredDocument
from fancymonkey.settings.account_names import plain

DEVICE = "device"
DEVICE_LIFE = 180 * DAY_MS
"""The time for which a browser counts as known, in ms."""

ADDRESS_MOST, ADDRESS_WINDOW = 15, 60_000
ACCOUNT_MOST, ACCOUNT_WINDOW = 20, 900_000
KEY_MAX = 200
"""The characters of a typed name under which its failures count."""
WRONG = "Name, password or code is incorrect."


class Login:
    """Checks credentials. Failures count for the address, its networks, and the account.

    An account under attack is locked for a while, except for known browsers and addresses
    that have logged in before: those have their own counters, and their own slot for
    password hashing, so a flood cannot lock the owner out.
    """

    def __init__(self, users: Users, tokens: Tokens, places: Places, clock: Clock) -> None:
        self._users = users
        self._tokens = tokens
        self._places = places
        self._networks = Networks(clock)
        self._at_home = FailureCounter(clock, ACCOUNT_MOST, ACCOUNT_WINDOW)
        self._clock = clock
        self._addresses = FailureCounter(clock, ADDRESS_MOST, ADDRESS_WINDOW)
        # Separate counters: a typed name may equal the name of another counter.
        self._strangers = FailureCounter(clock, ACCOUNT_MOST, ACCOUNT_WINDOW)
        self._devices = FailureCounter(clock, ACCOUNT_MOST, ACCOUNT_WINDOW)
        self._proofs = FailureCounter(clock, ACCOUNT_MOST, ACCOUNT_WINDOW)

    async def check(
        self, name: str, password: str, code: str | None, address: str, device: str | None
    ) -> User:
        """Returns the user. Raises TooManyAttempts, WrongCredentials, CodeNeeded, Busy."""
        account = await self._users.find(name)
        device = await self._device(device, account)
        home = of_account(account.value) if account else "nobody"
        known = device is not None or await self._places.has(home, address)
        counts: list[tuple[FailureCounter | Networks, str]] = [(self._addresses, address)]
        if device is not None:  # independent of others at its address
            counts = [(self._devices, device)]
        elif known:
            counts.append((self._at_home, f"{address} {plain(name)[:KEY_MAX]}"))
        else:
            counts += [(self._networks, address), (self._strangers, plain(name)[:KEY_MAX])]
        wait = max(attempts.wait(key) for attempts, key in counts)
        if wait:
            raise TooManyAttempts(wait)
        for attempts, key in counts:
            attempts.count(key)
        try:
            user = await self._authenticated(account, password, code, known)
        except Denied as denied:
            if not isinstance(denied, WrongCredentials):
                self._take_back(counts)
            raise
        self._take_back(counts)
        self._places.remember(of_account(user), address)
        return user

    async def again(
        self, account: StoredDocument[User], password: str | None, code: str | None, address: str
    ) -> StoredDocument[User]:
        """Returns the account if its password or code is right: before critical changes.

        Raises NotProven, TooManyAttempts, Busy. A session may guess as often as an unknown client.
        """
        async with self.counting(account.name, address):
            if password is not None:
                hashed = account.value.password
                if not await self._users.passwords.fits(hashed, password, known=True):
                    raise NotConfirmed("The password is incorrect.")
                return account
            spent = use_code(account.value, code or "", self._clock())
            if spent is None:
                raise NotConfirmed("The code is incorrect.")
            await self._users.change(account, step=spent.step, codes=spent.codes)
            return await self._users.get(account.name)

    @asynccontextmanager
    async def counting(self, name: str, address: str) -> AsyncIterator[None]:
        """Counts each NotProven of this block as a failure. Raises TooManyAttempts."""
        counts: list[tuple[FailureCounter | Networks, str]] = [
            (self._addresses, address),
            (self._proofs, name),
        ]
        wait = max(attempts.wait(key) for attempts, key in counts)
        if wait:
            raise TooManyAttempts(wait)
        for attempts, key in counts:
            attempts.count(key)
        try:
            yield
        except NotConfirmed:
            raise
        except BaseException:
            self._take_back(counts)
            raise
        self._take_back(counts)

    async def spend_one(self, owners: Sequence[StoredDocument[User]], code: str) -> None:
        """Uses a code of one of these accounts. Raises NotProven, Changed."""
        for account in owners:
            spent = use_code(account.value, code, self._clock())
            if spent is not None:
                await self._users.change(account, step=spent.step, codes=spent.codes)
                return
        raise NotConfirmed("The code is incorrect.")

    async def remember(self, user: User) -> str:
        """Returns a token that identifies this browser at its next login."""
        return await self._tokens.sign(DEVICE, DEVICE_LIFE, sub=user.name, stamp=user.stamp)

    async def _authenticated(
        self, account: StoredDocument[User] | None, password: str, code: str | None, known: bool
    ) -> User:
        hashed = None if account is None else account.value.password
        if not await self._users.passwords.fits(hashed, password, known=known) or account is None:
            raise WrongCredentials(WRONG)
        user = account.value
        if user.factor is not None:
            if not code:
                raise CodeNeeded("Enter the code from your authenticator app, or a recovery code.")
            spent = use_code(user, code, self._clock())
            if spent is None:
                raise WrongCredentials(WRONG)
            return await self._users.change(account, step=spent.step, codes=spent.codes)
        if self._users.passwords.outdated(user.password):
            return await self._users.change(
                account, password=await self._users.passwords.hash(password)
            )
        return user

    async def _device(self, token: str | None, account: StoredDocument[User] | None) -> str | None:
        """The name under which failures of a known browser count, or None."""
        if not token or account is None:
            return None
        try:
            claims = await self._tokens.read(DEVICE, token)
        except (NoSession, SessionExpired):
            return None
        if (claims.get("sub"), claims.get("stamp")) != (account.name, account.value.stamp):
            return None
        return f"{claims['iat']} {account.name}"

    def _take_back(self, counts: list[tuple[FailureCounter | Networks, str]]) -> None:
        for attempts, key in counts:
            attempts.take_back(key)
