"""Examines a shop: every check that there is, and what they found."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from fancymonkey.doctor.checks import Check, CheckContext, Finding, Severity, error
from fancymonkey.doctor.database import check_database
from fancymonkey.doctor.files import check_disk, check_folder
from fancymonkey.doctor.jobs import check_jobs
from fancymonkey.doctor.ledger import check_books, check_catalogue, check_holds, check_matters
from fancymonkey.doctor.moved_store import elsewhere
from fancymonkey.doctor.paths import check_places
from fancymonkey.doctor.payments import check_endpoint, check_stripe, check_webhook
from fancymonkey.doctor.permissions import check_rights
from fancymonkey.doctor.server import check_server
from fancymonkey.doctor.settings import check_settings
from fancymonkey.doctor.store_size import check_growth
from fancymonkey.engine.clock import system_clock
from fancymonkey.errors import DataError, FancyMonkeyError, SchemaBehind, StoreCorrupt
from fancymonkey.payments.gateway import Gateway
from fancymonkey.settings.settings import Settings
from fancymonkey.store.open import open_store, require_directory
from fancymonkey.store.url import folder_of

log = logging.getLogger(__name__)

CHECKS: tuple[Check, ...] = (
    check_books,
    check_catalogue,
    check_holds,
    check_matters,
    check_jobs,
    check_webhook,
    check_disk,
    check_folder,
    check_database,
    check_growth,
    check_server,
    check_stripe,
    check_endpoint,
)
"""All of them, in the order in which they are told."""


@dataclass(slots=True)
class Examination:
    """What was found: `findings` have to be mended, `notes` are worth knowing."""

    findings: list[Finding] = field(default_factory=list)
    notes: list[Finding] = field(default_factory=list)
    repaired: list[str] = field(default_factory=list)

    def add(self, found: Finding) -> None:
        """Takes a finding in, each once."""
        rows = self.notes if found.severity is Severity.NOTE else self.findings
        if found not in rows:
            rows.append(found)


async def examine(
    settings: Settings,
    url: str,
    *,
    checks: Sequence[Check] = CHECKS,
    clock: Callable[[], int] = system_clock,
) -> Examination:
    """Looks at everything. A check that cannot be made is a finding too."""
    found = Examination()
    for one in (
        *check_settings(settings),
        *check_places(settings, folder_of(settings.target)),
        *check_rights(settings),
    ):
        found.add(one)
    store = open_store(settings.target, read_only=True)
    gateway = None
    try:
        require_directory(settings.target)
        await store.open(clock())
        away = await elsewhere(store)
        if away is not None:
            found.add(away)
            return found
        if settings.payments.stripe_secret_key is not None:
            gateway = Gateway(
                settings.payments.stripe_secret_key, settings.payments.stripe_api_base
            )
        patient = CheckContext(settings, store, clock(), folder_of(settings.target), url, gateway)
        for check in checks:
            await _make(check, patient, found)
    except FancyMonkeyError as reason:
        found.add(_closed(settings, reason))
    finally:
        await store.close()
        if gateway is not None:
            await gateway.close()
    return found


async def _make(check: Check, patient: CheckContext, found: Examination) -> None:
    try:
        async for one in check(patient):
            found.add(one)
    except FancyMonkeyError as reason:
        found.add(
            error(
                "check.failed",
                f"{check.__name__.removeprefix('check_')} could not be checked: {reason}",
                "Mend the other findings first, and look again.",
            )
        )


def _closed(settings: Settings, reason: FancyMonkeyError) -> Finding:
    """Why the store could not even be opened for reading."""
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
            "Correct it there; `fancymonkey check FILE` says what comes of it. Until then the "
            "service does not start.",
        )
    if isinstance(reason, StoreCorrupt):
        return error("store.corrupt", str(reason), "Restore the last backup.")
    return error("store.unavailable", str(reason), "Mend what it says, and look again.")


async def _migrate(target: str) -> str:
    store = open_store(target)
    try:
        await store.open(system_clock())
    finally:
        await store.close()
    return "The database has every migration now."


async def repair(found: Examination) -> None:
    """Does what is safe, and says what it has done; what fails stays a finding."""
    for one in [*found.findings, *found.notes]:
        if one.repair is None:
            continue
        try:
            found.repaired.append(await one.repair())
        except (FancyMonkeyError, OSError) as reason:
            found.repaired.append(f"{one.id}: not mended. {reason}")
