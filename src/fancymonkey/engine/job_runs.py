"""The latest runs of each job.

Runs without work are kept once per hour, under the start of the hour, so an earlier
failure in that hour would look like the newer run. The stored state of the job has the real time.
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import msgspec
from msgspec import Struct

from fancymonkey.core.documents.document import Document
from fancymonkey.core.payments.rows import JobRun
from fancymonkey.engine.demand.turned_away import HOUR
from fancymonkey.engine.job_names import (
    FORMER_OUTCOME,
    RECONCILE,
    present_job,
    present_names,
    present_outcome,
    stored_names,
)
from fancymonkey.store.contract import Store

FOLDER = "jobs"


class JobTimes(Struct):
    """The part of a job's stored state that is read here; `by` is empty while none runs it."""

    by: str = ""
    started_at: int = 0
    ended_at: int = 0
    outcome: str = ""


async def recent_runs(store: Store, limit: int = 1) -> dict[str, list[JobRun]]:
    """The latest runs of each job that ever ran, the newest first. Raises StoreError."""
    runs_by_name: dict[str, list[JobRun]] = {}
    async for row in store.scan(JobRun):  # the runs of each job in the order of their start
        runs = runs_by_name.setdefault(row.job, [])
        runs.append(present_run(row))
        del runs[: -limit - 1]
    async for document in store.scan(Document, (FOLDER, "")):
        if document.folder != FOLDER:
            break
        if document.body:
            last = msgspec.json.decode(document.body, type=JobTimes)
            last.outcome = present_outcome(last.outcome)
            if last.ended_at and not last.by:
                job = present_job(document.name)
                _add(runs_by_name.setdefault(document.name, []), job, last)
    return {
        job: [*_latest_first(runs_by_name, job)][:limit]
        for job in sorted({present_job(name) for name, runs in runs_by_name.items() if runs})
    }


async def runs_since(store: Store, job: str, since: int) -> AsyncIterator[JobRun]:
    """The runs of a job that began after a time, the earliest first. Raises StoreError."""
    for name in stored_names(job):
        async for row in store.scan(JobRun, (name, since)):
            if row.job != name:
                break
            yield present_run(row)


def present_run(row: JobRun) -> JobRun:
    """A stored run with the present names of its job, its outcome and the keys of its report."""
    job = present_job(row.job)
    if job == RECONCILE and FORMER_OUTCOME in row.report:
        report = msgspec.json.encode(present_names(msgspec.json.decode(row.report))).decode()
        return replace(row, outcome=present_outcome(row.outcome), report=report)
    return row if job == row.job else replace(row, job=job)


def _latest_first(runs_by_name: dict[str, list[JobRun]], job: str) -> Iterator[JobRun]:
    """The runs of a job; those under its former names are the older ones."""
    for name in reversed(stored_names(job)):
        yield from reversed(runs_by_name.get(name, []))


def _add(runs: list[JobRun], job: str, last: JobTimes) -> None:
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
