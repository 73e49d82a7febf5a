"""A snapshot has the whole store at one revision, and the entries after it."""

from fancymonkey.core.rows import ROWS
from fancymonkey.core.state import Rows
from fancymonkey.store.contract import Store
from fancymonkey.store.copy import compare, is_empty
from fancymonkey.store.in_memory.store import MemoryStore
from fancymonkey.store.verify import verify_store
from tests.store.scripts import batches, catalogue, script


async def test_a_frozen_store_does_not_change_while_the_store_does(store: Store) -> None:
    await store.run(catalogue(), 1, 0)
    before = {kind: [row async for row in store.scan(kind)] for kind in ROWS}
    async with store.frozen() as still:
        for commands, now in batches(3, script(3, 100)):
            await store.run(commands, now, 0)
        assert {kind: [row async for row in still.scan(kind)] for kind in ROWS} == before
        entries = [entry async for entry in still.entries()]
    assert [entry.revision for entry in entries] == list(range(1, still.revision + 1))
    assert still.revision < (await store.snapshot()).revision


async def test_later_commits_are_applied(store: Store) -> None:
    """Each batch of a reference, row by row, and the effect of several batches together."""
    source = MemoryStore()
    changed: Rows = {}
    start = 0
    for number, (commands, now) in enumerate([(catalogue(), 1), *batches(7, script(7, 60))]):
        commit = await source.run(commands, now, 0)
        for kind, rows in commit.changed.items():
            changed.setdefault(kind, {}).update(rows)
        if number % 3 == 0:
            await store.apply_commits(changed, source.entries[start:], commit.revision)
            changed, start = {}, commit.revision
    await store.apply_commits(changed, source.entries[start:], len(source.entries))
    assert await compare(source, store) == []
    assert (await verify_store(store)).clean


async def test_a_cleared_store_is_empty_and_can_be_used_again(store: Store) -> None:
    await store.run(catalogue(), 1, 0)
    await store.clear()
    assert await is_empty(store)
    source = MemoryStore()
    commit = await source.run(catalogue(), 1, 0)
    await store.apply_commits(commit.changed, source.entries, commit.revision)
    assert await compare(source, store) == []
