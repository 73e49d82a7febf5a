"""A job, and the result of a run."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from fancymonkey.jobs.schedule import Schedule

LIMIT_SECONDS = 1800.0


@dataclass(frozen=True, slots=True)
class JobResult:
    """The result of a run: its outcome in one word, and a report for machines and for people.

    A `quiet` run had no work: of those, one per hour is stored. `stored` means that the
    work has stored its run itself. `details` are for the starter of the run, and are not stored.
    """

    outcome: str = "done"
    report: dict[str, Any] = field(default_factory=dict)
    message: str = ""
    quiet: bool = False
    stored: bool = False
    details: tuple[Any, ...] = ()


Work = Callable[[], Awaitable[JobResult]]


@dataclass(frozen=True, slots=True)
class Job:
    """Work that runs on a schedule (`when`), or only on request (None).

    The work must be idempotent: it starts again after its process died. It is stopped after
    `limit` seconds.
    """

    name: str
    about: str
    work: Work
    when: Schedule | None = None
    limit: float = LIMIT_SECONDS
