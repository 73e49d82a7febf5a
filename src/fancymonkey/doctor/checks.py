"""Findings of checks, and the context that a check may read."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from fancymonkey.payments.gateway import Gateway
from fancymonkey.settings.settings import Settings
from fancymonkey.store.contract import Store


class Severity(StrEnum):
    """The severity of a finding. A note is information only."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


Repair = Callable[[], Awaitable[str]]
"""Repairs a finding and returns a text about the repair. Raises FancyMonkeyError."""


@dataclass(frozen=True, slots=True)
class DoctorFinding:
    """A problem and its remedy, in words for people. `id` is stable, for scripts."""

    id: str
    severity: Severity
    problem: str
    remedy: str
    repair: Repair | None = field(default=None, compare=False, repr=False)


@dataclass(slots=True)
class CheckContext:
    """The shop under examination. The store is open for reading.

    `now` is in ms, `files` is the folder of the store's files (None: a database server), `url` is
    the address of the running service.
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


Check = Callable[[CheckContext], AsyncIterator[DoctorFinding]]


def error(id_: str, problem: str, remedy: str, repair: Repair | None = None) -> DoctorFinding:
    """A finding that loses sales, money or data, now or later."""
    return DoctorFinding(id_, Severity.ERROR, problem, remedy, repair)


def warning(id_: str, problem: str, remedy: str, repair: Repair | None = None) -> DoctorFinding:
    """A finding that will cause problems later."""
    return DoctorFinding(id_, Severity.WARNING, problem, remedy, repair)


def note(id_: str, problem: str, remedy: str, repair: Repair | None = None) -> DoctorFinding:
    """A finding that is information only."""
    return DoctorFinding(id_, Severity.NOTE, problem, remedy, repair)
