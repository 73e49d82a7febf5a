"""Several servers on one PostgreSQL against one of them, over HTTP."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from functools import partial

from bench import load
from bench.load import HOLE, NUMBER, Load
from bench.rounds import Measure, Measures, behind, ratios, rotate
from bench.rows.http import RESERVE
from bench.settings import Effort
from bench.shops import RESERVE_HOT, Places, product_id, sample
from bench.table import Bar, Row
from fancymonkey.core.catalogue.products import NewItem, UpsertProduct
from fancymonkey.core.command import Command
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Item, Product, sku_of
from tests.support.server import Server

CLIENTS = (16, 64, 256)
SEVERAL = (2, 4)
SKUS = 10_000
RESERVE_ANY = f'{{"productId":"prod_{NUMBER}","size":"M","quantity":1,"sessionId":"{HOLE}"}}'
RATE, P99, LONE = Bar(0.85), Bar(1.5, at_most=True), Bar(1.3, at_most=True)


def servers(places: Places, effort: Effort) -> list[Row]:
    """N workers against one process with the same load, and a single client on either of two
    servers.
    """
    if "postgres" not in places.stores:
        return []
    hot = Load(0, RESERVE, RESERVE_HOT, seconds=effort.seconds)
    many = Load(0, RESERVE, RESERVE_ANY, seconds=effort.seconds, spread=SKUS)
    rows = _crowd(places, effort, "hot SKU", sample(), hot)
    rows += _crowd(places, effort, f"{SKUS:,} SKUs", list(_products()), many)
    return rows + _lone(places, effort)


def _products() -> Iterator[Command]:
    for number in range(SKUS):
        id_ = product_id(number)
        items = (NewItem(Item(sku_of(id_, "M"), id_, "M"), 1_000_000),)
        product = Product(id_, f"Thing number {number}", position=number)
        yield UpsertProduct(product=product, location=DEFAULT_LOCATION, items=items, actor="bench")


def _crowd(
    places: Places, effort: Effort, name: str, content: list[Command], wanted: Load
) -> list[Row]:
    """All servers run during the whole row, each group on a database of its own."""
    rows: list[Row] = []
    with ExitStack() as stack:
        running = {
            count: stack.enter_context(places.shop("postgres", content).server(workers=count))
            for count in (1, *SEVERAL)
        }
        for clients in CLIENTS:
            candidates = {
                _workers(count): partial(_one_round, places, server, wanted, clients)
                for count, server in running.items()
            }
            measures = rotate(candidates, effort.rounds)
            for count in SEVERAL:
                what = f"{count} workers ÷ one, {clients} clients, {name}"
                pair = (_workers(count), _workers(1))
                notes = behind(measures, *pair)
                rows.append(Row(f"{what}: rate", ratios(measures, *pair), RATE, notes=notes))
                rows.append(Row(f"{what}: p99", _latencies(measures, "p99", *pair), P99))
    return rows


def _workers(count: int) -> str:
    return "one process" if count == 1 else f"{count} workers"


def _one_round(places: Places, server: Server, wanted: Load, clients: int) -> Measure:
    database = places.database_pid("postgres")
    return load.run(_aimed(wanted, server.port, clients), server.pid, database)


def _aimed(wanted: Load, port: int, clients: int) -> Load:
    return Load(
        port,
        wanted.path,
        wanted.body,
        connections=clients,
        seconds=wanted.seconds,
        spread=wanted.spread,
        warm_seconds=0.5,
    )


def _latencies(measures: Measures, part: str, name: str, base: str) -> list[float]:
    pairs = zip(measures[name], measures[base], strict=True)
    return [getattr(first, part) / getattr(other, part) for first, other in pairs]


def _lone(places: Places, effort: Effort) -> list[Row]:
    """One client on the first and on the second of two servers, against one server alone."""
    alone, shared = (places.shop("postgres", sample()) for _ in range(2))
    wanted = Load(0, RESERVE, RESERVE_HOT, seconds=effort.seconds)
    with ExitStack() as stack:
        running = {
            "one server": stack.enter_context(alone.server()),
            "first of two": stack.enter_context(shared.server()),
        }
        running["second of two"] = stack.enter_context(shared.server())
        candidates: Mapping[str, partial[Measure]] = {
            name: partial(load.run, _aimed(wanted, server.port, 1), server.pid)
            for name, server in running.items()
        }
        measures = rotate(candidates, effort.rounds)
    return [
        Row(
            f"single client on the {name} ÷ one server: p50",
            _latencies(measures, "p50", name, "one server"),
            LONE,
            notes=behind(measures, name, "one server"),
        )
        for name in ("first of two", "second of two")
    ]
