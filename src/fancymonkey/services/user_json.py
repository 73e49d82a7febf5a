"""A user as JSON, for web and commands."""

from typing import NotRequired

from typing_extensions import TypedDict

from fancymonkey.accounts.model import Role, User
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
