"""Every planted bug is caught by its test, in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.mutants.planted import Planted
from tests.mutants.table import PLANTED

ROOT = Path(__file__).parents[2]
QUICK = [planted for planted in PLANTED if not planted.slow]
SECONDS = 180


@pytest.fixture(scope="module")
def found() -> dict[str, dict[str, Any]]:
    """What became of each quick one, by its name."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.mutants", "--json", "--quick"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    assert done.stdout.startswith("["), done.stderr
    return {row["name"]: row for row in json.loads(done.stdout)}


@pytest.mark.parametrize("planted", QUICK, ids=[planted.name for planted in QUICK])
def test_it_is_caught(planted: Planted, found: dict[str, dict[str, Any]]) -> None:
    assert found[planted.name]["by"], f"nothing noticed: {planted.name}"


def test_each_has_a_name_of_its_own_and_a_text_to_change() -> None:
    assert len({planted.name for planted in PLANTED}) == len(PLANTED)
    for planted in PLANTED:
        with planted.edit.planted():
            pass
