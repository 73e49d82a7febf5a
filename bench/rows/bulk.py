"""A bulk update of 1,000 rows in a large shop, while buyers continue."""

import json
import time
import urllib.request

from bench.load import Load, Report, Running
from bench.rows.http import RESERVE
from bench.settings import Effort
from bench.shops import PASSWORD, RESERVE_HOT, SIZES, BenchShop, Places, large, product_id
from bench.table import Bar, Row
from tests.support.server import Server

ROWS = 1000
BUYERS = 16


def bulk(places: Places, effort: Effort) -> list[Row]:
    """Seconds for the update beside 16 buying connections, and its effect on the buyers."""
    rows = []
    for name in places.sql:
        shop = places.shop(name, large(effort.large))
        taken, revisions, notes = _measure(shop, effort)
        what = f"{ROWS:,} of {effort.large:,} SKUs, {BUYERS} buyers"
        rows.append(Row(f"bulk update on {name}: {what}", taken, Bar(1, at_most=True), "s"))
        rows.append(
            Row(
                f"bulk update on {name}: buyers' rate during ÷ outside",
                revisions,
                None,
                notes=notes,
            )
        )
    return rows


def _measure(shop: BenchShop, effort: Effort) -> tuple[list[float], list[float], list[str]]:
    taken, revisions, notes = [], [], []
    with shop.server() as server:
        wanted = Load(
            server.port, RESERVE, RESERVE_HOT, connections=BUYERS, seconds=effort.seconds + 3
        )
        for number in range(effort.rounds):
            with Running(wanted) as running:
                running.wait_warm()
                time.sleep(1)
                start = time.monotonic_ns()
                _update(server, number)
                end = time.monotonic_ns()
                running.wait_over()
                report = running.report()
            if report.errors:
                raise RuntimeError(f"buyers got errors: {report.statuses}")
            during, before = report.between(start, end).measure(), outside(report, start, end)
            taken.append((end - start) / 1e9)
            revisions.append(during.rate / before)
            notes.append(f"during {during}; outside {before:,.0f}/s")
    return taken, revisions, notes


def outside(report: Report, start: int, end: int) -> float:
    """The buyers' rate before and after a change."""
    count = sum(1 for at in report.done if not start <= at < end)
    return count / ((report.ended - report.started - (end - start)) / 1e9)


def _update(server: Server, number: int) -> None:
    """Adjusts 1,000 SKUs, spread over the shop. Raises AssertionError if one row fails."""
    places = range(number, number + ROWS * 9, 9)
    updates = [
        {
            "productId": product_id(place // len(SIZES)),
            "size": SIZES[place % len(SIZES)],
            "adjustStock": 1,
        }
        for place in places
    ]
    body = json.dumps({"password": PASSWORD, "updates": updates}).encode()
    request = urllib.request.Request(f"{server.url}/api/inventory/update", body)
    with urllib.request.urlopen(request) as answer:
        results = json.load(answer)["results"]
    assert results["successful"] == ROWS, results["details"]["failed"][:3]
