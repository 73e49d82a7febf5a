"""The bodies and answers of accounts: sessions, users, API keys and the audit log."""

from typing import Annotated, NotRequired

from pydantic import Field, with_config
from typing_extensions import TypedDict

from fancymonkey.accounts.account_locations import LOCATIONS_MAX
from fancymonkey.accounts.model import Right, Role
from fancymonkey.services.account_json import KeyOut, UserOut
from fancymonkey.web.http.bodies.json_body import Id, JsonBody, Ok, example

Secret = Annotated[str, Field(min_length=1, max_length=1024)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Code = Annotated[str, Field(max_length=40)]

_AT = "2025-10-07T12:00:00.000Z"
_KEY = {
    "id": "4f6a1c0be29d",
    "label": "Warehouse sheet",
    "right": "stock",
    "begins": "fmk_4f6a1c0be29d",
    "madeBy": "owner",
    "createdAt": _AT,
    "endsAt": "2026-01-05T12:00:00.000Z",
    "usedAt": None,
    "ended": False,
}
_SESSION = {
    "id": "6f1c0d2b9a8e47f5b3c1d0e9f8a7b6c5",
    "user": "owner",
    "startedAt": _AT,
    "renewedAt": _AT,
    "endsAt": "2025-10-08T00:00:00.000Z",
    "address": "203.0.113.7",
    "browser": "Mozilla/5.0",
}
_ACTOR = {
    "name": "owner",
    "role": "owner",
    "right": "admin",
    "secondFactor": False,
    "recoveryCodesLeft": 0,
}
_ADA = {
    "name": "ada",
    "role": "staff",
    "createdAt": _AT,
    "secondFactor": False,
    "recoveryCodesLeft": 0,
}


class LoginBody(JsonBody):
    """Name and password, and a code if the account uses two-factor authentication."""

    model_config = example({"name": "owner", "password": "the admin password"})

    name: Name
    password: Secret
    code: Code | None = None


class SessionBody(JsonBody):
    """The session to end, or all other sessions of the user."""

    model_config = example({"others": True})

    session_id: Annotated[str, Field(max_length=100)] | None = None
    others: bool = False


class PasswordBody(JsonBody):
    """The current password and the new one."""

    model_config = example({"old": "the present password", "new": "seven quiet otters swim"})

    old: Secret
    new: Secret


class ProofBody(JsonBody):
    """The proof of identity: the password, or a two-factor code."""

    model_config = example({"password": "the present password"})

    password: Secret = ""
    code: Code = ""


class ConfirmBody(JsonBody):
    """The first code of a new authenticator app."""

    model_config = example({"code": "492039"})

    code: Code


LimitedTo = Annotated[list[Id], Field(max_length=LOCATIONS_MAX)]
"""The only locations of a user or key; an empty list means all."""


class AddUserBody(JsonBody):
    """A new user."""

    model_config = example({"name": "ada", "role": "staff", "password": "six blue owls sing"})

    name: Name
    role: Role
    password: Secret
    locations: Annotated[LimitedTo, Field(default_factory=list)]


class UserLimitBody(JsonBody):
    """The only locations of a user; an empty list means all."""

    model_config = example({"name": "ada", "locations": ["berlin"]})

    name: Name
    locations: LimitedTo


class UserRoleBody(JsonBody):
    """The new role of a user."""

    model_config = example({"name": "ada", "role": "viewer"})

    name: Name
    role: Role


class UserPasswordBody(JsonBody):
    """A new password for a user who has forgotten the old one."""

    model_config = example({"name": "ada", "password": "nine old clocks tick"})

    name: Name
    password: Secret


class UserBody(JsonBody):
    """The name of a user."""

    model_config = example({"name": "ada"})

    name: Name


class MakeKeyBody(JsonBody):
    """The label of the key, its right, its lifetime in days, and the locations it is limited to."""

    model_config = example({"label": "Warehouse sheet", "right": "stock", "days": 90})

    label: Annotated[str, Field(min_length=1, max_length=80)]
    right: Right = Right.READ
    days: Annotated[int, Field(ge=1, le=3650)] | None = None
    locations: Annotated[LimitedTo, Field(default_factory=list)]


class RevokeKeyBody(JsonBody):
    """The id of a key."""

    model_config = example({"keyId": "4f6a1c0be29d"})

    key_id: Annotated[str, Field(min_length=1, max_length=40)]


class ActorOut(TypedDict):
    """The current user, or the key or password that authenticates."""

    name: str
    role: Role | None
    right: Right
    secondFactor: bool
    recoveryCodesLeft: int
    locations: NotRequired[list[str]]


class SessionOut(TypedDict):
    """An active session."""

    id: str
    user: str
    startedAt: str
    renewedAt: str
    endsAt: str
    address: str
    browser: str


class OwnSession(SessionOut):
    """The session of this browser, with the token for changes."""

    csrf: str


@with_config(
    example({"success": True, "user": _ACTOR, "session": {**_SESSION, "csrf": "Zk3w0S3b1qYh8Qm2"}})
)
class LoggedIn(TypedDict):
    """The current user and the session.

    `severalLocations` is true in a shop with several locations, and missing in others.
    """

    success: Ok
    user: ActorOut
    session: OwnSession | None
    severalLocations: NotRequired[bool]


@with_config(example({"success": True, "message": "Logged out"}))
class LoggedOut(TypedDict):
    """The end of the session."""

    success: Ok
    message: str


class ListedSession(SessionOut):
    """A session in the list; `current` is the one that asks."""

    current: bool


@with_config(example({"success": True, "sessions": [{**_SESSION, "current": True}]}))
class SessionList(TypedDict):
    """The active sessions."""

    success: Ok
    sessions: list[ListedSession]


@with_config(example({"success": True, "ended": 1}))
class SessionsEnded(TypedDict):
    """The number of ended sessions."""

    success: Ok
    ended: int


class ListedUser(UserOut):
    """A user with the number of active sessions."""

    sessions: int
    seenAt: str | None


@with_config(example({"success": True, "users": [{**_ADA, "sessions": 1, "seenAt": _AT}]}))
class UserList(TypedDict):
    """Every user."""

    success: Ok
    users: list[ListedUser]


@with_config(example({"success": True, "user": _ADA}))
class ChangedUser(TypedDict):
    """A user after a change."""

    success: Ok
    user: UserOut


@with_config(example({"success": True, "user": _ADA, "recoveryCodes": ["K7QF-2M3D-XW5T-PA6B"]}))
class NewRecoveryCodes(ChangedUser):
    """A user with new recovery codes, which are shown once."""

    recoveryCodes: list[str]


@with_config(
    example(
        {
            "success": True,
            "secret": "K7QF2M3DXW5TPA6B4R2N6YJHCM3GZQ5E",
            "link": "otpauth://totp/Fancy%20Monkey:owner?secret=K7QF…&issuer=Fancy%20Monkey",
            "picture": "data:image/svg+xml;base64,PHN2ZyB4bWxu…",
        }
    )
)
class FactorSetup(TypedDict):
    """A secret for an authenticator app, as text, link and QR code."""

    success: Ok
    secret: str
    link: str
    picture: str


@with_config(example({"success": True, "keys": [_KEY]}))
class KeyList(TypedDict):
    """Every key."""

    success: Ok
    keys: list[KeyOut]


@with_config(example({"success": True, "key": _KEY}))
class ChangedKey(TypedDict):
    """A key after a change."""

    success: Ok
    key: KeyOut


@with_config(example({"success": True, "key": _KEY, "secret": "fmk_4f6a1c0be29d_5d0c4b1e9f7a…"}))
class NewKey(ChangedKey):
    """A new key with its secret, which is shown once."""

    secret: str


class AuditEntryOut(TypedDict):
    """An entry of the audit log."""

    id: str
    at: str
    actor: str
    address: str
    what: str
    status: int
    about: str
    count: int


_ENTRY = {
    "id": "998240161600000-1f0c2a9b",
    "at": _AT,
    "actor": "owner",
    "address": "203.0.113.7",
    "what": "POST /api/admin/users/add",
    "status": 200,
    "about": "ada: role staff",
    "count": 1,
}


@with_config(example({"success": True, "entries": [_ENTRY], "next": None}))
class AuditLogPage(TypedDict):
    """A page of the audit log."""

    success: Ok
    entries: list[AuditEntryOut]
    next: str | None
