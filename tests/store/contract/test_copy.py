"""A copy into any store has every row and entry, or leaves the target empty."""

from collections.abc import AsyncIterator, Hashable
from dataclasses import replace
from pathlib import Path

import pytest

from fancymonkey.core.holds.end import Capture
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Entry, Level, Reservation
from fancymonkey.core.rows import ROWS
from fancymonkey.core.stock.adjust import Count
from fancymonkey.errors import DataError, StoreCorrupt, StoreUnavailable
from fancymonkey.store.contract import R, Store
from fancymonkey.store.copy import compare, copy, is_empty
from fancymonkey.store.in_memory.store import MemoryStore
from fancymonkey.store.open import open_store
from fancymonkey.store.verify import verify_store
from tests.store.scripts import batches, catalogue, script


async def filled(store: Store, seed: int = 5, length: int = 200) -> Store:
    await store.run(catalogue(), 1, 0)
    for commands, now in batches(seed, script(seed, length)):
        await store.run(commands, now, 0)
    return store


async def test_a_copy_is_the_same_there_and_back(store: Store, target: str, tmp_path: Path) -> None:
    """Memory into each store, each store into memory; on disk as well as in the process."""
    source = await filled(MemoryStore())
    copied = await copy(source, store)
    assert copied["reservation"] > 5
    assert copied["entry"] == (await source.snapshot()).revision
    for kind in ROWS:
        assert copied[kind.TABLE] == len([row async for row in source.scan(kind)])
    assert await compare(source, store) == []
    assert (await verify_store(store)).clean
    if target != "memory://":
        await store.close()
        again = open_store(target, read_only=True)
        await again.open(0)
        assert await compare(source, again) == []
        await again.close()
        await store.open(0)
    back = MemoryStore()
    await copy(store, back)
    assert await compare(source, back) == []
    # The copy continues where the source stopped: a copied hold can be paid.
    live = (await store.snapshot()).holds
    assert live
    await store.run([Capture(ref=live[0].reservation_id)], live[0].created_at, 0)
    assert (await verify_store(store)).clean


async def test_a_target_that_is_not_empty_is_not_changed(store: Store) -> None:
    await store.run(catalogue()[:1], 1, 0)
    before = (await store.snapshot()).revision
    with pytest.raises(DataError, match="not empty"):
        await copy(await filled(MemoryStore()), store)
    assert (await store.snapshot()).revision == before


async def test_a_source_changed_during_the_copy_leaves_the_target_empty(store: Store) -> None:
    class Sold(MemoryStore):
        """A user counts a shelf while the rows are read."""

        async def scan(self, kind: type[R], after: Hashable | None = None) -> AsyncIterator[R]:
            async for row in super().scan(kind, after):
                yield row
            if kind is Level:
                await self.run(
                    [Count(sku="prod_a/M", location=DEFAULT_LOCATION, quantity=77)], 2_000_000, 0
                )

    source = Sold()
    await filled(source)
    with pytest.raises(StoreUnavailable, match="Stop every server"):
        await copy(source, store)
    assert await is_empty(store)
    await copy(await filled(MemoryStore()), store)


async def test_a_source_without_its_whole_ledger_is_not_copied(store: Store) -> None:
    source = MemoryStore()
    await filled(source)
    source.entries.pop()
    with pytest.raises(StoreCorrupt, match="has"):
        await copy(source, store)
    assert await is_empty(store)


async def test_progress_ends_with_everything() -> None:
    steps: list[tuple[int, int]] = []
    source = await filled(MemoryStore(), length=4000)
    await copy(source, MemoryStore(), lambda *step: steps.append(step))
    revision = (await source.snapshot()).revision
    assert steps[0] == (1000, revision)
    assert steps[-1] == (revision, revision)


async def test_each_difference_is_reported() -> None:
    left, right = MemoryStore(), MemoryStore()
    await filled(left)
    await copy(left, right)
    assert await compare(left, right) == []
    rows = right.image.rows[Reservation]
    first = min(rows)
    rows[first] = replace(rows[first], created_at=7)
    entry: Entry = right.entries[9]
    right.entries[9] = replace(entry, actor="somebody else")
    right.image.drop(Level, [("prod_a/M", "main")])
    differences = await compare(left, right)
    assert [line.split(":")[0].split(",")[0] for line in differences] == [
        "level",
        "reservation",
        "entry",
    ]
    assert "row 10:" in differences[2]
    right.entries.pop()
    right.image.revision -= 1
    assert any(line.startswith("revision") for line in await compare(left, right))
