"""The real sales of a shop over HTTP: the sold units equal the file, on every store."""

import os
import random
from collections import Counter
from pathlib import Path

import pytest

from bench.replay import replay
from bench.retail import LINES_MAX, baskets, read
from bench.shops import Places

CUT = Path(__file__).parents[2] / "examples" / "online_retail_cut.csv"
FILE = Path(os.environ.get("CRASH_FILE", CUT))
"""The replayed sales: an extract, or a whole year in the same columns."""


@pytest.mark.crash
def test_a_shops_sales_are_sold_again(places: Places, name: str) -> None:
    history = read(FILE)
    result = replay(places, name, history, ttl=2)
    assert result.entries > sum(result.counts[fate] for fate in ("paid", "twice", "late"))
    assert all(result.counts[fate] for fate in ("paid", "twice", "late", "released", "expired"))


def test_a_days_baskets_are_its_sales() -> None:
    chance = random.Random(1)
    for day in read(CUT).days:
        units: Counter[str] = Counter()
        orders: Counter[str] = Counter()
        for basket in baskets(day, chance):
            assert 1 <= len(basket) <= LINES_MAX
            assert min(basket.values()) > 0
            units.update(basket)
            orders.update(basket.keys())
        assert units == day.units
        assert orders == day.orders


def test_the_cut_matches_its_note() -> None:
    history = read(CUT)
    assert len(history.prices) == 25
    assert len(history.days) == 60
    assert (history.days[0].date, history.days[-1].date) == ("2010-12-01", "2011-02-18")
    assert sum(history.sold().values()) == 10_488
