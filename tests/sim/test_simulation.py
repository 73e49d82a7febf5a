"""The production engine, unchanged, through hundreds of bad days; each is one number.

More of them: SIM_SEEDS=5000 pytest tests/sim/test_simulation.py -n auto
"""

import pytest

from tests.sim.run import run, seeds

CHUNK = 10
QUICK = 4
"""The number of chunks in `make test-fast`; the others take many seconds together."""


def chunks() -> list[object]:
    """The first seed of each chunk."""
    firsts = seeds()[::CHUNK]
    slow = [pytest.param(first, marks=pytest.mark.slow) for first in firsts[QUICK:]]
    return [*firsts[:QUICK], *slow]


@pytest.mark.parametrize("first", chunks())
def test_a_bad_day_breaks_nothing(first: int) -> None:
    for seed in seeds():
        if first <= seed < first + CHUNK:
            run(seed)


def test_the_same_seed_is_the_same_day() -> None:
    days = [run(3) for _ in range(2)]
    assert days[0].db.entries == days[1].db.entries
    assert len(days[0].db.entries) > 50
