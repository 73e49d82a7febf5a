"""What a check finds, and what it may look at."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from fancymonkey.payments.gateway import Gateway
from fancymonkey.settings.settings import Settings
from fancymonkey.store.contract import Store


class Severity(StrEnum):
    """How bad it is. A note is worth knowing, and nothing is wrong."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


Repair = Callable[[], Awaitable[str]]
"""Mends what was found where that is safe, and says what it has done. Raises FancyMonkeyError."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong and how to mend it, in plain words. `id` is stable: scripts branch on it."""

    id: str
    severity: Severity
    what: str
    mend: str
    repair: Repair | None = field(default=None, compare=False, repr=False)


@dataclass(slots=True)
class CheckContext:
    """A shop as the checks see it. The store is open for reading.

    `now` is in ms, `files` is the folder that the store's files lie in (None: a database server),
    `url` is where its service should answer.
    """

    settings: Settings
    store: Store
    now: int
    files: Path | None
    url: str
    gateway: Gateway | None = None

    @property
    def target(self) -> str:
        """The name of the store."""
        return self.settings.target


Check = Callable[[CheckContext], AsyncIterator[Finding]]


def error(id_: str, what: str, mend: str, repair: Repair | None = None) -> Finding:
    """Something that loses sales, money or data, or will."""
    return Finding(id_, Severity.ERROR, what, mend, repair)


def warning(id_: str, what: str, mend: str, repair: Repair | None = None) -> Finding:
    """Something that will hurt one day."""
    return Finding(id_, Severity.WARNING, what, mend, repair)


def note(id_: str, what: str, mend: str, repair: Repair | None = None) -> Finding:
    """Something worth knowing."""
    return Finding(id_, Severity.NOTE, what, mend, repair)
