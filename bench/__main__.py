"""`python -m bench [ROW…] [--quick]`: measures the rows named, or all, and prints the table."""

import argparse
import sys
import time
from collections.abc import Callable

from bench.rows import (
    bulk,
    bundle_feed,
    crowd,
    ended,
    engine,
    http,
    locations,
    lone,
    servers,
    size,
    workers,
)
from bench.settings import FULL, QUICK, Effort
from bench.shops import STORES, Places
from bench.table import Row, markdown

ROWS: dict[str, Callable[[Places, Effort], list[Row]]] = {
    "engine": engine.engine,
    "reserve": http.reserve,
    "hot": http.hot,
    "get": http.get,
    "lone": lone.lone,
    "bulk": bulk.bulk,
    "bundle": locations.bundle,
    "bundle-feed": bundle_feed.bundle_feed,
    "routed": locations.routed,
    "second-location": locations.second_location,
    "memory": size.memory,
    "ended": ended.ended,
    "workers": workers.workers,
    "servers": servers.servers,
    "growth": size.growth,
    "crowd": crowd.crowd,
    "client": http.client,
}
"""Every measurement, by the name that the command line takes."""


def main() -> int:
    """Measures and prints; returns 1 if a bound is not kept."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"of {', '.join(ROWS)}")
    parser.add_argument("--quick", action="store_true", help="short measurements, smaller shops")
    parser.add_argument(
        "--store", action="append", choices=STORES, help="only this one (again: two)"
    )
    given = parser.parse_args()
    unknown = set(given.rows) - set(ROWS)
    if unknown:
        parser.error(f"no such row: {', '.join(sorted(unknown))}; there are {', '.join(ROWS)}")
    rows: list[Row] = []
    with Places(given.store or STORES) as shops:
        for name in given.rows or ROWS:
            started = time.monotonic()
            print(f"{name} …", end=" ", file=sys.stderr, flush=True)
            rows += ROWS[name](shops, QUICK if given.quick else FULL)
            print(f"{time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    print(markdown(rows))
    return int(any(row.verdict == "UNDER" for row in rows))


if __name__ == "__main__":
    sys.exit(main())
