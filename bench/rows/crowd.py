"""A crowd that watches: reserves beside 200 and 1,000 listeners, all on the same cores."""

import json
import time
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace

from bench import load
from bench.crowd import EVENTS, SOCKETS, Audience, Heard, ListeningCrowd
from bench.load import HOLE, Load
from bench.processes import cpu_seconds, rss_megabytes
from bench.rounds import Measure, Measures, behind, ratios, rotate
from bench.rows.http import GET, RESERVE
from bench.settings import Effort
from bench.shops import PASSWORD, SIZES, Places, large, product_id
from bench.table import Bar, Row
from tests.support.server import Server

PRODUCTS = (3, 400)
BARS = {200: 0.8, 1000: 0.6}
P99_BAR, LAST_BAR, IDLE_BAR = 3.0, 1.0, 30.0
CPU_BAR = 2.0
IDLE = 1900
IDLE_SECONDS = 20.0
"""Longer than the time between two signs of life on a quiet stream."""
QUIET_SECONDS = 1.0
"""The time until a crowd that has connected is idle."""
ALONE = "no listener"
Crowds = Mapping[str, Audience | None]


def crowd(places: Places, effort: Effort) -> list[Row]:
    """Reserves of all products in turn, with listeners ÷ without; then what idle listeners cost."""
    rows: list[Row] = []
    for products in PRODUCTS:
        shop = places.shop("json", large(products * len(SIZES)))
        with shop.server() as server:
            crowds: dict[str, Audience | None] = {ALONE: None}
            for count in BARS:
                crowds[f"{count:,} event streams"] = Audience(server.port, count, EVENTS)
            crowds["1,000 WebSockets"] = Audience(server.port, 1000, SOCKETS)
            rows += _rows(server, products, crowds, effort)
    return [*rows, *_idle(places, effort)]


def _rows(server: Server, products: int, crowds: Crowds, effort: Effort) -> list[Row]:
    heard: dict[str, list[Heard]] = {name: [] for name in crowds}
    candidates = {
        name: _buyers(server, products, audience, effort.seconds, heard[name])
        for name, audience in crowds.items()
    }
    measures = rotate(candidates, effort.rounds)
    rows = []
    for name, audience in crowds.items():
        if audience is not None:
            what = f"{products} products, {name} ÷ {ALONE}"
            notes = [*behind(measures, name, ALONE), str(heard[name][0])]
            bar = Bar(BARS[audience.listeners])
            rows.append(
                Row(f"crowd: reserves, {what}", ratios(measures, name, ALONE), bar, notes=notes)
            )
            p99 = _p99(measures, name)
            rows.append(Row(f"crowd: p99, {what}", p99, Bar(P99_BAR, at_most=True)))
            last = [each.last_seconds for each in heard[name]]
            what = f"{products} products, {name}"
            bar = Bar(LAST_BAR, at_most=True)
            rows.append(Row(f"crowd: the last state at all listeners, {what}", last, bar, "s"))
    return rows


def _p99(measures: Measures, name: str) -> list[float]:
    pairs = zip(measures[name], measures[ALONE], strict=True)
    return [listened.p99 / alone.p99 for listened, alone in pairs]


def _buyers(
    server: Server, products: int, audience: Audience | None, seconds: float, heard: list[Heard]
) -> Callable[[], Measure]:
    """A candidate: 64 buyers of all products, beside these listeners."""
    body = '{{"productId":"{}","size":"M","quantity":1,"sessionId":"{}"}}'
    bodies = tuple(body.format(product_id(number), HOLE) for number in range(products))
    wanted = Load(server.port, RESERVE, bodies=bodies, seconds=seconds)

    def measure() -> Measure:
        with ExitStack() as stack:
            if audience is None:
                return load.run(wanted, server.pid)
            crowd = stack.enter_context(ListeningCrowd(replace(audience, since=_revision(server))))
            crowd.mark()
            report = load.run(wanted, server.pid)
            heard.append(crowd.last(_revision(server)))
        if heard[-1].missing:
            raise RuntimeError(f"{heard[-1].missing} listeners without the last state")
        _wait_until_left(server)
        return report

    return measure


def _wait_until_left(server: Server) -> None:
    """Returns when the server has freed the places of all listeners."""
    request = urllib.request.Request(f"{server.url}/metrics")
    request.add_header("Authorization", f"Bearer {PASSWORD}")
    while True:
        with urllib.request.urlopen(request) as answer:
            if b"\nfancymonkey_listeners 0.0\n" in answer.read():
                return
        time.sleep(0.1)


def _revision(server: Server) -> int:
    with urllib.request.urlopen(server.url + GET) as answer:
        revision: int = json.load(answer)["revision"]
    return revision


def _idle(places: Places, effort: Effort) -> list[Row]:
    """Memory for each silent listener, and the server's CPU beside them."""
    rows = []
    for kind in (EVENTS, SOCKETS):
        sizes, shares = [], []
        shop = places.shop("json", large(PRODUCTS[0] * len(SIZES)))
        for _ in range(effort.rounds):
            with shop.server() as server:
                _revision(server)
                before = rss_megabytes(server.pid)
                alone = _idle_share(server)
                with ListeningCrowd(Audience(server.port, IDLE, kind, _revision(server))):
                    time.sleep(QUIET_SECONDS)
                    sizes.append((rss_megabytes(server.pid) - before) * 1000 / IDLE)
                    shares.append(_idle_share(server) - alone)
        what = f"{IDLE:,} idle {kind}"
        bar = Bar(IDLE_BAR, at_most=True)
        rows.append(Row(f"crowd: memory of {what}, each", sizes, bar, "KB"))
        bar = Bar(CPU_BAR, at_most=True)
        rows.append(Row(f"crowd: CPU of {what}, above that of none", shares, bar, "% of a core"))
    return rows


def _idle_share(server: Server) -> float:
    """Per cent of a core that an idle server uses."""
    started = cpu_seconds(server.pid)
    time.sleep(IDLE_SECONDS)
    return (cpu_seconds(server.pid) - started) / IDLE_SECONDS * 100
