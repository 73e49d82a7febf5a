"""Events for low, out of stock and restocked: tables, and a comparison with a second model."""

import random

import pytest

from fancymonkey.alerts.stock_thresholds import (
    KnownBand,
    SharedBands,
    StockBand,
    StockNow,
    begin,
    cross,
    margin,
)

FINE, LOW, OUT = KnownBand(StockBand.FINE), KnownBand(StockBand.LOW, 5), KnownBand(StockBand.OUT)


@pytest.mark.parametrize(
    ("old", "available", "unsold", "event", "band"),
    [
        (FINE, 6, 6, None, StockBand.FINE),
        (FINE, 5, 6, "stock.low", StockBand.LOW),
        (FINE, 0, 6, "stock.low", StockBand.LOW),  # all of it is in baskets, and may come back
        (FINE, -2, 3, "stock.low", StockBand.LOW),
        (FINE, 0, 0, "stock.out", StockBand.OUT),
        (LOW, 4, 4, None, StockBand.LOW),
        (LOW, 6, 6, None, StockBand.LOW),  # not far enough up
        (LOW, 8, 8, None, StockBand.FINE),
        (LOW, 0, 0, "stock.out", StockBand.OUT),
        (OUT, 0, 0, None, StockBand.OUT),
        (OUT, -3, -3, None, StockBand.OUT),
        (OUT, 1, 1, "stock.restocked", StockBand.LOW),
        (OUT, 50, 50, "stock.restocked", StockBand.FINE),
        (OUT, 0, 4, "stock.restocked", StockBand.LOW),
        (KnownBand(StockBand.FINE, 6), 5, 6, None, StockBand.LOW),  # these units were reported
        (KnownBand(StockBand.FINE, 7), 5, 6, "stock.low", StockBand.LOW),
    ],
)
def test_reported_events(
    old: KnownBand, available: int, unsold: int, event: str | None, band: StockBand
) -> None:
    new, word = cross(old, StockNow(available, unsold, 5))
    assert (word, new.band) == (event, band)


def test_a_new_size_is_not_reported() -> None:
    assert begin(StockNow(0, 0, 5)).band is StockBand.OUT
    assert begin(StockNow(3, 3, 5)).band is StockBand.LOW
    assert begin(StockNow(30, 30, 5)).band is StockBand.FINE


def test_without_a_threshold_nothing_is_low() -> None:
    assert cross(FINE, StockNow(1, 1, 0)) == (FINE, None)
    assert cross(FINE, StockNow(0, 4, 0)) == (FINE, None)
    assert cross(FINE, StockNow(0, 0, 0))[1] == "stock.out"


@pytest.mark.parametrize("held", [1, 2, 5, 14, 20])
def test_a_hundred_short_holds_are_reported_once(held: int) -> None:
    watched, events = begin(StockNow(20, 20, 8)), []
    for _ in range(100):
        for available in (20 - held, 20):
            watched, word = cross(watched, StockNow(available, 20, 8))
            events += [word] if word else []
    assert events == (["stock.low"] if held >= 12 else [])


def test_low_is_reported_again_for_fewer_units() -> None:
    watched, word = cross(begin(StockNow(14, 14, 5)), StockNow(4, 14, 5))
    assert word == "stock.low"
    watched, word = cross(watched, StockNow(14, 14, 5))
    assert word is None
    for left in (13, 10, 7, 6):
        watched, word = cross(watched, StockNow(left, left, 5))
        assert word is None
    assert cross(watched, StockNow(5, 5, 5))[1] == "stock.low"


def test_low_is_reported_again_after_a_receipt_and_sales() -> None:
    watched, words = begin(StockNow(20, 20, 5)), []
    for left in (4, 20, 4, 20, 4):
        watched, word = cross(watched, StockNow(left, left, 5))
        words.append(word)
    assert words == ["stock.low", None, "stock.low", None, "stock.low"]


@pytest.mark.parametrize("seed", range(200))
def test_any_history_keeps_the_invariants(seed: int) -> None:
    """The model has the states and the numbers, without the bands."""
    chance = random.Random(seed)
    threshold = chance.choice([1, 2, 5, 10])
    unsold, held = chance.randint(0, 30), 0
    watched = begin(StockNow(unsold, unsold, threshold))
    history = [(unsold, 0, None)]
    for _ in range(300):
        what = chance.choice(["hold", "drop", "pay", "pay", "receive", "count"])
        if what == "hold":
            held += chance.randint(0, max(0, unsold - held))
        elif what == "drop":
            held -= chance.randint(0, held)
        elif what == "pay":
            paid = chance.randint(0, held)
            held, unsold = held - paid, unsold - paid
        elif what == "receive" and chance.random() < 0.2:
            unsold += chance.randint(1, 30)
        elif what == "count" and chance.random() < 0.2:
            unsold = chance.randint(0, 20)
            held = min(held, unsold)
        watched, word = cross(watched, StockNow(unsold - held, unsold, threshold))
        history.append((unsold, held, word))
    _promises(history, threshold)


def _promises(history: list[tuple[int, int, str | None]], threshold: int) -> None:
    out = history[0][0] == 0
    lows: list[int] = []  # unsold at each report of low since the last restock or the beginning
    peak, told_low = 0, history[0][0] <= threshold
    last_low = history[0][0] if told_low else None  # until the units on the shelf are others
    for unsold, held, word in history[1:]:
        available = unsold - held
        # Out and restocked alternate, and each is reported at once.
        assert (word == "stock.out") == (unsold == 0 and not out)
        assert (word == "stock.restocked") == (unsold > 0 and out)
        out = unsold == 0
        if word == "stock.low":
            assert unsold > 0
            assert available <= threshold
            # Between two times it was well above, and other units are left.
            assert not told_low or peak >= threshold + margin(threshold)
            assert last_low is None or last_low != unsold
            lows.append(unsold)
        if word == "stock.low" or (word == "stock.restocked" and available <= threshold):
            told_low, peak, last_low = True, 0, unsold
        elif word in ("stock.restocked", "stock.out"):
            told_low, peak, last_low = False, 0, None
        peak = max(peak, available)
        if unsold != last_low:
            last_low = None
        if word is None and not out and available <= threshold:
            # A low size was reported: as low, or as restocked with few units.
            assert told_low


def test_equal_statuses_are_one_object() -> None:
    shared = SharedBands()
    bands = [shared.of(begin(StockNow(units, units, 5))) for units in (9, 8, 0, 0, 3, 3, 4)]
    assert bands == [begin(StockNow(units, units, 5)) for units in (9, 8, 0, 0, 3, 3, 4)]
    assert len({id(band) for band in bands}) == 4
