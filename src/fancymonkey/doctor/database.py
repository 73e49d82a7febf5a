"""Is the database as this program made it, and does it tell the same time?"""

from collections.abc import AsyncIterator

from fancymonkey.doctor.checks import CheckContext, Finding, error, warning
from fancymonkey.store.postgres.store import PostgresStore
from fancymonkey.store.sqlite.store import SqliteStore

SKEW = 5_000
"""How far (ms) two clocks may part before it matters to holds."""


GUARDS = frozenset(
    f"level_{name}_check"
    for name in ("on_hand", "reserved", "allocated", "incoming", "backordered")
) | {"never_oversold"}
"""What the tables were made with: no number below zero, nothing promised beyond what there is."""


async def check_database(patient: CheckContext) -> AsyncIterator[Finding]:
    """The rules that the database itself keeps, and its clock."""
    store = patient.store
    if isinstance(store, PostgresStore):
        away = await store.clock() - patient.now
        if abs(away) > SKEW:
            yield warning(
                "clock.skew",
                f"The clock of the database is {away / 1000:+.1f} s from the clock here.",
                "Let both machines keep time by NTP: timedatectl set-ntp true",
            )
    if isinstance(store, PostgresStore | SqliteStore):
        missing = sorted(GUARDS - await store.guards())
        if missing:
            yield error(
                "database.altered",
                f"The database lacks rules of ours: {', '.join(missing)}. They are the last "
                "guard against overselling.",
                "Somebody changed the tables. Restore a backup, or move the stock into a new "
                "database with `fancymonkey migrate`.",
            )
