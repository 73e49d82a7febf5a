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
"""The longest time of a test with a bug: a bug that makes it hang is caught as well."""


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
    output = io.StringIO()
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
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        pytest.main([*options, *tests], plugins=[failures])
    return failures


def tests_of(planted: Planted) -> list[str]:
    """The tests that may catch a bug."""
    return [test if test.startswith("tests/") else f"tests/{test}" for test in planted.test.split()]


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
    rows = [
        mutant for mutant in PLANTED if not wanted or any(word in mutant.name for word in wanted)
    ]
    results = []
    for planted in rows:
        if quick and planted.slow:
            continue
        result = find(planted)
        results.append(result)
        if not machine:
            by = result.by.removeprefix("tests/") or "NOTHING"
            print(f"{result.layer:12} {result.name:62} {result.seconds:6.2f} s  {by}", flush=True)
    missed = [result for result in results if not result.by]
    if machine:
        print(json.dumps([asdict(result) for result in results]))
    else:
        print(f"{len(results) - len(missed)} of {len(results)} caught")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
