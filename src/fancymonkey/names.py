"""What an account may be called, in the settings as over HTTP."""

import unicodedata
from typing import Final

ADMIN: Final = "admin"
"""Whoever sends the admin password itself is called so; nobody else may be."""

NAME_MAX: Final = 100


def plain(name: str) -> str:
    """A name as it is kept and compared: letters that look the same are the same."""
    return unicodedata.normalize("NFKC", name).strip().casefold()[:NAME_MAX]


def account_name(text: str) -> str:
    """The name of an account, as it is kept. Raises ValueError with what it should be."""
    name = plain(text)
    if not name or not name.isprintable() or " " in name or name == ADMIN:
        raise ValueError(f"a name of 1 to {NAME_MAX} characters, without spaces, and not {ADMIN}")
    return name
