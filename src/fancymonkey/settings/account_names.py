"""What an account may be called, in the settings as over HTTP."""

import unicodedata
from typing import Final

from fancymonkey.core.keys import key_fault, skeleton

ADMIN: Final = "admin"
"""The actor of every request that carries the admin password itself."""

NAME_MAX: Final = 100

ACTORS: Final = (
    *(ADMIN, "schedule", "somebody", "shell", "buyer", "clock", "checkout", "stripe"),
    *("refunds", "reconcile", "tidy", "release-expired", "doctor", "file", "import", "init"),
)
"""Every actor of the ledger and the record that is not an account or a key."""

RESERVED: Final = frozenset({*ACTORS, "system", "root", "nobody", "everybody", "key", "webhook"})
"""Names that no account has, so that the ledger and the record are clear about who did it."""

_LOOKS = frozenset(map(skeleton, RESERVED))


def plain(name: str) -> str:
    """A name as it is kept and compared: letters that look the same are the same."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


def account_name(text: str) -> str:
    """The name of an account, as it is kept. Raises ValueError with what it should be."""
    name = plain(text)
    if not 0 < len(name) <= NAME_MAX or " " in name:
        raise ValueError(f"a name of 1 to {NAME_MAX} characters, without spaces")
    fault = key_fault(text.strip()) or key_fault(name)
    if fault is not None or not name.isprintable():
        raise ValueError(f"a name of visible characters. {fault or ''}".rstrip(". "))
    if skeleton(name) in _LOOKS:
        raise ValueError(
            f"another name, not {name}: it is, or looks like, a name that the service uses in the "
            "ledger"
        )
    return name


def look_alike(name: str, others: list[str]) -> str | None:
    """The first of the other names that people could take this one for, if there is one."""
    look = skeleton(name)
    return next((other for other in others if other != name and skeleton(other) == look), None)
