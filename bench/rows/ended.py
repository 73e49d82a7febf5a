"""The cost of the past of a shop: memory and start-up with many ended holds, compared with none."""

import asyncio
import time
from collections.abc import AsyncIterator

from bench.processes import cpu_seconds, rss_megabytes
from bench.settings import Effort
from bench.shops import HOT, BenchShop, Places, sample
from bench.table import Bar, Row
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import (
    Allocation,
    Entry,
    Kind,
    Outcome,
    Reservation,
    SessionLink,
    Status,
    sku_of,
)
from fancymonkey.core.model import Row as StoredRow
from fancymonkey.core.rows import ROWS
from fancymonkey.engine.clock import system_clock
from fancymonkey.store.open import open_store

SIZE_BAR = 1.5
START_BAR = 3.0
CPU_BAR = 1.3
"""A start may take this many times the CPU time of a start without holds."""


def ended(places: Places, effort: Effort) -> list[Row]:
    """Resident memory and CPU time of a start with this many ended holds ÷ without any, and seconds
    until `healthz`.
    """
    rows = []
    for name in places.stores:
        small = places.shop(name, sample())
        large = places.shop(name)
        asyncio.run(_copy_with_holds(small, large, effort.ended))
        sizes, starts, work = [], [], []
        for _ in range(effort.starts):
            size_before, _, cpu_before = _start(small)
            size, seconds, cpu = _start(large)
            sizes.append(size / size_before)
            starts.append(seconds)
            work.append(cpu / cpu_before)
        what = f"{name}, {effort.ended:,} ended holds"
        rows.append(Row(f"memory: {what} ÷ none", sizes, Bar(SIZE_BAR, at_most=True)))
        rows.append(Row(f"start-up: {what}", starts, Bar(START_BAR, at_most=True), "s"))
        rows.append(Row(f"start-up, CPU: {what} ÷ none", work, Bar(CPU_BAR, at_most=True)))
    return rows


def _start(shop: BenchShop) -> tuple[float, float, float]:
    """The megabytes, the seconds and the seconds of CPU time of a start."""
    started = time.monotonic()
    with shop.server() as server:
        seconds = time.monotonic() - started
        return rss_megabytes(server.pid), seconds, cpu_seconds(server.pid)


async def _copy_with_holds(source: BenchShop, target: BenchShop, count: int) -> None:
    old, new = open_store(source.target, read_only=True), open_store(target.target)
    now = system_clock()
    await old.open(now)
    await new.open(now)
    try:
        before = await old.entries_after(0, 100_000)

        async def rows() -> AsyncIterator[StoredRow]:
            for kind in ROWS:
                async for row in old.scan(kind):
                    yield row
            for number in range(count):
                for ended_row in _hold(number, now):
                    yield ended_row

        async def entries() -> AsyncIterator[Entry]:
            for entry in before:
                yield entry
            for number in range(2 * count):
                yield _entry(before[-1], number, now)

        await new.fill(rows(), entries(), len(before) + 2 * count)
    finally:
        await old.close()
        await new.close()


def _hold(number: int, now: int) -> tuple[StoredRow, ...]:
    """An expired hold with its session link and the stored answer of its request."""
    id_ = f"res_{now - 3_600_000:012x}{number:016x}"
    units = (Allocation(sku_of(*HOT), 1, DEFAULT_LOCATION),)
    answer = (
        f'{{"reservation_id":"{id_}","lines":[["{units[0].sku}",1,1,1,1]],"revision":{number}}}'
    )
    return (
        Reservation(
            id_, f"sess_{number:016x}", Status.EXPIRED, units, now - 3_600_000, now - 1000, now
        ),
        SessionLink(f"sess_{number:016x}", id_),
        Outcome(f"POST /api/inventory/reserve {number:032x}", f"{number:064x}", now, answer),
    )


def _entry(last: Entry, number: int, now: int) -> Entry:
    """Each hold begins and ends in turn: the level stays as it is."""
    begins = number % 2 == 0
    return Entry(
        last.revision + 1 + number,
        now,
        Kind.RESERVED if begins else Kind.EXPIRED,
        sku_of(*HOT),
        DEFAULT_LOCATION,
        reserved=1 if begins else -1,
        on_hand_after=last.on_hand_after,
        reserved_after=1 if begins else 0,
        reservation_id=f"res_{now - 3_600_000:012x}{number // 2:016x}",
        actor="bench",
    )
