"""Sold units by hour."""

import pytest

from fancymonkey.core.holds.end import Capture
from fancymonkey.engine.demand.sales_history import SalesHistory
from fancymonkey.engine.demand.turned_away import HOUR
from fancymonkey.errors import StoreUnavailable
from tests.core.builders import take
from tests.engine.stores import down, opened
from tests.sim.loop import simulate


def test_a_look_further_back_that_fails_loses_nothing() -> None:
    async def work() -> None:
        async with opened() as (engine, store):
            await engine.submit(take("s1", a_M=2))
            await engine.submit(Capture(ref="s1"))
            hour = engine.clock() // HOUR
            sales = SalesHistory(engine)
            hours = await sales.since(hour - 7)
            assert [sales_of_hour.sold for sales_of_hour in hours.values()] == [2]
            store.fail_reads = [down()]
            with pytest.raises(StoreUnavailable):
                await sales.since(hour - 30)
            assert await sales.since(hour - 7) == hours

    simulate(work)
