"""What a job is, and what its runs say."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from fancymonkey.jobs.schedule import Schedule

LIMIT_SECONDS = 1800.0


@dataclass(frozen=True, slots=True)
class JobResult:
    """What came of a run: one word, the report for machines and for people.

    A `quiet` run found nothing to do: of those, one an hour is kept. `kept` says that the work has
    recorded itself.
    """

    outcome: str = "done"
    report: dict[str, Any] = field(default_factory=dict)
    message: str = ""
    quiet: bool = False
    kept: bool = False


Work = Callable[[], Awaitable[JobResult]]


@dataclass(frozen=True, slots=True)
class Job:
    """Something that is done at set times (`when`), or only when somebody asks (None).

    Its work may begin anew after a process died in the middle of it: it must do no harm twice.
    After `limit` seconds it is ended.
    """

    name: str
    about: str
    work: Work
    when: Schedule | None = None
    limit: float = LIMIT_SECONDS
