"""Each ledger entry names the actor of its command."""

from collections.abc import Callable

import pytest

from fancymonkey.core.command import Command
from fancymonkey.core.holds.attach import Attach
from fancymonkey.core.holds.end import Capture, Release
from fancymonkey.core.holds.reserve import Reserve
from fancymonkey.core.holds.set_reserved import SetReserved
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Line
from fancymonkey.core.stock.adjust import Adjust, Count, Return, SetItem
from tests.core.builders import CoreShop

ME = "somebody@shop.example"


def reserve(quantity: int = 2, actor: str = ME) -> Reserve:
    return Reserve(
        reservation_id="h-1",
        location=DEFAULT_LOCATION,
        session_id="s",
        lines=(Line("a/M", quantity),),
        ttl=60,
        actor=actor,
    )


HELD = [reserve(actor="buyer")]
CASES: dict[str, tuple[list[Command], Command]] = {
    "a hold": ([], reserve()),
    "a larger hold": (HELD, reserve(3)),
    "a smaller hold": (HELD, reserve(1)),
    "a later end": (HELD, Attach(ref="s", session_id="cs", expires_at=10**12, actor=ME)),
    "a hold that is given back": (HELD, Release(ref="s", actor=ME)),
    "a sale": (HELD, Capture(ref="s", payment_id="cs_1", actor=ME)),
    "a late sale": (
        [*HELD, Release(ref="s", actor="buyer")],
        Capture(ref="s", payment_id="cs_1", actor=ME),
    ),
    "a count": ([], Count(sku="a/M", location=DEFAULT_LOCATION, quantity=3, actor=ME)),
    "a correction": ([], Adjust(sku="a/M", location=DEFAULT_LOCATION, delta=-1, actor=ME)),
    "a switch": ([], SetItem(sku="a/M", location=DEFAULT_LOCATION, sold_out=True, actor=ME)),
    "an owner's hold": (
        [],
        SetReserved(sku="a/M", location=DEFAULT_LOCATION, quantity=1, actor=ME),
    ),
    "a return": (
        [*HELD, Capture(ref="s", payment_id="cs_1", actor="stripe")],
        Return(sku="a/M", location=DEFAULT_LOCATION, quantity=1, reason="came back", actor=ME),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_each_entry_names_its_actor(name: str) -> None:
    before, command = CASES[name]
    shop = CoreShop()
    run: Callable[[Command], object] = shop.do
    for earlier in before:
        run(earlier)
    known = len(shop.entries)
    run(command)
    made = shop.entries[known:]
    assert made, "nothing was written"
    assert {entry.actor for entry in made} == {ME}
