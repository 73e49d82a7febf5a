"""A user as JSON, for web and commands."""

from typing_extensions import TypedDict

from fancymonkey.accounts.model import Role, User
from fancymonkey.timestamps import iso


class UserOut(TypedDict):
    """A user as others see it."""

    name: str
    role: Role
    createdAt: str
    secondFactor: bool
    recoveryCodesLeft: int


def user_json(user: User) -> UserOut:
    """A user without its secrets."""
    return {
        "name": user.name,
        "role": user.role,
        "createdAt": iso(user.created_at),
        "secondFactor": user.factor is not None,
        "recoveryCodesLeft": len(user.codes),
    }
