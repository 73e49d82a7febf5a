"""The names of jobs that were renamed. Stores of earlier versions have the former ones."""

from collections.abc import Iterable
from typing import Protocol, TypeVar

RELEASE_EXPIRED = "release-expired"
RECONCILE = "reconcile"
COMMIT_CATALOGUE = "commit-catalogue"

FORMER_JOBS = {"tidy": RELEASE_EXPIRED, "versions": COMMIT_CATALOGUE}
"""The present name of a job, by its former one."""


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
