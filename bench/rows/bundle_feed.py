"""A part of many bundles changes: the time until a live listener has all of them."""

import json
import time
import urllib.request
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from typing import Any

from bench.rows.locations import PARTS
from bench.settings import Effort
from bench.shops import PASSWORD, Places
from bench.table import Bar, Row
from fancymonkey.core.bundles.define import SetBundle
from fancymonkey.core.bundles.definition import Definition
from fancymonkey.core.catalogue.products import NewItem, UpsertProduct
from fancymonkey.core.command import Command
from fancymonkey.core.item_parts import Bundle, BundlePolicy, Component
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Item, Product, sku_of
from tests.support.server import Server

BUNDLES = 1000
BAR_MS = 50.0
UNITS = 500
QUIET_SECONDS = 1.5
"""Seconds between two changes: long enough that the pace of live messages has no effect."""
SHARED = 0
"""The number of the part that changes. All bundles have it."""


def bundle_feed(places: Places, effort: Effort) -> list[Row]:
    """Milliseconds from the answer of the update until a stream of events has shown every
    bundle.
    """
    rows = []
    for name in places.stores:
        with places.shop(name, list(_catalogue())).server() as server:
            feed = _Feed(server)
            try:
                changed = [feed.measure(UNITS + number) for number in range(1, 2 * effort.rounds)]
                out = []
                for _ in range(effort.rounds):
                    out.append(feed.measure(0))
                    feed.measure(UNITS)
            finally:
                feed.close()
        what = f"{BUNDLES:,} bundles of {PARTS} parts on a live stream, {name}"
        bar = Bar(BAR_MS, at_most=True)
        rows.append(Row(f"{what}: a part changes", changed, bar, "ms"))
        rows.append(Row(f"{what}: a part runs out", out, bar, "ms"))
    return rows


class _Feed:
    """A stream of events from the live endpoint, and a connection for updates."""

    def __init__(self, server: Server) -> None:
        self._connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
        self._connection.request("GET", "/api/inventory/live")
        self._stream: HTTPResponse = self._connection.getresponse()
        self._server = server
        self._next()  # the snapshot

    def close(self) -> None:
        """Ends the stream."""
        self._connection.close()

    def measure(self, units: int) -> float:
        """Counts the shared part, and returns the ms until every bundle has followed."""
        time.sleep(QUIET_SECONDS)
        _count(self._server, units)
        answered = at = time.monotonic_ns()
        waiting = {_bundle_id(number) for number in range(BUNDLES)}
        while waiting:
            at, message = self._next()
            for row in message["changes"]:
                if row["productId"] in waiting and row["available"] == units:
                    waiting.remove(row["productId"])
        return (at - answered) / 1e6

    def _next(self) -> tuple[int, dict[str, Any]]:
        """The next message, and when (monotonic ns) its last byte was there."""
        while True:
            line = self._stream.readline()
            assert line, "the stream has ended"
            if line.startswith(b"data: "):
                return time.monotonic_ns(), json.loads(line[6:])


def _count(server: Server, units: int) -> None:
    """Sets the stock of the shared part."""
    update = {"productId": "part", "size": str(SHARED), "stock": units}
    body = json.dumps({"password": PASSWORD, "updates": [update]}).encode()
    request = urllib.request.Request(f"{server.url}/api/inventory/update", body)
    with urllib.request.urlopen(request) as answer:
        results = json.load(answer)
    assert results["results"]["successful"] == 1, results


def _catalogue() -> Iterator[Command]:
    """Five parts, and a thousand bundles of all of them."""
    parts = [Item(sku_of("part", str(number)), "part", str(number)) for number in range(PARTS)]
    stock = tuple(
        NewItem(part, UNITS if n == SHARED else 10 * UNITS) for n, part in enumerate(parts)
    )
    yield _upsert(Product("part", "Part"), stock)
    components = tuple(Component(part.sku, 1) for part in parts)
    definition = Definition(Bundle(0, BundlePolicy.TOGETHER), components)
    for number in range(BUNDLES):
        id_ = _bundle_id(number)
        item = Item(sku_of(id_, "M"), id_, "M")
        yield _upsert(Product(id_, f"Set number {number}", position=number), (NewItem(item, 0),))
        yield SetBundle(
            sku=item.sku, location=DEFAULT_LOCATION, definition=definition, actor="bench"
        )


def _upsert(product: Product, items: tuple[NewItem, ...]) -> Command:
    return UpsertProduct(product=product, location=DEFAULT_LOCATION, items=items, actor="bench")


def _bundle_id(number: int) -> str:
    return f"set_{number:04d}"
