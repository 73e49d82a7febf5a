"""A single client waits for one commit and for nothing else."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import apsw
import asyncpg

from bench import load
from bench.apps import NOOP
from bench.baselines import closed_loop
from bench.load import Load
from bench.rounds import Measure, Measures, behind, rotate
from bench.rows.http import RESERVE, bench_server
from bench.settings import Effort
from bench.shops import RESERVE_HOT, BenchShop, Places, sample
from bench.table import Bar, Row

BAR = Bar(2.0, at_most=True)
"""A bare commit is one statement; ours reads and locks before it writes, in one transaction."""


def lone(places: Places, effort: Effort) -> list[Row]:
    """One client's reserve over HTTP ÷ (one bare commit of that store + a no-op over HTTP)."""
    candidates: dict[str, Callable[[], Measure]] = {}
    servers = []
    try:
        for name in places.stores:
            server = places.shop(name, sample()).server().start()
            servers.append(server)
            wanted = Load(server.port, RESERVE, RESERVE_HOT, connections=1, seconds=effort.seconds)
            candidates[name] = _call(wanted, server.pid, places.database_pid(name))
            candidates[f"bare commit, {name}"] = _commit(places.shop(name), effort.seconds)
        noop = bench_server(places, "noop").start()
        servers.append(noop)
        wanted = Load(noop.port, NOOP, RESERVE_HOT, connections=1, seconds=effort.seconds)
        candidates["no-op"] = _call(wanted, noop.pid, None)
        measures = rotate(candidates, effort.rounds)
    finally:
        for server in servers:
            server.close()
    return [_row(measures, name) for name in places.stores]


def _row(measures: Measures, name: str) -> Row:
    bare = f"bare commit, {name}"
    rounds = zip(measures[name], measures[bare], measures["no-op"], strict=True)
    return Row(
        f"single client: {name} reserve ÷ (bare commit + no-op), p50",
        [ours.p50 / (commit.p50 + noop.p50) for ours, commit, noop in rounds],
        BAR,
        notes=behind(measures, name, bare, "no-op"),
    )


def _call(wanted: Load, server: int, database: int | None) -> Callable[[], Measure]:
    return lambda: load.run(wanted, server, database)


def _commit(shop: BenchShop, seconds: float) -> Callable[[], Measure]:
    """Durable rows one after the other, without other work."""
    return lambda: asyncio.run(_commits(shop, seconds))


async def _commits(shop: BenchShop, seconds: float) -> Measure:
    if shop.name == "postgres":
        connection = await asyncpg.connect(shop.target)
        try:
            await connection.execute("CREATE TABLE IF NOT EXISTS bare (at bigint)")
            statement = await connection.prepare("INSERT INTO bare VALUES ($1)")
            return await _timed(lambda: statement.fetch(time.monotonic_ns()), seconds)
        finally:
            await connection.close()
    work = _sqlite(shop) if shop.name == "sqlite" else _append(Path(shop.target))
    return await _timed(lambda: asyncio.to_thread(work), seconds)


async def _timed(operation: Callable[[], Awaitable[object]], seconds: float) -> Measure:
    return await closed_loop(operation, 1, seconds)


def _sqlite(shop: BenchShop) -> Callable[[], object]:
    path = Path(shop.target.removeprefix("sqlite:///")).with_name("bare.db")
    connection = apsw.Connection(str(path))
    connection.execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE IF NOT EXISTS bare (at INTEGER)")
    return lambda: connection.execute("INSERT INTO bare VALUES (?)", (time.monotonic_ns(),))


def _append(place: Path) -> Callable[[], object]:
    import os

    place.mkdir(parents=True, exist_ok=True)
    handle = os.open(place / "bare.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def work() -> None:
        os.write(handle, b"%d\n" % time.monotonic_ns())
        os.fdatasync(handle)

    return work
