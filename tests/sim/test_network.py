"""Random days of locations, transfers, orders and bundles, compared with the second model.

`python -m tests.sim.test_network` prints which check finds which planted bug.
"""

import asyncio
import os

import pytest

from fancymonkey.store.in_memory.store import MemoryStore
from fancymonkey.store.open import open_store
from tests.sim.mutants import Mutant
from tests.sim.network_mutants import BUNDLES, LOCATIONS
from tests.sim.network_steps import Day
from tests.sim.run import Violation
from tests.store.conftest import target

__all__ = ["target"]

SEEDS = 40
MUTANTS = [*LOCATIONS, *BUNDLES]


DAYS = int(os.environ.get("SIM_NETWORK_DAYS", "20"))


@pytest.mark.parametrize("first", range(0, DAYS, 5))
async def test_a_day_in_several_locations_breaks_nothing(first: int) -> None:
    for seed in range(first, first + 5):
        await Day(MemoryStore(), seed).run()


async def test_most_kinds_of_steps_have_an_effect() -> None:
    days = [Day(MemoryStore(), seed) for seed in range(200, 212)]
    for day in days:
        await day.run()
    models = [day.model for day in days]
    orders = [order for model in models for order in model.orders.values()]
    assert sum(day.refused for day in days) > 20
    assert {order.later for order in orders} == {False, True}
    for field in ("shipped", "cancelled", "returned"):
        assert any(order.total(sku, field) for order in orders for sku in ("x", "y", "z"))
    assert sum(row.received for model in models for row in model.transfers.values()) > 4
    assert all(sum(model.kits[kit].sold for model in models) for kit in models[0].kits)


async def test_every_store_ends_the_day_like_the_reference(target: str) -> None:
    reference, day = Day(MemoryStore(), 101), Day(open_store(target), 101)
    await reference.run(60)
    await day.run(60)
    assert len(reference.rows) > 20
    assert day.rows == reference.rows


async def noticed(mutant: Mutant) -> str:
    """The finding with a planted bug; empty if there is none."""
    with mutant.planted():
        for seed in range(SEEDS):
            try:
                await Day(MemoryStore(), seed).run()
            except Violation as finding:
                return str(finding)
            except Exception as error:  # an invariant of the ledger, or a command that fails
                return f"seed {seed}: {error!r}"
    return ""


@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS, ids=[mutant.name for mutant in MUTANTS])
async def test_a_planted_bug_is_found(mutant: Mutant) -> None:
    assert await noticed(mutant), f"{SEEDS} days did not notice: {mutant.name}"


if __name__ == "__main__":
    for planted in MUTANTS:
        print(f"{planted.name:66} {asyncio.run(noticed(planted))[:110] or 'NOTHING'}", flush=True)
