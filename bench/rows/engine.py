"""The engine alone: 64 clients wait for one hot SKU. Against one transaction for each request."""

import time
from collections.abc import Callable

import uvloop

from bench.baselines import Pgbench, RewriteSingly, SqliteSingly, closed_loop
from bench.processes import cpu_seconds
from bench.rounds import Measure, behind, ratios, rotate
from bench.settings import Effort
from bench.shops import HOT, BenchShop, Places, sample
from bench.slow_disk import syncs_take
from bench.table import Bar, Row
from fancymonkey import examples, gc_tuning
from fancymonkey.core.holds.reserve import Reserve
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Line, sku_of
from fancymonkey.core.outcomes import Accepted
from fancymonkey.engine.engine import Engine
from fancymonkey.store.open import open_store
from fancymonkey.web.context import new_reservation_id

CLIENTS = 64
BARS = {"postgres": 15.0, "sqlite": 12.0, "json": 20.0}
SLOW_SYNC = 0.001
"""Seconds of a sync on a fast volume of a cloud, or on an SSD without a capacitor."""
RIVALS = {
    "postgres": "pgbench: a transaction of UPDATE + INSERT each",
    "sqlite": "one transaction each",
    "json": "one safe rewrite each",
}


def engine(places: Places, effort: Effort) -> list[Row]:
    """A row for each store."""
    rivals: dict[str, Callable[[int, float], Measure]] = {
        "sqlite": SqliteSingly(places.directory / "singly").measure,
        "json": RewriteSingly(places.directory / "singly", examples.products_json()).measure,
    }
    if "postgres" in places.stores:
        rivals["postgres"] = Pgbench(places.postgres).measure
    candidates: dict[str, Callable[[], Measure]] = {}
    for name in places.stores:
        shop = places.shop(name, sample())
        candidates[f"{name} engine"] = _engine(shop, places.database_pid(name), effort.seconds)
        candidates[RIVALS[name]] = _rival(rivals[name], effort.seconds)
    measures = rotate(candidates, effort.rounds)
    rows = [
        Row(
            f"engine, {CLIENTS} clients, hot SKU: {name} ÷ {RIVALS[name]}",
            ratios(measures, f"{name} engine", RIVALS[name]),
            Bar(BARS[name]),
            notes=behind(measures, f"{name} engine", RIVALS[name]),
        )
        for name in places.stores
    ]
    return [*rows, _on_a_slower_disk(places, effort)] if "sqlite" in places.stores else rows


def _on_a_slower_disk(places: Places, effort: Effort) -> Row:
    """SQLite again. Group commit saves syncs, so the disk decides its value."""
    ours, rival = "sqlite engine", RIVALS["sqlite"]
    shop = places.shop("sqlite", sample())
    with syncs_take(SLOW_SYNC):
        singly = SqliteSingly(places.directory / "slowly").measure
        measures = rotate(
            {
                ours: _engine(shop, None, effort.seconds),
                rival: _rival(singly, effort.seconds),
            },
            effort.rounds,
        )
    return Row(
        f"the same where a sync of the disk takes {SLOW_SYNC * 1000:.0f} ms: sqlite ÷ {rival}",
        ratios(measures, ours, rival),
        Bar(BARS["sqlite"]),
        notes=behind(measures, ours, rival),
    )


def _rival(measure: Callable[[int, float], Measure], seconds: float) -> Callable[[], Measure]:
    return lambda: measure(CLIENTS, seconds)


def _engine(shop: BenchShop, database: int | None, seconds: float) -> Callable[[], Measure]:
    return lambda: uvloop.run(reserves(shop, [sku_of(*HOT)], CLIENTS, seconds, database))


async def reserves(
    shop: BenchShop, skus: list[str], clients: int, seconds: float, database: int | None = None
) -> Measure:
    """Clients in this process that repeatedly reserve one unit, of the SKUs in turn."""
    engine = Engine(open_store(shop.target))
    await engine.open()
    gc_tuning.freeze_loaded_objects()  # as the service does once it is open
    count = 0

    async def reserve() -> None:
        nonlocal count
        count += 1
        answer = await engine.submit(
            Reserve(
                reservation_id=new_reservation_id(),
                location=DEFAULT_LOCATION,
                session_id=f"{time.monotonic_ns()}-{count}",
                lines=(Line(skus[count % len(skus)], 1),),
                ttl=1_800_000,
            )
        )
        if not isinstance(answer, Accepted):
            raise RuntimeError(f"refused: {answer}")

    try:
        await closed_loop(reserve, clients, min(0.3, seconds))  # warm
        before = 0.0 if database is None else cpu_seconds(database)
        measure = await closed_loop(reserve, clients, seconds)
        after = 0.0 if database is None else cpu_seconds(database)
    finally:
        await engine.close()
    each = (after - before) / (measure.rate * seconds) * 1e6
    return Measure(measure.rate, measure.p50, measure.p99, measure.server_cpu, each)
