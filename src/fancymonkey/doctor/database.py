"""Checks the constraints of the database, and its clock."""

from collections.abc import AsyncIterator

from fancymonkey.doctor.checks import CheckContext, DoctorFinding, error, warning
from fancymonkey.store.postgres.store import PostgresStore
from fancymonkey.store.sqlite.store import SqliteStore

SKEW = 5_000
"""The difference (ms) of two clocks that has no effect on holds."""


GUARDS = frozenset(
    f"level_{name}_check"
    for name in ("on_hand", "reserved", "allocated", "incoming", "backordered")
) | {"never_oversold"}
"""The constraints of our tables: no negative quantity, and no more promised than on hand."""


async def check_database(context: CheckContext) -> AsyncIterator[DoctorFinding]:
    """Checks the database's own constraints and its clock."""
    store = context.store
    if isinstance(store, PostgresStore):
        skew = await store.clock() - context.now
        if abs(skew) > SKEW:
            yield warning(
                "clock.skew",
                f"The clock of the database differs by {skew / 1000:+.1f} s from the clock here.",
                "Synchronise both machines by NTP: timedatectl set-ntp true",
            )
    if isinstance(store, PostgresStore | SqliteStore):
        missing = sorted(GUARDS - await store.guards())
        if missing:
            yield error(
                "database.altered",
                f"The database lacks constraints of ours: {', '.join(missing)}. They are the last "
                "guard against overselling.",
                "The tables were changed by hand. Restore a backup, or move the stock into a new "
                "database with `fancymonkey migrate`.",
            )
