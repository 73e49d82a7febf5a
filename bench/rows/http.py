"""Over HTTP: the real server on each store, against a no-op of the same server."""

import json
import os
import sys
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from bench import load
from bench.apps import NOOP, NOOP_ASGI, TYPED
from bench.baselines import Pgbench
from bench.load import Load
from bench.rounds import Measure, behind, ratios, rotate
from bench.settings import Effort
from bench.shops import RESERVE_HOT, Places, sample
from bench.table import Bar, Row
from tests.support.server import Server

RESERVE = "/api/inventory/reserve"
GET = "/api/inventory/get"
CONNECTIONS = (64, 256)
BARS = {"json": 0.6, "sqlite": 0.4, "postgres": 0.45}
NOOP_BAR = 0.8
"""The share of bare ASGI that a no-op has to reach."""


def reserve(places: Places, effort: Effort) -> list[Row]:
    """Reserve of the hot SKU on each store ÷ no-op, and PostgreSQL ÷ pgbench.

    One no-op uses ASGI, as every other endpoint; the other one uses the same fast path as the
    reserve. The bound counts for both. As a no-op has to reach 0.8 of bare ASGI (see `hot`), a
    reserve has to reach the product of the two for either no-op.
    """
    rows = []
    pgbench = Pgbench(places.postgres) if "postgres" in places.stores else None
    with ExitStack() as stack:
        noop = stack.enter_context(bench_server(places, "noop"))
        bare = stack.enter_context(bench_server(places, "bare"))
        servers = {
            name: stack.enter_context(places.shop(name, sample()).server())
            for name in places.stores
        }
        for connections in CONNECTIONS:
            candidates = {
                "no-op": calls(noop, NOOP, effort, connections),
                "no-op by ASGI": calls(noop, NOOP_ASGI, effort, connections),
                "bare ASGI": calls(bare, NOOP, effort, connections),
            }
            for name, server in servers.items():
                database = places.database_pid(name)
                candidates[name] = calls(server, RESERVE, effort, connections, database)
            if pgbench is not None and connections == CONNECTIONS[0]:
                candidates["pgbench"] = partial(pgbench.measure, connections, effort.seconds)
            measures = rotate(candidates, effort.rounds)
            for name in places.stores:
                what = f"HTTP reserve, hot SKU, {connections} connections: {name}"
                for base, part in (("no-op by ASGI", 1), ("no-op", 1), ("bare ASGI", NOOP_BAR)):
                    rows.append(
                        Row(
                            f"{what} ÷ {base}",
                            ratios(measures, name, base),
                            Bar(round(BARS[name] * part, 2)),
                            notes=behind(measures, name, base),
                        )
                    )
            if "pgbench" in measures:
                rows.append(
                    Row(
                        f"HTTP reserve, {connections} connections: postgres ÷ pgbench transaction",
                        ratios(measures, "postgres", "pgbench"),
                        Bar(8),
                        notes=behind(measures, "pgbench"),
                    )
                )
    return rows


def hot(places: Places, effort: Effort) -> list[Row]:
    """The cost of our own routing: no-op ÷ bare ASGI, and reserve ÷ the same as a typed route."""
    with bench_server(places, "noop") as shop, bench_server(places, "bare") as bare:
        measures = rotate(
            {
                "no-op by ASGI": calls(shop, NOOP_ASGI, effort),
                "no-op": calls(shop, NOOP, effort),
                "bare ASGI": calls(bare, NOOP, effort),
                "reserve": calls(shop, RESERVE, effort),
                "typed route": calls(shop, TYPED, effort),
            },
            effort.rounds,
        )
    return [
        Row(
            "hot endpoints: no-op by ASGI ÷ bare ASGI on the same server",
            ratios(measures, "no-op by ASGI", "bare ASGI"),
            Bar(NOOP_BAR),
            notes=behind(measures, "no-op by ASGI", "bare ASGI"),
        ),
        Row(
            "hot endpoints: no-op ÷ bare ASGI on the same server",
            ratios(measures, "no-op", "bare ASGI"),
            Bar(NOOP_BAR),
            notes=behind(measures, "no-op"),
        ),
        Row(
            "hot endpoints: reserve ÷ the same as a typed FastAPI route (JSON store)",
            ratios(measures, "reserve", "typed route"),
            Bar(2.5),
            notes=behind(measures, "reserve", "typed route"),
        ),
    ]


def get(places: Places, effort: Effort) -> list[Row]:
    """`get` of 16 products, whole and as 304, ÷ no-op of the same process."""
    with bench_server(places, "noop") as server:
        with urllib.request.urlopen(server.url + GET) as answer:
            tag = answer.headers["etag"]
            assert len(json.load(answer)["inventory"]) == 16
        unchanged = {"If-None-Match": tag}
        measures = rotate(
            {
                "no-op": calls(server, NOOP, effort),
                "get": reads(server, effort),
                "304": reads(server, effort, unchanged),
            },
            effort.rounds,
        )
    return [
        Row(
            "HTTP get of 16 products ÷ no-op",
            ratios(measures, "get", "no-op"),
            Bar(0.8),
            notes=behind(measures, "get", "no-op"),
        ),
        Row(
            "HTTP get, 304 ÷ the whole answer",
            ratios(measures, "304", "get"),
            Bar(1.0),
            notes=behind(measures, "304"),
        ),
    ]


def client(places: Places, effort: Effort) -> list[Row]:
    """Whether the load itself is fast enough: its share of a core at the best rate of bare ASGI."""
    with bench_server(places, "bare") as server:
        shares, notes = [], []
        for _ in range(effort.rounds):
            with load.Running(_load(server, NOOP, effort, 64)) as running:
                running.wait_warm()
                running.wait_over()
                report = running.report()
            seconds = (report.ended - report.started) / 1e9
            shares.append(report.client_cpu / seconds)
            each = report.client_cpu / len(report.done) * 1e6
            notes.append(f"{report.measure()}; the load's own CPU {each:.0f} µs each")
    return [Row("the load's own share of a core, against bare ASGI", shares, None, "cores", notes)]


def bench_server(places: Places, kind: str) -> Server:
    """A server of `bench.apps`, on the JSON store with the sample catalogue."""
    program = (sys.executable, "-m", "bench.apps", kind)
    root = Path(__file__).parents[2]
    path = os.pathsep.join([str(root), str(root / "src")])
    return places.shop("json", sample()).server(program=program, env={"PYTHONPATH": path})


def _load(
    server: Server, path: str, effort: Effort, connections: int, body: str = RESERVE_HOT
) -> Load:
    return Load(server.port, path, body, connections=connections, seconds=effort.seconds)


def calls(
    server: Server, path: str, effort: Effort, connections: int = 64, database: int | None = None
) -> Callable[[], Measure]:
    """A candidate that posts the reserve of the hot SKU to a path."""
    wanted = _load(server, path, effort, connections)
    return lambda: load.run(wanted, server.pid, database)


def reads(
    server: Server, effort: Effort, headers: dict[str, str] | None = None
) -> Callable[[], Measure]:
    """A candidate that gets the whole inventory."""
    wanted = Load(server.port, GET, method="GET", headers=headers or {}, seconds=effort.seconds)
    return lambda: load.run(wanted, server.pid)
