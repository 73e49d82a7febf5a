"""The names of jobs that were renamed. Stores of earlier versions have the former ones."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol, TypeVar

RELEASE_EXPIRED = "release-expired"
RECONCILE = "reconcile"
COMMIT_CATALOGUE = "commit-catalogue"

FORMER_JOBS = {"tidy": RELEASE_EXPIRED, "versions": COMMIT_CATALOGUE}
"""The present name of a job, by its former one."""

FORMER_OUTCOME = "mended"
"""The outcome `corrected` of a reconciliation, and the key of its report, in earlier versions."""


class StoredByJob(Protocol):
    """Something that is stored under the name of a job."""

    @property
    def name(self) -> str:
        """The name of the job."""
        ...


T = TypeVar("T", bound=StoredByJob)


def present_job(name: str) -> str:
    """The present name of a job; a name that is not a former one stays."""
    return FORMER_JOBS.get(name, name)


def present_outcome(name: str) -> str:
    """The present name of an outcome or a key of a report."""
    return "corrected" if name == FORMER_OUTCOME else name


def present_names(report: Mapping[str, Any]) -> dict[str, Any]:
    """The report of a reconciliation, or an event about it, with the present names."""
    named = {present_outcome(key): value for key, value in report.items()}
    if isinstance(named.get("outcome"), str):
        named["outcome"] = present_outcome(named["outcome"])
    if isinstance(named.get("report"), dict):
        named["report"] = present_names(named["report"])
    return named


def stored_names(job: str) -> tuple[str, ...]:
    """The names under which a store may have runs of a job: former ones first."""
    return (*(former for former, present in FORMER_JOBS.items() if present == job), job)


def by_job(rows: Iterable[T]) -> dict[str, T]:
    """Rows by the present name of their job. A row under the present name comes first."""
    named: dict[str, T] = {}
    for row in rows:
        if row.name not in FORMER_JOBS or present_job(row.name) not in named:
            named[present_job(row.name)] = row
    return named
