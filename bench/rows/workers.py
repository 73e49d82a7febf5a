"""The time until another process on the same PostgreSQL shows a change."""

import asyncio
import re
import time

import uvloop

from bench.client import Client
from bench.settings import Effort
from bench.shops import HOT, Places, sample
from bench.table import Bar, Row

GAP_SECONDS = 0.3
"""Longer than the pace of live messages: with a shorter time the pace would be measured."""
_ID = re.compile(rb"^id: (\d+)\r?$", re.MULTILINE)


def workers(places: Places, effort: Effort) -> list[Row]:
    """From the answer of one server to the live feed of the other, over many changes."""
    if "postgres" not in places.stores:
        return []
    shop = places.shop("postgres", sample())
    p50, p99, worst = [], [], []
    with shop.server() as first, shop.server() as other:
        for _ in range(effort.rounds):
            waits = sorted(uvloop.run(_waits(first.port, other.port, effort.changes)))
            p50.append(waits[len(waits) // 2])
            p99.append(waits[int(len(waits) * 0.99)])
            worst.append(waits[-1])
    gap = f"{GAP_SECONDS * 1000:.0f} ms apart"
    notes = [f"{effort.changes} changes a round, {gap}; longest {max(worst):.1f} ms"]
    what = "change seen by another server (PostgreSQL), after the commit's answer"
    return [
        Row(f"{what}, p50", p50, Bar(5, at_most=True), "ms", notes),
        Row(f"{what}, p99", p99, Bar(50, at_most=True), "ms"),
    ]


async def _waits(writer: int, reader: int, changes: int) -> list[float]:
    """Milliseconds from each answer until the other server showed that revision; 0 where before."""
    seen: dict[int, int] = {}
    bell = asyncio.Event()
    listening = asyncio.create_task(_listen(reader, seen, bell))
    await bell.wait()
    answered: dict[int, int] = {}
    with Client(writer) as client:
        for number in range(changes):
            session = f"{time.monotonic_ns()}-{number}"
            body = {"productId": HOT[0], "size": HOT[1], "quantity": 1, "sessionId": session}
            answer = await client.post("/api/inventory/reserve", body)
            assert answer.status == 200, answer.body
            answered[answer.json["revision"]] = time.monotonic_ns()
            await asyncio.sleep(GAP_SECONDS)
    last = max(answered)
    async with asyncio.timeout(10):
        while not seen or max(seen) < last:
            bell.clear()
            await bell.wait()
    listening.cancel()
    return [max(0.0, (_first(seen, rev) - at) / 1e6) for rev, at in answered.items()]


def _first(seen: dict[int, int], revision: int) -> int:
    """The time at which this revision or a later one was first seen."""
    return min(at for number, at in seen.items() if number >= revision)


async def _listen(port: int, seen: dict[int, int], bell: asyncio.Event) -> None:
    reader, stream = await asyncio.open_connection("127.0.0.1", port)
    stream.write(
        b"GET /api/inventory/live HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n"
    )
    while data := await reader.readline():
        match = _ID.match(data.rstrip(b"\n"))
        if match:
            seen.setdefault(int(match[1]), time.monotonic_ns())
            bell.set()
