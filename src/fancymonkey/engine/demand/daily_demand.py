"""Maintains the demand per size, location and local day, in the background.

Units sold and returned come from the ledger, through a follower. Units turned away are counted
when they are stored; this counts those that were stored before, or for another time zone.
"""

import asyncio
import logging
from collections.abc import Iterable
from datetime import date

from fancymonkey.core.command import Command
from fancymonkey.core.model import Cursor, Entry, TurnedAway, split_sku
from fancymonkey.core.outcomes import Refused
from fancymonkey.core.planning.daily_demand import (
    CURSOR,
    AddDemand,
    DailyDemand,
    RestartDemand,
    units_sold,
)
from fancymonkey.engine.demand.turned_away import turned_away_command
from fancymonkey.engine.engine import Engine
from fancymonkey.engine.follow import PAUSE_SECONDS, LedgerFollower, Superseded
from fancymonkey.timestamps import local_day

log = logging.getLogger(__name__)

EVERY_SECONDS = 5.0
"""The interval at which the rows are updated while the shop sells."""
FALLBACK_SECONDS = 60.0
STORE_EVERY = 10_000
"""Entries without demand after which the position is stored nevertheless."""
TOGETHER = 100
"""The most rows of one command: a batch with more would delay buyers."""


class DemandKeeper:
    """Keeps the rows of daily demand up to date, in the process that has the lease."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._cursor = Cursor(CURSOR, 0)
        self._follower = LedgerFollower(engine, self._begin, self._handle)

    async def run(self) -> None:
        """Follows the ledger until it is cancelled."""
        self._follower.forget()
        await self._follower.run(EVERY_SECONDS, FALLBACK_SECONDS)

    async def catch_up(self) -> None:
        """Counts everything up to now. Raises StoreError and Superseded."""
        self._follower.forget()
        more = True
        while more:
            more = await self._follower.portion()
            await asyncio.sleep(0)

    async def _begin(self) -> int:
        """Returns the stored position; another time zone or an older ledger begins again."""
        engine, zone = self._engine, self._engine.zone.key
        cursor = await engine.store.find(Cursor, CURSOR)
        if cursor is None or cursor.zone != zone or await self._is_ahead(cursor):
            generation = 0 if cursor is None else cursor.generation
            await self._submit(RestartDemand(generation=generation, zone=zone))
            cursor = Cursor(CURSOR, 0, None, zone, generation + 1)
            log.info("the daily demand is counted from the ledger, by days in %s", zone)
        self._cursor = cursor
        await self._count_turned_away()
        return cursor.revision

    async def _is_ahead(self, cursor: Cursor) -> bool:
        """Whether the ledger ends before the position: a standby took over, or a restore."""
        last = cursor.revision
        return last > 0 and not await self._engine.store.entries_after(last - 1, 1)

    async def _count_turned_away(self) -> None:
        """Counts units turned away that this generation has not counted."""
        rows: list[TurnedAway] = []
        async for row in self._engine.store.scan(TurnedAway):
            if row.generation != self._cursor.generation or row.counted < row.units:
                rows.append(TurnedAway(row.sku, row.hour, 0, 0))
            if len(rows) == TOGETHER:
                await self._submit(turned_away_command(tuple(rows), self._engine.zone))
                await asyncio.sleep(PAUSE_SECONDS)
                rows = []
        if rows:
            await self._submit(turned_away_command(tuple(rows), self._engine.zone))

    async def _handle(self, entries: list[Entry]) -> None:
        for part in _parts(entries):
            rows = self._rows(part)
            revision = part[-1].revision
            if not rows and revision - self._cursor.revision < STORE_EVERY:
                continue
            await self._submit(
                AddDemand(
                    generation=self._cursor.generation,
                    after=self._cursor.revision,
                    revision=revision,
                    rows=rows,
                )
            )
            zone, generation = self._cursor.zone, self._cursor.generation
            self._cursor = Cursor(CURSOR, revision, None, zone, generation)

    def _rows(self, entries: Iterable[Entry]) -> tuple[DailyDemand, ...]:
        units: dict[tuple[str, str, date], tuple[int, int]] = {}
        for entry in entries:
            sold, returned = units_sold(entry)
            if sold or returned:
                key = (entry.sku, entry.location, local_day(entry.at, self._engine.zone))
                before = units.get(key, (0, 0))
                units[key] = (before[0] + sold, before[1] + returned)
        return tuple(
            DailyDemand(*split_sku(sku), location, day, sold, returned)
            for (sku, location, day), (sold, returned) in units.items()
        )

    async def _submit(self, command: Command) -> None:
        answer = await self._engine.submit(command)
        if isinstance(answer, Refused):
            raise Superseded(answer.message)


def _parts(entries: list[Entry]) -> Iterable[list[Entry]]:
    for start in range(0, len(entries), TOGETHER):
        yield entries[start : start + TOGETHER]
