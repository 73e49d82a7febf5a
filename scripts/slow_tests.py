"""Makes tests/slow.txt from measured times: the tests that `make test-fast` leaves out.

    make test-fast JOBS=0 PYTEST_ARGS='-m "not postgres and not browser" --junitxml=times.xml'
    .venv/bin/python scripts/slow_tests.py times.xml

A test is slow if a typical case of it takes CASE_SECONDS, or all its cases TABLE_SECONDS together.
"""

import sys
from collections import defaultdict
from pathlib import Path
from statistics import median
from xml.etree import ElementTree

ROOT = Path(__file__).parents[1]
LIST = ROOT / "tests" / "slow.txt"

CASE_SECONDS = 0.04
TABLE_SECONDS = 0.4


def main() -> None:
    """Writes the list, and prints how much time the other tests took."""
    times: dict[str, list[float]] = defaultdict(list)
    for case in ElementTree.parse(sys.argv[1]).iter("testcase"):
        name = case.get("name", "").partition("[")[0]
        path = case.get("classname", "").replace(".", "/")
        times[f"{path}.py::{name}"].append(float(case.get("time", "0")))
    slow = {
        test
        for test, cases in times.items()
        if median(cases) >= CASE_SECONDS or sum(cases) >= TABLE_SECONDS
    }
    LIST.write_text("".join(f"{test}\n" for test in sorted(slow)), encoding="utf-8")
    left = [cases for test, cases in times.items() if test not in slow]
    print(f"{len(slow)} of {len(times)} tests are slow; the cases of the others: ", end="")
    print(f"{sum(map(len, left))} in {sum(map(sum, left)):.0f} s")


if __name__ == "__main__":
    main()
