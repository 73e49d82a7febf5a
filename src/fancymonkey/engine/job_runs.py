"""The latest runs of each job.

Runs that found nothing to do are kept once per hour, under the start of the hour, so an earlier
failure in that hour would look like the newer run. The stored state of the job has the real time.
"""

import msgspec
from msgspec import Struct

from fancymonkey.core.documents.document import Document
from fancymonkey.core.payments.rows import JobRun
from fancymonkey.engine.turned_away import HOUR
from fancymonkey.store.contract import Store

FOLDER = "jobs"


class JobStanding(Struct):
    """The part of a job's stored state that is read here; `by` is who runs it now, or empty."""

    by: str = ""
    started_at: int = 0
    ended_at: int = 0
    outcome: str = ""


async def recent_runs(store: Store, limit: int = 1) -> dict[str, list[JobRun]]:
    """The latest runs of each job that ever ran, the newest first. Raises StoreError."""
    runs_by_job: dict[str, list[JobRun]] = {}
    async for row in store.scan(JobRun):  # the runs of each job in the order of their start
        runs = runs_by_job.setdefault(row.job, [])
        runs.append(row)
        del runs[: -limit - 1]
    async for document in store.scan(Document, (FOLDER, "")):
        if document.folder != FOLDER:
            break
        if document.body:
            last = msgspec.json.decode(document.body, type=JobStanding)
            if last.ended_at and not last.by:
                _add(runs_by_job.setdefault(document.name, []), document.name, last)
    return {job: runs[::-1][:limit] for job, runs in runs_by_job.items() if runs}


def _add(runs: list[JobRun], job: str, last: JobStanding) -> None:
    """Appends the last run, in place of the row of its hour with the same outcome."""
    if any(row.started_at >= last.started_at for row in runs):
        return
    report = "{}"
    for row in runs:
        if row.started_at == last.started_at // HOUR * HOUR and row.outcome == last.outcome:
            report = row.report
            runs.remove(row)
            break
    took = max(0, last.ended_at - last.started_at)
    runs.append(JobRun(job, last.started_at, took, last.outcome, report))
