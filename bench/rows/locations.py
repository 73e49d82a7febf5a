"""Several locations and bundles: the cost of routing and of parts, and of one more location."""

import json
import time
import urllib.request
from collections.abc import Callable
from functools import partial

from bench import load
from bench.load import HOLE, Load, Running
from bench.rounds import Measure, behind, ratios, rotate
from bench.rows.bulk import BUYERS, outside
from bench.rows.http import RESERVE, calls
from bench.settings import Effort
from bench.shops import HOT, PASSWORD, PLENTY, RESERVE_HOT, Places, large, sample
from bench.table import Bar, Row
from fancymonkey.core.bundles.define import SetBundle
from fancymonkey.core.bundles.definition import Definition
from fancymonkey.core.catalogue.products import NewItem, UpsertProduct
from fancymonkey.core.command import Command
from fancymonkey.core.item_parts import Bundle, BundlePolicy, Component
from fancymonkey.core.locations.edit import AddLocation
from fancymonkey.core.locations.locations import DEFAULT_LOCATION, Location
from fancymonkey.core.model import Item, Product, sku_of
from fancymonkey.core.stock.adjust import Count
from tests.support.server import Server

PARTS = 5
ROUTED_BAR, BUNDLE_BAR, SECONDS_BAR, P99_BAR = 0.75, 0.5, 2.0, 20.0
SPREAD = 10
"""Of the many locations, those that have the SKU."""
MANY = 1000
RESERVE_SET = f'{{"productId":"set","size":"S","quantity":1,"sessionId":"{HOLE}"}}'


def routed(places: Places, effort: Effort) -> list[Row]:
    """A reserve in a shop of three locations ÷ one; then the p99 among a thousand locations."""
    rows = []
    for name in places.stores:
        database = places.database_pid(name)
        one_location, three = (
            places.shop(name, sample()),
            places.shop(name, [*sample(), *_several(3)]),
        )
        with one_location.server() as single, three.server() as several:
            candidates = {
                "one location": calls(single, RESERVE, effort, database=database),
                "three locations": calls(several, RESERVE, effort, database=database),
            }
            measures = rotate(candidates, effort.rounds)
        rows.append(
            Row(
                f"HTTP reserve on {name}: three locations ÷ one",
                ratios(measures, "three locations", "one location"),
                Bar(ROUTED_BAR),
                notes=behind(measures, *candidates),
            )
        )
        shop = places.shop(name, [*large(effort.large // 10), *_several(MANY)])
        with shop.server() as server:
            lone = Load(server.port, RESERVE, RESERVE_HOT, connections=1, seconds=effort.seconds)
            measured = [load.run(lone, server.pid) for _ in range(effort.rounds)]
        what = f"{MANY:,} locations, {effort.large // 10:,} SKUs"
        latencies = [measure.p99 for measure in measured]
        bar = Bar(P99_BAR, at_most=True)
        rows.append(Row(f"HTTP reserve on {name}: p99 of one client, {what}", latencies, bar, "ms"))
    return rows


def bundle(places: Places, effort: Effort) -> list[Row]:
    """A reserve of a bundle of five parts ÷ a reserve of a single unit."""
    rows = []
    for name in places.stores:
        database = places.database_pid(name)
        with places.shop(name, [*sample(), *_bundle()]).server() as server:
            wanted = Load(server.port, RESERVE, RESERVE_SET, seconds=effort.seconds)
            candidates: dict[str, Callable[[], Measure]] = {
                "single": calls(server, RESERVE, effort, database=database),
                "bundle": partial(load.run, wanted, server.pid, database),
            }
            measures = rotate(candidates, effort.rounds)
        rows.append(
            Row(
                f"HTTP reserve on {name}: bundle of {PARTS} parts ÷ a single unit",
                ratios(measures, "bundle", "single"),
                Bar(BUNDLE_BAR),
                notes=behind(measures, *candidates),
            )
        )
    return rows


def second_location(places: Places, effort: Effort) -> list[Row]:
    """Seconds until a large shop has another location, beside 16 buying connections."""
    rows = []
    for name in places.stores:
        with places.shop(name, large(effort.large)).server() as server:
            buyers = Load(
                server.port, RESERVE, RESERVE_HOT, connections=BUYERS, seconds=effort.seconds + 3
            )
            with Running(buyers) as running:
                running.wait_warm()
                time.sleep(1)
                start = time.monotonic_ns()
                _add_second(server)
                end = time.monotonic_ns()
                running.wait_over()
                report = running.report()
        if report.errors:
            raise RuntimeError(f"buyers got errors: {report.statuses}")
        what = f"{effort.large:,} SKUs, {BUYERS} buyers"
        note = f"buyers outside: {outside(report, start, end):,.0f}/s"
        bar = Bar(SECONDS_BAR, at_most=True)
        seconds = [(end - start) / 1e9]
        rows.append(Row(f"second location on {name}: {what}", seconds, bar, "s", notes=[note]))
    return rows


def _add_second(server: Server) -> None:
    body = json.dumps({"id": "berlin", "name": "Berlin", "country": "DE"}).encode()
    request = urllib.request.Request(f"{server.url}/api/admin/locations", body)
    request.add_header("Authorization", f"Bearer {PASSWORD}")
    request.add_header("Content-Type", "application/json")
    request.add_header("Idempotency-Key", "second-location")
    with urllib.request.urlopen(request) as answer:
        assert json.load(answer)["location"]["id"] == "berlin"


def _several(count: int) -> list[Command]:
    """Locations, `count` with the first one; the hot SKU is at some of them."""
    commands: list[Command] = []
    for number in range(1, count):
        location_id = f"location{number}"
        location = Location(location_id, f"Location {number}", country="DE")
        commands.append(AddLocation(location=location, actor="bench"))
        if number < SPREAD:
            stock = Count(sku=sku_of(*HOT), location=location_id, quantity=PLENTY, actor="bench")
            commands.append(stock)
    return commands


def _bundle() -> list[Command]:
    """A bundle of parts with plenty of units each."""
    main = DEFAULT_LOCATION
    parts = [Item(sku_of("part", str(number)), "part", str(number)) for number in range(PARTS)]
    items = tuple(NewItem(item, PLENTY) for item in parts)
    item = Item(sku_of("set", "S"), "set", "S")
    components = tuple(Component(part.sku, 1) for part in parts)
    definition = Definition(Bundle(0, BundlePolicy.TOGETHER), components)
    return [
        UpsertProduct(product=Product("part", "Part"), location=main, items=items, actor="bench"),
        UpsertProduct(
            product=Product("set", "Set"), location=main, items=(NewItem(item, 0),), actor="bench"
        ),
        SetBundle(sku=item.sku, location=main, definition=definition, actor="bench"),
    ]
