"""The list of slow tests names tests that exist, so that a renamed one does not become fast."""

import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LISTED = (ROOT / "tests" / "slow.txt").read_text(encoding="utf-8").split()


@cache
def functions(path: str) -> frozenset[str]:
    file = ROOT / path
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    return frozenset(re.findall(r"^(?:async )?def (test_\w+)", text, re.MULTILINE))


def test_listed_tests_exist_and_are_in_order() -> None:
    missing = [row for row in LISTED if row.partition("::")[2] not in functions(row.split("::")[0])]
    assert not missing, f"run scripts/slow_tests.py: {missing}"
    assert sorted(set(LISTED)) == LISTED


def test_each_listed_test_is_marked(request: pytest.FixtureRequest) -> None:
    tests = {item.nodeid.partition("[")[0]: item for item in request.session.items}
    for row in LISTED:
        assert row not in tests or tests[row].get_closest_marker("slow"), row
