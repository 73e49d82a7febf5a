"""Are the things done that should be done at set times?"""

from collections.abc import AsyncIterator

from fancymonkey.core.payment import Run
from fancymonkey.doctor.finding import Finding, Patient, error, note, warning

DAY = 24 * 3_600_000
FAILED = ("failed", "interrupted")


async def check_jobs(patient: Patient) -> AsyncIterator[Finding]:
    """The latest run of every job."""
    latest: dict[str, Run] = {}
    async for row in patient.store.scan(Run):  # in the order of their beginning
        if isinstance(row, Run):
            latest[row.job] = row
    for name, run in sorted(latest.items()):
        if run.outcome in FAILED:
            yield error(
                "job.failed",
                f"The job {name} failed when it ran last.",
                f"`fancymonkey job list` says why; `fancymonkey job run {name}` tries again.",
            )
    for finding in _backup(latest.get("backup"), patient.now):
        yield finding
    tidy = latest.get("tidy")
    if not patient.settings.schedules and (tidy is None or tidy.started_at < patient.now - DAY):
        yield warning(
            "jobs.silent",
            "SCHEDULES is off, and no scheduler of yours has asked for a job for more than a day.",
            "Let it call /api/cron/tidy and the others, by GET or POST, with CRON_SECRET.",
        )


def _backup(run: Run | None, now: int) -> list[Finding]:
    if run is None:
        return [
            note(
                "backup.never",
                "No backup was ever made by this program.",
                "See docs/how-to/back-up-and-restore.md.",
            )
        ]
    days = (now - run.started_at) // DAY
    if days < 2:
        return []
    return [
        warning(
            "backup.old",
            f"The last backup is {days} days old.",
            "`fancymonkey job run backup`, and look at why the nightly one did not run.",
        )
    ]
