"""One version of the service in a comparison; `compare.py` runs this file once for each version.

`bench` and `fancymonkey` are those of the measured version, so this file uses only what every
version has. It prints `ready`, and then one measure (JSON) for each line that it reads.
"""

import dataclasses
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvloop

from bench.apps import NOOP, NOOP_ASGI
from bench.load import Load, run
from bench.rounds import Measure
from bench.rows.engine import reserves
from bench.shops import HOT, RESERVE_HOT, Places, sample
from fancymonkey.core.model import sku_of
from tests.support.server import PROGRAM, Server

RESERVE = "/api/inventory/reserve"
GET = "/api/inventory/get"


@contextmanager
def work(places: Places, name: str, store: str, seconds: float) -> Iterator[Callable[[], Measure]]:
    """The measurement of this name, while everything runs that it needs."""
    shop = places.shop(store, sample())
    database = places.database_pid(store)
    if name == "engine":
        yield lambda: uvloop.run(reserves(shop, [sku_of(*HOT)], 64, seconds, database))
        return
    with _server(shop, "noop" if name.startswith("no-op") else None) as server:
        load = _load(name, server.port, seconds)
        yield lambda: run(load, server.pid, database)


def _server(shop: Any, kind: str | None) -> Server:
    program = PROGRAM if kind is None else (sys.executable, "-m", "bench.apps", kind)
    server: Server = shop.server(program=program, env={"PYTHONPATH": os.environ["PYTHONPATH"]})
    return server


def _load(name: str, port: int, seconds: float) -> Load:
    match name:
        case "reserve" | "lone":
            connections = 64 if name == "reserve" else 1
            return Load(port, RESERVE, RESERVE_HOT, connections=connections, seconds=seconds)
        case "get":
            return Load(port, GET, method="GET", seconds=seconds)
        case "no-op" | "no-op by ASGI":
            path = NOOP if name == "no-op" else NOOP_ASGI
            return Load(port, path, RESERVE_HOT, seconds=seconds)
    raise ValueError(f"no measurement is called {name}")


def main(name: str, store: str, seconds: str) -> None:
    """Measures once for each line."""
    with Places([store]) as places, work(places, name, store, float(seconds)) as measure:
        print("ready", flush=True)
        for _ in sys.stdin:
            print(json.dumps(dataclasses.asdict(measure())), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
