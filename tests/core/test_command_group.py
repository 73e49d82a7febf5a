"""Command groups: each command on its own, or all or none."""

import pytest

from fancymonkey.core.execute import CommandGroup, DryRun
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.outcomes import Accepted, Code, Refused
from fancymonkey.core.stock.adjust import Adjust, Count
from fancymonkey.store.in_memory.store import MemoryStore
from tests.store.scripts import upsert

GOOD, BAD = (
    Count(sku="prod_a/M", location=DEFAULT_LOCATION, quantity=3),
    Adjust(sku="prod_a/S", location=DEFAULT_LOCATION, delta=-99),
)


async def shop() -> MemoryStore:
    store = MemoryStore()
    await store.run([upsert("prod_a")], 0, 0)
    return store


async def test_each_on_its_own_keeps_what_succeeds() -> None:
    store = await shop()
    (answer,) = (await store.run([CommandGroup(commands=(GOOD, BAD))], 1, 0)).answers
    assert isinstance(answer, Accepted)
    assert [type(row) for row in answer.data.rows] == [Accepted, Refused]
    assert store.entries[-1].on_hand_after == 3


@pytest.mark.parametrize("commands", [(GOOD, BAD, GOOD), (BAD, GOOD)])
async def test_all_or_nothing_leaves_no_trace_of_a_refusal(commands: tuple[Count, ...]) -> None:
    store = await shop()
    before, entries = await store.snapshot(), list(store.entries)
    whole = CommandGroup(commands=commands, all_or_nothing=True, command_id="k", digest="d")
    for command in (DryRun(command=whole), whole):
        (answer,) = (await store.run([command], 1, 0)).answers
        assert isinstance(answer, Refused)
        assert answer.code is Code.BELOW_ZERO
        assert len(answer.detail.rows) == len(commands)
        assert await store.snapshot() == before
        assert store.entries == entries
    # A refusal is not stored under its id.
    good = CommandGroup(commands=(GOOD,), all_or_nothing=True, command_id="k", digest="d")
    (answer,) = (await store.run([good], 1, 0)).answers
    assert isinstance(answer, Accepted)
    assert not answer.replayed


async def test_all_or_nothing_does_all_where_none_is_refused() -> None:
    store = await shop()
    more = Adjust(sku="prod_a/S", location=DEFAULT_LOCATION, delta=5)
    (answer,) = (
        await store.run([CommandGroup(commands=(GOOD, more), all_or_nothing=True)], 1, 0)
    ).answers
    assert isinstance(answer, Accepted)
    assert answer.data.revision == store.image.revision == len(store.entries)
    assert [entry.on_hand_after for entry in store.entries[-2:]] == [3, 15]
