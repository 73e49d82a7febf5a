"""Checks that the jobs run, and that there is a recent backup."""

from collections.abc import AsyncIterator

from fancymonkey.core.dates import DAY_MS
from fancymonkey.core.payments.rows import JobRun
from fancymonkey.doctor.checks import CheckContext, DoctorFinding, error, note, warning
from fancymonkey.engine.job_names import RELEASE_EXPIRED
from fancymonkey.engine.job_runs import recent_runs
from fancymonkey.text import counted

FAILED = ("failed", "interrupted")
BACKUPS = 100
"""The number of runs that are searched for a successful backup."""


async def check_jobs(context: CheckContext) -> AsyncIterator[DoctorFinding]:
    """Checks the latest run of every job."""
    recent = await recent_runs(context.store, BACKUPS)
    latest = {job: runs[0] for job, runs in recent.items()}
    for name, run in sorted(latest.items()):
        if run.outcome in FAILED:
            yield error(
                "job.failed",
                f"The last run of the job {name} failed.",
                f"`fancymonkey job list` has the reason; `fancymonkey job run {name}` tries again.",
            )
    for finding in _backup(recent.get("backup", []), context.now):
        yield finding
    last = latest.get(RELEASE_EXPIRED)
    silent = last is None or last.started_at < context.now - DAY_MS
    if silent and not context.settings.schedule.run_jobs:
        yield warning(
            "jobs.silent",
            "RUN_JOBS is off, and no scheduler has requested a job for more than a day.",
            "Let your scheduler call /api/cron/release-expired and the others, by GET or POST, "
            "with CRON_SECRET.",
        )


def _backup(runs: list[JobRun], now: int) -> list[DoctorFinding]:
    made = [run for run in runs if run.outcome not in FAILED]
    if not made and len(runs) < BACKUPS:
        return [
            note(
                "backup.never",
                "The nightly job has never made a backup. Backups by `fancymonkey backup` are not "
                "recorded.",
                "Set BACKUP_TO. See docs/how-to/back-up-and-restore.md.",
            )
        ]
    run = made[0] if made else runs[-1]
    days = (now - run.started_at) // DAY_MS
    if days < 2:
        return []
    return [
        warning(
            "backup.old",
            f"The last backup of the nightly job is {counted(days, 'day')} old.",
            "Run `fancymonkey job run backup`, and find out why the nightly job did not run.",
        )
    ]
