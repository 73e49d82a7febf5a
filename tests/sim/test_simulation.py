"""The production engine, unchanged, through hundreds of bad days; each is one number.

More of them: SIM_SEEDS=5000 pytest tests/sim/test_simulation.py -n auto
"""

import pytest

from tests.sim.run import run, seeds

CHUNK = 10


@pytest.mark.parametrize("first", seeds()[::CHUNK])
def test_a_bad_day_breaks_nothing(first: int) -> None:
    for seed in seeds():
        if first <= seed < first + CHUNK:
            run(seed)


def test_the_same_seed_is_the_same_day() -> None:
    days = [run(3) for _ in range(2)]
    assert days[0].db.entries == days[1].db.entries
    assert len(days[0].db.entries) > 50
