"""How the jobs ran last.

Of runs that found nothing to do one an hour is kept, under its hour: an earlier failure would look
like the newer run. How a job stands, which is kept as well, says when it really ran last.
"""

import msgspec
from msgspec import Struct

from fancymonkey.core.documents.document import Document
from fancymonkey.core.payments.rows import JobRun
from fancymonkey.engine.turned_away import HOUR
from fancymonkey.store.contract import Store

FOLDER = "jobs"


class JobStanding(Struct):
    """What is read of how a job stands; `by` is who runs it now, or nobody."""

    by: str = ""
    started_at: int = 0
    ended_at: int = 0
    outcome: str = ""


async def recent_runs(store: Store, limit: int = 1) -> dict[str, list[JobRun]]:
    """The latest runs of each job that ever ran, the newest first. Raises StoreError."""
    found: dict[str, list[JobRun]] = {}
    async for row in store.scan(JobRun):  # of each job in the order of their beginning
        runs = found.setdefault(row.job, [])
        runs.append(row)
        del runs[: -limit - 1]
    async for kept in store.scan(Document, (FOLDER, "")):
        if kept.folder != FOLDER:
            break
        if kept.body:
            last = msgspec.json.decode(kept.body, type=JobStanding)
            if last.ended_at and not last.by:
                _add(found.setdefault(kept.name, []), kept.name, last)
    return {job: runs[::-1][:limit] for job, runs in found.items() if runs}


def _add(runs: list[JobRun], job: str, last: JobStanding) -> None:
    """Puts the last run where it belongs; the row of its hour is this run, or was one like it."""
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
