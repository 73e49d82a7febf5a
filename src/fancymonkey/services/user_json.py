"""A user as JSON, for web and commands."""

from typing import Any

from fancymonkey.accounts.model import User
from fancymonkey.timestamps import iso


def user_json(user: User) -> dict[str, Any]:
    """A user without its secrets."""
    return {
        "name": user.name,
        "role": user.role,
        "createdAt": iso(user.created_at),
        "secondFactor": user.factor is not None,
        "recoveryCodesLeft": len(user.codes),
    }
