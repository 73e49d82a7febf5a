"""`evolve`, the only function that changes a quantity, refuses every broken invariant."""

from dataclasses import replace

import pytest

from fancymonkey.core.ledger import InvariantBroken, evolve
from fancymonkey.core.model import Entry, Kind, Level

LEVEL = Level("a/M", "main", on_hand=5, reserved=2)
TAKEN = Entry(
    revision=7,
    at=9,
    kind=Kind.RESERVED,
    sku="a/M",
    location="main",
    reserved=1,
    on_hand_after=5,
    reserved_after=3,
)


def test_an_entry_that_fits_is_applied() -> None:
    after = evolve(LEVEL, TAKEN)
    assert (after.on_hand, after.reserved, after.available, after.updated_at) == (5, 3, 2, 9)


BROKEN = {
    "fewer than none on hand": {"on_hand": -6, "on_hand_after": -1},
    "fewer than none reserved": {"reserved": -3, "reserved_after": -1},
    "fewer than none allocated": {"allocated": -1},
    "fewer than none on their way": {"incoming": -1},
    "fewer than none owed": {"backordered": -1},
    "more reserved than there is": {"reserved": 4, "reserved_after": 6},
    "more allocated than there is": {"allocated": 3},
    "a hold that makes short": {"reserved": 4, "reserved_after": 6, "short": 1},
    "short without a reason": {"short": 1},
    "another number on hand afterwards": {"on_hand_after": 6},
    "another number reserved afterwards": {"reserved_after": 2},
}


@pytest.mark.parametrize("name", BROKEN)
def test_impossible_states_are_refused(name: str) -> None:
    with pytest.raises(InvariantBroken, match="entry 7"):
        evolve(LEVEL, replace(TAKEN, **BROKEN[name]))


def test_a_count_below_zero_is_refused_although_its_short_units_fit() -> None:
    below = replace(
        TAKEN,
        kind=Kind.COUNTED,
        on_hand=-6,
        on_hand_after=-1,
        reserved=0,
        reserved_after=2,
        short=3,
    )
    with pytest.raises(InvariantBroken, match="below zero"):
        evolve(LEVEL, below)


MAY_RAISE_SHORT = {
    *(Kind.COUNTED, Kind.ADJUSTED, Kind.SHIPPED, Kind.MOVED, Kind.TRANSFERRED_OUT),
}


def test_only_counts_and_corrections_make_a_level_short() -> None:
    short = replace(TAKEN, reserved=0, reserved_after=2, on_hand=-4, on_hand_after=1, short=1)
    for kind in Kind:
        entry = replace(short, kind=kind)
        if kind in MAY_RAISE_SHORT:
            assert evolve(LEVEL, entry).short == 1
        else:
            with pytest.raises(InvariantBroken):
                evolve(LEVEL, entry)
