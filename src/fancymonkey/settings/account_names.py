"""The rules for names of accounts, in the settings and over HTTP."""

import unicodedata
from typing import Final

from fancymonkey.core.keys import key_fault, skeleton

ADMIN: Final = "admin"
"""The actor of requests that authenticate with ADMIN_PASSWORD itself; reserved."""

NAME_MAX: Final = 100

ACTORS: Final = (
    *(ADMIN, "schedule", "somebody", "shell", "buyer", "clock", "checkout", "stripe"),
    *("refunds", "reconcile", "tidy", "release-expired", "doctor", "file", "import", "init"),
    *("orders", "erase-buyers"),
)
"""Every actor of the ledger and the audit log that is not an account or a key."""

RESERVED: Final = frozenset({*ACTORS, "system", "root", "nobody", "everybody", "key", "webhook"})
"""Names that no account may have, so that the actors in the ledger are unambiguous."""

_LOOKS = frozenset(map(skeleton, RESERVED))


def plain(name: str) -> str:
    """A name in its stored form: normalised, so that equivalent letters compare as equal."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


def account_name(text: str) -> str:
    """The stored form of an account's name. Raises ValueError with the rule that it breaks."""
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
    """The first of the other names that looks like this one to people, if there is one."""
    look = skeleton(name)
    return next((other for other in others if other != name and skeleton(other) == look), None)
