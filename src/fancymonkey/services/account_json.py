"""Users and API keys as JSON, for web and commands."""

from typing import NotRequired

from typing_extensions import TypedDict

from fancymonkey.accounts.api_keys import PREFIX
from fancymonkey.accounts.model import ApiKey, Right, Role, User
from fancymonkey.timestamps import iso


class UserOut(TypedDict):
    """A user as others see it. `locations` is there if the user is limited to them."""

    name: str
    role: Role
    createdAt: str
    secondFactor: bool
    recoveryCodesLeft: int
    locations: NotRequired[list[str]]


def user_json(user: User) -> UserOut:
    """A user without its secrets."""
    out: UserOut = {
        "name": user.name,
        "role": user.role,
        "createdAt": iso(user.created_at),
        "secondFactor": user.factor is not None,
        "recoveryCodesLeft": len(user.codes),
    }
    if user.locations:
        out["locations"] = list(user.locations)
    return out


class KeyOut(TypedDict):
    """An API key without its secret. `locations` is there if the key is limited to them."""

    id: str
    label: str
    right: Right
    begins: str
    madeBy: str
    createdAt: str
    endsAt: str | None
    usedAt: str | None
    ended: bool
    locations: NotRequired[list[str]]


def key_json(key: ApiKey, now: int) -> KeyOut:
    """A key without its secret, at a time in ms."""
    out: KeyOut = {
        "id": key.key_id,
        "label": key.label,
        "right": key.right,
        "begins": f"{PREFIX}{key.key_id}",
        "madeBy": key.made_by,
        "createdAt": iso(key.created_at),
        "endsAt": None if key.ends_at is None else iso(key.ends_at),
        "usedAt": None if key.used_at is None else iso(key.used_at),
        "ended": key.ends_at is not None and key.ends_at <= now,
    }
    if key.locations:
        out["locations"] = list(key.locations)
    return out
