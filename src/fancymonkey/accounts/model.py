"""The stored data of accounts, and the errors of account requests."""

from enum import StrEnum

from msgspec import Struct, field


class Right(StrEnum):
    """The rights; each includes the ones before it."""

    READ = "read"
    STOCK = "stock"
    ADMIN = "admin"

    def covers(self, other: "Right") -> bool:
        """Whether this right includes the other one."""
        order = list(Right)
        return order.index(self) >= order.index(other)


class Role(StrEnum):
    """The roles of users."""

    OWNER = "owner"
    STAFF = "staff"
    VIEWER = "viewer"

    @property
    def right(self) -> Right:
        """The right of the role."""
        return {Role.OWNER: Right.ADMIN, Role.STAFF: Right.STOCK, Role.VIEWER: Right.READ}[self]


class User(Struct, frozen=True, kw_only=True):
    """A user account. `stamp` changes with every change that ends sessions and known devices.

    `codes` are digests of unused recovery codes; `step` is the latest half minute whose code was
    used, so that none works twice. `asked` is a second factor that is not confirmed yet.
    """

    name: str
    role: Role
    password: str
    created_at: int
    stamp: int = 1
    factor: str | None = None
    asked: str | None = None
    step: int = 0
    codes: tuple[str, ...] = ()
    locations: tuple[str, ...] = ()
    """The only locations that the user may see and change; empty: all."""


class Session(Struct, frozen=True, kw_only=True):
    """A login. `turn` counts its renewals: reuse of an earlier token shows a theft."""

    session_id: str
    user: str
    stamp: int
    csrf: str
    turn: int
    created_at: int
    renewed_at: int
    ends_at: int
    address: str
    agent: str


class Actor(Struct, frozen=True, kw_only=True):
    """The author of a request: a user in a session, an API key, or the admin password."""

    name: str
    right: Right
    user: User | None = None
    session: Session | None = None
    key: str | None = None
    """The id of the API key of the request."""
    locations: tuple[str, ...] = ()
    """The only locations that the author may see and change; empty: all."""


class ApiKey(Struct, frozen=True, kw_only=True):
    """An API key; only the digest of its secret is stored."""

    key_id: str
    label: str
    right: Right
    secret: str
    made_by: str
    created_at: int
    ends_at: int | None
    used_at: int | None = None
    locations: tuple[str, ...] = ()


class AuditEntry(Struct, frozen=True, kw_only=True):
    """An entry of the audit log: actor, time, address, request and status."""

    entry_id: str = field(name="act_id")
    at: int
    actor: str
    address: str
    what: str
    status: int
    about: str = ""
    count: int = 1
    """The number of requests in the entry: many refused requests are merged."""


class Denied(Exception):
    """An account request is refused; the text has the reason, for people."""


class WrongCredentials(Denied):
    """Name, password or code is wrong. The text never reveals which."""


class NotConfirmed(Denied):
    """A logged-in user failed to confirm a password or code."""


class CodeNeeded(Denied):
    """The password is right, but the account also requires a code."""


class TooManyAttempts(Denied):
    """Too many failures; `wait` is the time to wait, in ms."""

    def __init__(self, wait: int) -> None:
        super().__init__("Too many wrong attempts.")
        self.wait = wait


class Busy(Denied):
    """Too many logins are being checked at once."""


class NoSession(Denied):
    """The token has no active session."""


class SessionExpired(Denied):
    """The token has expired; it can be renewed."""


class UnknownAccount(Denied):
    """The user, key or session does not exist."""


class AccountExists(Denied):
    """The name is taken."""


class WeakPassword(Denied):
    """The password is too easy to guess."""


class BadName(Denied):
    """The name is not valid."""


class LastOwner(Denied):
    """The change would leave no owner."""


class BadLocations(Denied):
    """The locations of an account or key are not valid."""


class FactorState(Denied):
    """Two-factor authentication is not in the required state."""


class Changed(Denied):
    """The account has been changed concurrently."""
