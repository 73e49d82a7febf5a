"""Examines a shop: runs every check and collects the findings."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from fancymonkey.doctor.checks import Check, CheckContext, DoctorFinding, Severity, error
from fancymonkey.doctor.database import check_database
from fancymonkey.doctor.files import check_disk, check_folder
from fancymonkey.doctor.jobs import check_jobs
from fancymonkey.doctor.ledger import (
    check_catalogue,
    check_holds,
    check_ledger,
    check_payment_issues,
)
from fancymonkey.doctor.moved_store import moved_finding
from fancymonkey.doctor.paths import check_paths
from fancymonkey.doctor.payments import (
    check_endpoint,
    check_stripe,
    check_unknown_holds,
    check_webhook,
)
from fancymonkey.doctor.permissions import check_permissions
from fancymonkey.doctor.server import check_server
from fancymonkey.doctor.settings import check_settings
from fancymonkey.doctor.store_size import check_store_size
from fancymonkey.engine.clock import system_clock
from fancymonkey.errors import DataError, FancyMonkeyError, SchemaBehind, StoreCorrupt
from fancymonkey.payments.gateway import Gateway
from fancymonkey.settings.settings import Settings
from fancymonkey.store.open import open_store, require_existing
from fancymonkey.store.url import folder_of

log = logging.getLogger(__name__)

CHECKS: tuple[Check, ...] = (
    check_ledger,
    check_catalogue,
    check_holds,
    check_payment_issues,
    check_jobs,
    check_webhook,
    check_unknown_holds,
    check_disk,
    check_folder,
    check_database,
    check_store_size,
    check_server,
    check_stripe,
    check_endpoint,
)
"""The checks of an open store, in the order of their findings."""


@dataclass(slots=True)
class Examination:
    """The result of all checks: `findings` have to be repaired, `notes` are information only."""

    findings: list[DoctorFinding] = field(default_factory=list)
    notes: list[DoctorFinding] = field(default_factory=list)
    repaired: list[str] = field(default_factory=list)

    def add(self, finding: DoctorFinding) -> None:
        """Adds a finding, unless it is there already."""
        rows = self.notes if finding.severity is Severity.NOTE else self.findings
        if finding not in rows:
            rows.append(finding)


async def examine(
    settings: Settings,
    url: str,
    *,
    checks: Sequence[Check] = CHECKS,
    clock: Callable[[], int] = system_clock,
) -> Examination:
    """Runs all checks. A check that fails is a finding too."""
    examination = Examination()
    for finding in (
        *check_settings(settings),
        *check_paths(settings, folder_of(settings.target)),
        *check_permissions(settings),
    ):
        examination.add(finding)
    store = open_store(settings.target, read_only=True)
    gateway = None
    try:
        require_existing(settings.target)
        await store.open(clock())
        moved = await moved_finding(store)
        if moved is not None:
            examination.add(moved)
            return examination
        payments = settings.payments
        if payments.stripe_secret_key is not None:
            gateway = Gateway(payments.stripe_secret_key, payments.stripe_api_base)
        context = CheckContext(settings, store, clock(), folder_of(settings.target), url, gateway)
        for check in checks:
            await _run(check, context, examination)
    except FancyMonkeyError as reason:
        examination.add(_unreadable(settings, reason))
    finally:
        await store.close()
        if gateway is not None:
            await gateway.close()
    return examination


async def _run(check: Check, context: CheckContext, examination: Examination) -> None:
    try:
        async for finding in check(context):
            examination.add(finding)
    except FancyMonkeyError as reason:
        subject = check.__name__.removeprefix("check_").replace("_", " ")
        examination.add(
            error(
                "check.failed",
                f"The check of {subject} failed: {reason}",
                "Repair the other findings first, and run the doctor again.",
            )
        )


def _unreadable(settings: Settings, reason: FancyMonkeyError) -> DoctorFinding:
    """The finding for a store that cannot be opened for reading."""
    if isinstance(reason, SchemaBehind):
        return error(
            "database.behind",
            str(reason),
            "Start the service once, or use --repair.",
            lambda: _migrate(settings.target),
        )
    if isinstance(reason, DataError):
        return error(
            "file.refused",
            str(reason),
            "Correct the file; `fancymonkey check FILE` shows the result. Until then the service "
            "does not start.",
        )
    if isinstance(reason, StoreCorrupt):
        return error("store.corrupt", str(reason), "Restore the last backup.")
    return error("store.unavailable", str(reason), "Fix this first, and run the doctor again.")


async def _migrate(target: str) -> str:
    store = open_store(target)
    try:
        await store.open(system_clock())
    finally:
        await store.close()
    return "The database has every migration now."


async def repair_findings(examination: Examination) -> None:
    """Runs every repair and adds a text about each to `repaired`; a failed one is named there."""
    for finding in [*examination.findings, *examination.notes]:
        if finding.repair is None:
            continue
        try:
            examination.repaired.append(await finding.repair())
        except (FancyMonkeyError, OSError) as reason:
            examination.repaired.append(f"{finding.id}: not repaired. {reason}")
