"""What is kept about accounts, and the ways in which a wish about them is refused."""

from enum import StrEnum

from msgspec import Struct


class Right(StrEnum):
    """What somebody may do; each includes the ones before it."""

    READ = "read"
    STOCK = "stock"
    ADMIN = "admin"

    def covers(self, other: "Right") -> bool:
        """Whether whoever has this right has the other one."""
        order = list(Right)
        return order.index(self) >= order.index(other)


class Role(StrEnum):
    """What somebody is in the shop."""

    OWNER = "owner"
    STAFF = "staff"
    VIEWER = "viewer"

    @property
    def right(self) -> Right:
        """What the role may do."""
        return {Role.OWNER: Right.ADMIN, Role.STAFF: Right.STOCK, Role.VIEWER: Right.READ}[self]


class User(Struct, frozen=True, kw_only=True):
    """An account. `stamp` changes with whatever must end its sessions and remembered devices.

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


class Session(Struct, frozen=True, kw_only=True):
    """A login. `turn` counts its renewals: a token of an earlier turn shows that it was stolen."""

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
    """Who is behind a request: a user in a session, a key, or whoever has the admin password."""

    name: str
    right: Right
    user: User | None = None
    session: Session | None = None
    key: str | None = None
    """The id of the API key that the request came with."""


class ApiKey(Struct, frozen=True, kw_only=True):
    """A key for programs; of its secret only the digest is kept."""

    key_id: str
    label: str
    right: Right
    secret: str
    made_by: str
    created_at: int
    ends_at: int | None
    used_at: int | None = None


class AuditEntry(Struct, frozen=True, kw_only=True):
    """Something that was done, or refused: by whom, when, from where, and with what status."""

    act_id: str
    at: int
    actor: str
    address: str
    what: str
    status: int
    about: str = ""
    count: int = 1
    """How many requests it stands for: refused ones are merged once there are many."""


class Denied(Exception):
    """A wish about accounts that is refused; the text says why, for people."""


class WrongCredentials(Denied):
    """Name and password, or a code, do not fit. Never says which."""


class NotProven(Denied):
    """Whoever is logged in has not shown that they are still the same person."""


class CodeNeeded(Denied):
    """The password is right, and the account wants a second factor."""


class TooManyAttempts(Denied):
    """Too many failures; `wait` is how long to wait, in ms."""

    def __init__(self, wait: int) -> None:
        super().__init__("Too many wrong attempts.")
        self.wait = wait


class Busy(Denied):
    """Too many logins are being checked at once."""


class NoSession(Denied):
    """There is no live session behind this token."""


class SessionExpired(Denied):
    """The token's minutes are over; renewing it may help."""


class UnknownAccount(Denied):
    """There is no such user, key or session."""


class AccountExists(Denied):
    """The name is taken."""


class WeakPassword(Denied):
    """The password is too easy to guess."""


class BadName(Denied):
    """The name cannot be one."""


class LastOwner(Denied):
    """Nobody would be left who may change accounts."""


class FactorState(Denied):
    """The second factor is not in the state for this."""


class Changed(Denied):
    """Somebody else has changed the same account in the meantime."""
