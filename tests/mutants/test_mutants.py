"""Every planted bug is caught by its test, in a process of its own."""

import json
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.mutants.planted import Planted
from tests.mutants.table import PLANTED

ROOT = Path(__file__).parents[2]
QUICK = [planted for planted in PLANTED if not planted.slow]
SECONDS = 540
"""Long enough for a busy machine; the limit is `CPU_SECONDS`."""
CPU_SECONDS = 60

pytestmark = [pytest.mark.slow, pytest.mark.timeout(SECONDS + 30)]


def cpu_of_children() -> float:
    """Seconds that the processes which have ended took."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.fixture(scope="module")
def results() -> dict[str, dict[str, Any]]:
    """The result of each planted bug by its name; `cpu` has the CPU seconds of all of them."""
    before = cpu_of_children()
    done = subprocess.run(
        [sys.executable, "-m", "tests.mutants", "--json", "--quick"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    assert done.stdout.startswith("["), done.stderr
    rows = {row["name"]: row for row in json.loads(done.stdout)}
    return {**rows, "cpu": {"seconds": cpu_of_children() - before}}


@pytest.mark.parametrize("planted", QUICK, ids=[planted.name for planted in QUICK])
def test_it_is_caught(planted: Planted, results: dict[str, dict[str, Any]]) -> None:
    assert results[planted.name]["by"], f"nothing noticed: {planted.name}"


def test_all_of_them_take_a_minute_of_cpu_at_most(results: dict[str, dict[str, Any]]) -> None:
    assert results["cpu"]["seconds"] <= CPU_SECONDS


def test_each_has_a_name_of_its_own_and_a_text_to_change() -> None:
    assert len({planted.name for planted in PLANTED}) == len(PLANTED)
    for planted in PLANTED:
        with planted.edit.planted():
            pass
