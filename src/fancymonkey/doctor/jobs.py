"""Are the things done that should be done at set times?"""

from collections.abc import AsyncIterator

from fancymonkey.core.payments.rows import JobRun
from fancymonkey.doctor.checks import CheckContext, Finding, error, note, warning
from fancymonkey.engine.job_runs import recent_runs

DAY = 24 * 3_600_000
FAILED = ("failed", "interrupted")
BACKUPS = 100
"""So many runs are looked through for one that has made a backup."""


async def check_jobs(patient: CheckContext) -> AsyncIterator[Finding]:
    """The latest run of every job."""
    recent = await recent_runs(patient.store, BACKUPS)
    latest = {job: runs[0] for job, runs in recent.items()}
    for name, run in sorted(latest.items()):
        if run.outcome in FAILED:
            yield error(
                "job.failed",
                f"The job {name} failed when it ran last.",
                f"`fancymonkey job list` says why; `fancymonkey job run {name}` tries again.",
            )
    for finding in _backup(recent.get("backup", []), patient.now):
        yield finding
    tidy = latest.get("tidy")
    if not patient.settings.schedule.schedules and (
        tidy is None or tidy.started_at < patient.now - DAY
    ):
        yield warning(
            "jobs.silent",
            "SCHEDULES is off, and no scheduler of yours has asked for a job for more than a day.",
            "Let it call /api/cron/tidy and the others, by GET or POST, with CRON_SECRET.",
        )


def _backup(runs: list[JobRun], now: int) -> list[Finding]:
    made = [run for run in runs if run.outcome not in FAILED]
    if not made and len(runs) < BACKUPS:
        return [
            note(
                "backup.never",
                "No backup was ever made by the nightly job. Those of `fancymonkey backup` leave "
                "no trace here.",
                "Set BACKUP_TO. See docs/how-to/back-up-and-restore.md.",
            )
        ]
    run = made[0] if made else runs[-1]
    days = (now - run.started_at) // DAY
    if days < 2:
        return []
    return [
        warning(
            "backup.old",
            f"The last backup of the nightly job is {days} days old.",
            "`fancymonkey job run backup`, and look at why the nightly one did not run.",
        )
    ]
