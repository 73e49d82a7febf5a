"""Commits as messages to other servers: nothing is lost on the way, and fewer show the same."""

from dataclasses import replace
from itertools import pairwise
from random import Random

import msgspec
import pytest

from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Entry, Kind, Level
from fancymonkey.core.stock.adjust import Count
from fancymonkey.engine.cluster.codec import pack_commit, sends_levels, unpack_commit
from fancymonkey.engine.cluster.unread_peers import merged
from fancymonkey.engine.view.view import View
from fancymonkey.store.contract import Commit
from fancymonkey.store.in_memory.store import MemoryStore
from tests.core.builders import upsert
from tests.store.scripts import batches, catalogue, script

SEEDS = range(5)


async def commits(seed: int) -> tuple[MemoryStore, list[Commit]]:
    """A store with a catalogue, and the commits of a shop's day; a product changes in between."""
    store, made = MemoryStore(), []
    made.append(await store.run(catalogue(), 1, 0))
    for number, (commands, now) in enumerate(batches(seed, script(seed))):
        made.append(await store.run(commands, now, made[-1].revision))
        if number == 5:
            made.append(await store.run([upsert("new")], now, made[-1].revision))
    return store, [commit for commit in made if commit.entries]


@pytest.mark.parametrize("seed", SEEDS)
async def test_a_commit_arrives_as_it_was_sent(seed: int) -> None:
    for sent in (await commits(seed))[1]:
        arrived = unpack_commit(pack_commit(sent))
        assert arrived.entries == sent.entries
        assert (arrived.products, arrived.items) == (sent.products, sent.items)
        assert arrived.revision == sent.revision
        levels = sent.changed.get(Level, {}) if sends_levels(sent) else {}
        assert arrived.changed.get(Level, {}) == levels
        assert arrived.own == (len(sent.entries) if levels else 0)


def entries(count: int) -> list[Entry]:
    return [
        Entry(n + 1, 5, Kind.RESERVED, f"p/{n % 2}", "main", reserved=n % 3) for n in range(count)
    ]


@pytest.mark.parametrize("count", [1, 2, 3, 100])
def test_columns_of_equal_and_of_different_values_arrive(count: int) -> None:
    sent = Commit([], entries(count), count)
    assert unpack_commit(pack_commit(sent)).entries == sent.entries


def test_equal_values_are_sent_once() -> None:
    few, many = (len(pack_commit(Commit([], entries(count), count))) for count in (10, 110))
    assert many - few < 100 * 10


@pytest.mark.parametrize("count", [0, 2, 4, 5])
def test_columns_of_another_length_are_refused(count: int) -> None:
    parts = msgspec.msgpack.decode(pack_commit(Commit([], entries(3), 3)))
    parts[2][2] = count
    with pytest.raises((ValueError, msgspec.DecodeError)):
        unpack_commit(msgspec.msgpack.encode(parts))


@pytest.mark.parametrize("seed", SEEDS)
async def test_merged_commits_show_the_same(seed: int) -> None:
    store, made = await commits(seed)
    chance, views = Random(seed), (View(), View())
    cuts = sorted({0, len(made), *chance.choices(range(len(made)), k=8)})
    for start, end in pairwise(cuts):
        fewer = list(merged(made[start:end]))
        assert [e for c in fewer for e in c.entries] == [
            e for c in made[start:end] for e in c.entries
        ]
        for view, portion in zip(views, (made[start:end], fewer), strict=True):
            for commit in map(unpack_commit, map(pack_commit, portion)):
                if commit.own:
                    view.take(commit.entries, commit.changed[Level])
                else:
                    view.apply(commit.entries)
                view.set_catalogue(commit.products, commit.items)
        single, together = views
        assert together.revision == single.revision
        assert together.levels == single.levels
        assert together.holds == single.holds
        assert together.next_due() == single.next_due()
        assert together.products == single.products
    snapshot = await store.snapshot()
    assert together.levels == {row.key: row for row in snapshot.levels}


async def test_neighbours_that_change_only_stock_become_one() -> None:
    store = MemoryStore()
    made = [await store.run(catalogue(), 1, 0)]
    for number in range(4):
        command = Count(sku="prod_a/M", location=DEFAULT_LOCATION, quantity=number + 1)
        made.append(await store.run([command], number + 2, made[-1].revision))
    made.append(await store.run([upsert("new")], 9, made[-1].revision))
    sizes = [len(commit.entries) for commit in merged(made)]
    assert sizes == [len(made[0].entries), 4, len(made[-1].entries)]
    assert list(merged([])) == []
    assert list(merged(made[1:2])) == made[1:2]
    assert [len(commit.entries) for commit in merged([made[1], *made[3:5]])] == [1, 2]  # a gap
    other = replace(made[2], own=0)  # entries of another server are among them
    assert [len(commit.entries) for commit in merged([made[1], other, made[3]])] == [1, 1, 1]
