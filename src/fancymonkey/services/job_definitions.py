"""The jobs of a shop."""

from collections.abc import Iterator

from fancymonkey.alerts.alerts import Alerts
from fancymonkey.backup.catalogue_history import save_version
from fancymonkey.backup.nightly import BackupPlan, save
from fancymonkey.core.dates import DAY_MS
from fancymonkey.engine.engine import OUTCOMES_KEPT, Engine
from fancymonkey.engine.job_names import COMMIT_CATALOGUE, RECONCILE, RELEASE_EXPIRED
from fancymonkey.jobs.executor import JobExecutor
from fancymonkey.jobs.job import Job, JobResult
from fancymonkey.jobs.lease import is_leased
from fancymonkey.jobs.schedule import Daily, Every
from fancymonkey.payments.reconcile import Reconciler
from fancymonkey.services.sales.orders import erase_old_buyers
from fancymonkey.services.sales.release_due import release_due
from fancymonkey.settings.settings import Settings
from fancymonkey.text import counted

RELEASE_SECONDS = 300
COMMIT_SECONDS = 300
"""Changes of this time (s) go into one version of products.json."""

NEEDS = {RECONCILE: "STRIPE_SECRET_KEY", COMMIT_CATALOGUE: "BACKUP_GIT=on"}
"""The jobs that exist only with a setting, and that setting."""


def jobs_of(
    engine: Engine, settings: Settings, reconciler: Reconciler | None, alerts: Alerts
) -> JobExecutor:
    """The jobs of a shop with these settings."""
    executor = JobExecutor(engine, (), alone=not settings.shared)
    for job in _jobs(executor, settings, reconciler, alerts):
        executor.jobs[job.name] = job
    return executor


def unknown_job_text(jobs: JobExecutor, name: str) -> str:
    """The text for an unknown job: why it does not exist, and the names of all jobs."""
    wanted = NEEDS.get(name)
    why = f"The job {name} needs {wanted}." if wanted else "No such job."
    return f"{why} Take one of {', '.join(jobs.jobs)}."


def _jobs(
    executor: JobExecutor, settings: Settings, reconciler: Reconciler | None, alerts: Alerts
) -> Iterator[Job]:
    engine = executor.engine
    yield Job(
        RELEASE_EXPIRED,
        "releases expired holds; a running service does so at their deadline",
        lambda: _release_expired(engine, executor.began(RELEASE_EXPIRED)),
        Every(RELEASE_SECONDS),
    )
    if reconciler is not None:
        every = settings.payments.reconcile_seconds
        yield Job(
            RECONCILE,
            "compares Stripe with the ledger and corrects what was missed",
            lambda: _reconcile(reconciler),
            Every(every) if every else None,
        )
    night = Daily(settings.schedule.nightly_jobs_at, settings.schedule.time_zone)
    yield Job(
        "backup",
        "writes a backup of the store to BACKUP_TO, and removes old backups there",
        lambda: _backup(settings, engine.moved_to or settings.target),
        night if settings.backup.backup_to is not None else None,
    )
    if settings.backup.backup_git:
        yield Job(
            COMMIT_CATALOGUE,
            "commits products.json to the git history of its folder, and pushes it to the remote",
            lambda: _commit_catalogue(engine, settings),
            Every(COMMIT_SECONDS),
        )
    yield Job(
        "retention",
        "removes old rows that are no longer needed; the ledger is never shortened",
        lambda: _retention(engine, settings.holds.keep_ended_holds_days),
        night,
    )
    days = settings.orders.order_data_days
    yield Job(
        "erase-buyers",
        "erases the names and addresses of buyers after ORDER_DATA_DAYS",
        lambda: _erasure(engine, days),
        night,
    )
    digest_at = settings.alerts.digest_at
    yield Job(
        "digest",
        "sends the list of low and sold-out sizes",
        lambda: _digest(alerts),
        Daily(digest_at, settings.schedule.time_zone) if digest_at is not None else None,
    )
    yield Job(
        "alerts",
        "detects events and sends waiting alerts, if no running process does so",
        lambda: _alerts(engine, alerts),
    )


async def _release_expired(engine: Engine, since: int) -> JobResult:
    holds = await release_due(engine, since)
    if not holds:
        return JobResult("nothing", {"ended": []}, "No expired holds.", quiet=True)
    report = {"ended": [hold.reservation_id for hold in holds]}
    text = f"Released {counted(len(holds), 'expired hold')}."
    return JobResult("done", report, text, details=holds)


async def _reconcile(reconciler: Reconciler) -> JobResult:
    report = await reconciler.run()
    quiet = report.outcome == "balanced"
    text = "\n".join(report.lines())
    return JobResult(report.outcome, report.as_json(), text, quiet=quiet, stored=True)


async def _digest(alerts: Alerts) -> JobResult:
    digest = await alerts.digest()
    if digest is None:
        return JobResult(
            "nothing", {}, "The list is empty, or it was sent today already.", quiet=True
        )
    low, out = len(digest.data["low"]), len(digest.data["out"])
    return JobResult("done", {"low": low, "out": out}, f"Sent: {digest.title}.")


async def _alerts(engine: Engine, alerts: Alerts) -> JobResult:
    if alerts.running or await is_leased(engine, "runner"):
        return JobResult("nothing", {}, "A running process sends the alerts.", quiet=True)
    waiting = await alerts.once()
    text = f"{counted(waiting, 'delivery', 'deliveries')} still waiting."
    return JobResult("done", {"waiting": waiting}, text, quiet=True)


async def _backup(settings: Settings, target: str) -> JobResult:
    plan = BackupPlan(
        target,
        settings.backup.backup_to,
        settings.backup.backup_keep_days,
        settings.backup.backup_keep_weeks,
    )
    made = await save(plan)
    return JobResult("done", made, f"Saved as {made['path']}, {made['bytes']:,} bytes.")


async def _commit_catalogue(engine: Engine, settings: Settings) -> JobResult:
    target = engine.moved_to or settings.target
    subject = await save_version(engine, target, settings.backup.backup_git_remote)
    if subject is None:
        return JobResult("nothing", {"kept": None}, "The file has not changed.", quiet=True)
    return JobResult("done", {"kept": subject}, f"Committed a version: {subject}.")


async def _erasure(engine: Engine, days: int) -> JobResult:
    erased = await erase_old_buyers(engine, days)
    if not erased:
        return JobResult("nothing", {"erased": 0}, "No buyer's data is that old.", quiet=True)
    text = f"Erased the buyer's data of {counted(erased, 'order')}."
    return JobResult("done", {"erased": erased}, text)


async def _retention(engine: Engine, days: int) -> JobResult:
    now = engine.clock()
    removed = await engine.store.prune(now - OUTCOMES_KEPT)
    folded = await engine.store.fold_holds(now - days * DAY_MS)
    report = {"forgotten": removed, "folded": folded}
    if not (removed or folded):
        return JobResult("nothing", report, "No old rows.", quiet=True)
    text = f"Removed {counted(removed, 'old row')} and {counted(folded, 'ended hold')}."
    return JobResult("done", report, text)
