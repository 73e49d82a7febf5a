"""`python -m bench.compare CHECKOUT [ROW…]`: this version against the one of another checkout.

Both run side by side, on one store each, and take turns: in every round each is measured once by
the same load, and every round begins with the other one. Ratios above 1: this version is faster.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from bench import candidate
from bench.rounds import Measure, Measures, behind, ratios, rotate
from bench.shops import STORES
from bench.table import Bar, Row, markdown

ROWS = {
    "engine": ["engine"],
    "reserve": ["reserve"],
    "hot": ["no-op", "no-op by ASGI"],
    "get": ["get"],
    "lone": ["lone"],
}
"""The measurements of each row."""

BAR = Bar(0.97)
THIS, OTHER = "this version", "the other"


class Candidate:
    """A version under measurement, in a process of its own."""

    def __init__(self, checkout: Path, name: str, store: str, seconds: float) -> None:
        path = os.pathsep.join([str(checkout), str(checkout / "src")])
        self._process = subprocess.Popen(
            [sys.executable, "-P", candidate.__file__, name, store, str(seconds)],
            cwd=checkout,
            env={**os.environ, "PYTHONPATH": path},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        if self._line() != "ready\n":
            raise RuntimeError("the version could not be started; its process says why")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(60)

    def measure(self) -> Measure:
        """Measures once."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return Measure(**json.loads(self._line()))

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


def compare(other: Path, name: str, store: str, rounds: int, seconds: float) -> list[Row]:
    """The rows of one measurement on one store."""
    with ExitStack() as stack:
        candidates: dict[str, Callable[[], Measure]] = {}
        for label, checkout in ((THIS, Path(__file__).parents[1]), (OTHER, other)):
            version = stack.enter_context(Candidate(checkout, name, store, seconds))
            candidates[label] = version.measure
        measures = rotate(candidates, rounds)
    what = f"{name}, {store}: {THIS} ÷ {OTHER}"
    first = ("p50", _latencies(measures)) if name == "lone" else ("rate", _rates(measures))
    return [
        Row(f"{what}, {first[0]}", first[1], BAR, notes=behind(measures, THIS, OTHER)),
        Row(f"{what}, CPU per operation", _costs(measures), BAR),
    ]


def _rates(measures: Measures) -> list[float]:
    return ratios(measures, THIS, OTHER)


def _latencies(measures: Measures) -> list[float]:
    pairs = zip(measures[THIS], measures[OTHER], strict=True)
    return [old.p50 / new.p50 for new, old in pairs]


def _costs(measures: Measures) -> list[float]:
    pairs = zip(measures[THIS], measures[OTHER], strict=True)
    return [_cpu(old) / _cpu(new) for new, old in pairs]


def _cpu(measure: Measure) -> float:
    return measure.server_cpu + measure.database_cpu


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures and prints the table; returns 1 if a ratio is below the bound."""
    parser = argparse.ArgumentParser(prog="python -m bench.compare", description=__doc__)
    parser.add_argument("checkout", type=Path, help="the folder of the other version")
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"of {', '.join(ROWS)}")
    parser.add_argument("--store", action="append", choices=STORES, help="default: json")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each measurement")
    options = parser.parse_args(arguments)
    unknown = set(options.rows) - set(ROWS)
    if unknown:
        parser.error(f"unknown rows: {', '.join(sorted(unknown))}")
    table: list[Row] = []
    for row in options.rows or ROWS:
        for name in ROWS[row]:
            for store in options.store or ["json"]:
                print(f"{name}, {store} …", file=sys.stderr, flush=True)
                table += compare(
                    options.checkout.resolve(), name, store, options.rounds, options.seconds
                )
    print(markdown(table))
    return int(any(row.verdict == "UNDER" for row in table))


if __name__ == "__main__":
    sys.exit(main())
