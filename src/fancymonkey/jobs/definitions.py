"""The jobs that there are."""

from collections.abc import Iterator

from fancymonkey.alerts.alerts import Alerts
from fancymonkey.backup.catalogue_history import save_version
from fancymonkey.backup.nightly import BackupPlan, save
from fancymonkey.core.holds.end import Expire
from fancymonkey.core.outcomes import Accepted
from fancymonkey.engine.engine import OUTCOMES_KEPT, Engine
from fancymonkey.jobs.executor import JobExecutor
from fancymonkey.jobs.job import Job, JobResult
from fancymonkey.jobs.lease import is_leased
from fancymonkey.jobs.schedule import Daily, Every
from fancymonkey.payments.reconcile import Reconciler
from fancymonkey.settings.settings import Settings
from fancymonkey.text import counted

TIDY_SECONDS = 300
VERSION_SECONDS = 300
"""Changes of so long go into one version of products.json."""

NEEDS = {"reconcile": "STRIPE_SECRET_KEY", "versions": "BACKUP_GIT=on"}
"""The jobs that are not there without a setting, and which."""


def jobs_of(
    engine: Engine, settings: Settings, reconciler: Reconciler | None, alerts: Alerts
) -> JobExecutor:
    """The jobs of a shop with these settings."""
    return JobExecutor(
        engine, _jobs(engine, settings, reconciler, alerts), alone=not settings.shared
    )


def unknown_job_text(jobs: JobExecutor, name: str) -> str:
    """Why there is no job of a name, and which ones there are."""
    wanted = NEEDS.get(name)
    why = f"The job {name} needs {wanted}." if wanted else "No such job."
    return f"{why} Take one of {', '.join(jobs.jobs)}."


def _jobs(
    engine: Engine, settings: Settings, reconciler: Reconciler | None, alerts: Alerts
) -> Iterator[Job]:
    yield Job(
        "tidy",
        "ends holds whose time is up; the service does so at their second too",
        lambda: _tidy(engine),
        Every(TIDY_SECONDS),
    )
    if reconciler is not None:
        every = settings.payments.reconcile_seconds
        yield Job(
            "reconcile",
            "compares Stripe with the ledger and mends what was missed",
            lambda: _reconcile(reconciler),
            Every(every) if every else None,
        )
    night = Daily(settings.schedule.nightly_at, settings.schedule.time_zone)
    yield Job(
        "backup",
        "saves all of the store in a new file in BACKUP_TO, and removes old ones there",
        lambda: _backup(settings, engine.moved_to or settings.target),
        night if settings.backup.backup_to is not None else None,
    )
    if settings.backup.backup_git:
        yield Job(
            "versions",
            "keeps products.json in the history of its folder, and sends that to the remote",
            lambda: _versions(engine, settings),
            Every(VERSION_SECONDS),
        )
    yield Job(
        "retention",
        "forgets what is old and of no use any more; the ledger is never shortened",
        lambda: _retention(engine),
        night,
    )
    digest_at = settings.alerts.digest_at
    yield Job(
        "digest",
        "tells what is low and out",
        lambda: _digest(alerts),
        Daily(digest_at, settings.schedule.time_zone) if digest_at is not None else None,
    )
    yield Job(
        "alerts",
        "looks for what has happened and sends what waits, where no process goes on doing so",
        lambda: _alerts(engine, alerts),
    )


async def _tidy(engine: Engine) -> JobResult:
    answer = await engine.submit(Expire(actor="tidy"))
    assert isinstance(answer, Accepted)
    ended = [hold["reservation_id"] for hold in answer.data["released"]]
    if not ended:
        return JobResult("nothing", {"ended": []}, "No expired holds.", quiet=True)
    return JobResult("done", {"ended": ended}, f"Released {counted(len(ended), 'expired hold')}.")


async def _reconcile(reconciler: Reconciler) -> JobResult:
    report = await reconciler.run()
    quiet = report.outcome == "balanced"
    text = "\n".join(report.lines())
    return JobResult(report.outcome, report.told(), text, quiet=quiet, kept=True)


async def _digest(alerts: Alerts) -> JobResult:
    one = await alerts.digest()
    if one is None:
        return JobResult(
            "nothing", {}, "There is nothing to tell, or it was told today.", quiet=True
        )
    low, out = len(one.data["low"]), len(one.data["out"])
    return JobResult("done", {"low": low, "out": out}, f"Told: {one.title}.")


async def _alerts(engine: Engine, alerts: Alerts) -> JobResult:
    if alerts.running or await is_leased(engine, "runner"):
        return JobResult("nothing", {}, "A running process does so by itself.", quiet=True)
    waiting = await alerts.once()
    return JobResult("done", {"waiting": waiting}, f"{waiting} deliveries wait.", quiet=True)


async def _backup(settings: Settings, target: str) -> JobResult:
    plan = BackupPlan(
        target,
        settings.backup.backup_to,
        settings.backup.backup_keep_days,
        settings.backup.backup_keep_weeks,
    )
    made = await save(plan)
    return JobResult("done", made, f"Saved as {made['path']}, {made['bytes']:,} bytes.")


async def _versions(engine: Engine, settings: Settings) -> JobResult:
    target = engine.moved_to or settings.target
    subject = await save_version(engine, target, settings.backup.backup_git_remote)
    if subject is None:
        return JobResult("nothing", {"kept": None}, "The file has not changed.", quiet=True)
    return JobResult("done", {"kept": subject}, f"Kept a version: {subject}.")


async def _retention(engine: Engine) -> JobResult:
    gone = await engine.store.prune(engine.clock() - OUTCOMES_KEPT)
    if not gone:
        return JobResult("nothing", {"forgotten": 0}, "Nothing was old enough.", quiet=True)
    return JobResult("done", {"forgotten": gone}, f"Forgot {gone} old rows.")
