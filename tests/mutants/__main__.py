"""Plants each bug of the table in turn and prints which test catches it.

python -m tests.mutants          the table; ends with 1 if a bug is not caught
python -m tests.mutants WORD     bugs with the word in their name
                       `--quick`  without slow tests and tests with a database
                        --json   for machines
"""

import contextlib
import io
import json
import sys
import time
from dataclasses import asdict, dataclass

import pytest

from tests.mutants.planted import Planted
from tests.mutants.table import PLANTED

SECONDS = 20
"""How long a test may take with a bug: one that hangs is caught as well."""


class Failures:
    """Which tests have failed."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.passed = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.names.append(report.nodeid)
        elif report.passed and report.when == "call":
            self.passed += 1


@dataclass(frozen=True)
class Found:
    """The result of a planted bug; `by` is empty if no test caught it."""

    layer: str
    name: str
    by: str
    seconds: float


def run(tests: list[str]) -> Failures:
    """Runs tests in this process until one fails."""
    failures = Failures()
    told = io.StringIO()
    plugins = ["-p", "no:cacheprovider", "-p", "no:unraisableexception"]
    # A failure is only counted: neither its text nor the values of its assertion are needed.
    options = [
        "-x",
        "-q",
        "--tb=no",
        "--assert=plain",
        *plugins,
        f"--timeout={SECONDS}",
        "--timeout-method=signal",
    ]
    with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
        pytest.main([*options, *tests], plugins=[failures])
    return failures


def tests_of(planted: Planted) -> list[str]:
    """The tests that may catch a bug."""
    return [one if one.startswith("tests/") else f"tests/{one}" for one in planted.test.split()]


def find(planted: Planted) -> Found:
    """Plants a bug and looks for a test that fails."""
    started = time.perf_counter()
    with planted.edit.planted():
        failures = run(tests_of(planted))
    by = failures.names[0] if failures.names else ""
    return Found(planted.layer, planted.name, by, round(time.perf_counter() - started, 2))


def main() -> int:
    """Prints the table."""
    machine = "--json" in sys.argv
    quick = "--quick" in sys.argv
    wanted = [word for word in sys.argv[1:] if not word.startswith("--")]
    rows = [one for one in PLANTED if not wanted or any(word in one.name for word in wanted)]
    found = []
    for planted in rows:
        if quick and planted.slow:
            continue
        one = find(planted)
        found.append(one)
        if not machine:
            by = one.by.removeprefix("tests/") or "NOTHING"
            print(f"{one.layer:12} {one.name:62} {one.seconds:6.2f} s  {by}", flush=True)
    missed = [one for one in found if not one.by]
    if machine:
        print(json.dumps([asdict(one) for one in found]))
    else:
        print(f"{len(found) - len(missed)} of {len(found)} caught")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
