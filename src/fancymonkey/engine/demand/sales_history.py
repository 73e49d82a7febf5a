"""Units sold per hour: reads the ledger once, and afterwards only its new entries."""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from fancymonkey.core.locations.accounts import split_account
from fancymonkey.core.model import Entry
from fancymonkey.core.planning.daily_demand import units_sold
from fancymonkey.engine.demand.turned_away import HOUR
from fancymonkey.engine.engine import Engine
from fancymonkey.engine.queries.ledger_queries import entries_since, revision_at


@dataclass(slots=True)
class UnitsSold:
    """Units of one hour: sold, and returned after a refund."""

    sold: int = 0
    returned: int = 0


class SalesHistory:
    """Units sold by hour (counted since 1970), from the earliest requested hour on."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._since: int | None = None
        self._revision = 0
        self._hours: dict[int, dict[str, UnitsSold]] = {}
        """By hour and location."""
        self._reading = asyncio.Lock()

    async def since(self, hour: int, locations: Collection[str] = ()) -> dict[int, UnitsSold]:
        """The hours from this one on that have sales or returns, at these locations or at all."""
        async with self._reading:
            if self._since is None or hour < self._since:
                revision = await revision_at(self._engine, hour * HOUR)
                self._hours, self._revision, self._since = {}, revision, hour
            async for entries in entries_since(self._engine, self._revision):
                self._take(entries)
                self._revision = entries[-1].revision
            return {
                at: units
                for at, by_location in self._hours.items()
                if at >= hour and (units := _sum(by_location, locations)) is not None
            }

    def _take(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            sold, returned = units_sold(entry)
            if sold or returned:
                by_location = self._hours.setdefault(entry.at // HOUR, {})
                location = split_account(entry.location)[0]
                units = by_location.setdefault(location, UnitsSold())
                units.sold += sold
                units.returned += returned


def _sum(by_location: Mapping[str, UnitsSold], locations: Collection[str]) -> UnitsSold | None:
    """The units of these locations together, of all if none is named; None without any."""
    rows = [row for id_, row in by_location.items() if not locations or id_ in locations]
    if len(rows) <= 1:
        return rows[0] if rows else None
    return UnitsSold(sum(row.sold for row in rows), sum(row.returned for row in rows))
