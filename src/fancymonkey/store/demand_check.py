"""Compares the daily demand with the sums of the ledger and of the units turned away."""

from collections.abc import Iterator
from datetime import date
from zoneinfo import ZoneInfo

from fancymonkey.core.model import Cursor, Entry, TurnedAway, split_sku
from fancymonkey.core.planning.daily_demand import CURSOR, NO_LOCATION, DailyDemand, units_sold
from fancymonkey.core.verify import Finding, Rule
from fancymonkey.store.contract import Store
from fancymonkey.timestamps import local_day

HOUR = 3_600_000
Key = tuple[str, str, str, date]
Sums = dict[Key, list[int]]


class DemandCheck:
    """The rows of daily demand at one revision, and the sums that they should have.

    `revision` is the position of the follower: later entries do not count yet.
    """

    def __init__(self, cursor: Cursor | None) -> None:
        self.revision = 0 if cursor is None else cursor.revision
        self.generation = 0 if cursor is None else cursor.generation
        self._zone = ZoneInfo(cursor.zone) if cursor is not None else ZoneInfo("UTC")
        self._rows: Sums = {}
        self._sums: Sums = {}

    def row(self, row: DailyDemand) -> None:
        """Takes a row; a row of an earlier generation does not count."""
        if row.generation == self.generation:
            self._rows[row.key] = [row.sold, row.returned, row.turned_away]

    def entry(self, entry: Entry) -> None:
        """Takes an entry of the ledger."""
        sold, returned = units_sold(entry)
        if entry.revision <= self.revision and (sold or returned):
            self._add(entry.sku, entry.location, entry.at, sold, returned, 0)

    def turned_away(self, row: TurnedAway) -> None:
        """Takes the units turned away in an hour, as far as they are counted."""
        if row.generation == self.generation and row.counted:
            self._add(row.sku, NO_LOCATION, row.hour * HOUR, 0, 0, row.counted)

    def findings(self) -> Iterator[Finding]:
        """Yields a finding for each row that differs from its sums."""
        for key in sorted(self._rows.keys() | self._sums.keys()):
            row, sums = self._rows.get(key, [0, 0, 0]), self._sums.get(key, [0, 0, 0])
            if row != sums:
                product_id, size, location, day = key
                yield Finding(
                    Rule.DEMAND,
                    f"the demand for {product_id}/{size} at {location or 'no location'} on {day} "
                    f"is {_words(row)}, according to the ledger {_words(sums)}",
                    None,
                    f"{product_id}/{size}",
                )

    def _add(self, sku: str, location: str, at: int, *units: int) -> None:
        key = (*split_sku(sku), location, local_day(at, self._zone))
        sums = self._sums.setdefault(key, [0, 0, 0])
        for place, number in enumerate(units):
            sums[place] += number


async def demand_check(store: Store) -> DemandCheck:
    """The check of a store, with its rows at one revision; the caller hands it the ledger."""
    async with store.frozen() as snapshot:
        cursor = None
        async for row in snapshot.scan(Cursor):
            cursor = row if row.name == CURSOR else cursor
        check = DemandCheck(cursor)
        if cursor is not None:
            async for demand in snapshot.scan(DailyDemand):
                check.row(demand)
            async for turned_away in snapshot.scan(TurnedAway):
                check.turned_away(turned_away)
    return check


def _words(units: list[int]) -> str:
    return f"{units[0]} sold, {units[1]} returned, {units[2]} turned away"
