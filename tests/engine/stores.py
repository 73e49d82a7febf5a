"""A memory store whose commits wait and fail on demand, and an engine on it in virtual time."""

import asyncio
from collections.abc import AsyncIterator, Callable, Hashable, Iterable, Sequence
from contextlib import asynccontextmanager

from fancymonkey.core.command import Command
from fancymonkey.core.execute import execute
from fancymonkey.core.model import Entry, Item, Product
from fancymonkey.engine.engine import Engine
from fancymonkey.errors import StoreError
from fancymonkey.store.contract import Commit, OnRemoteCommit, R, StockSnapshot, Submit, commit_of
from fancymonkey.store.in_memory.store import MemoryStore
from tests.core.builders import upsert
from tests.sim.loop import virtual_loop

START = 1_000_000_000_000


class SlowStore(MemoryStore):
    """Each commit takes `seconds`; `fail` holds errors for the calls to come, None for none.

    `lost` says that the next failures come after the commit. While it is `quick` it commits at
    once, within `run_now`.
    """

    def __init__(self, seconds: float = 0.01) -> None:
        super().__init__()
        self.seconds = seconds
        self.fail: list[Exception | None] = []
        self.fail_reads: list[Exception | None] = []
        self.lost = False
        self.quick = False
        self.batches: list[list[Command]] = []
        self.closed = False
        self.bell: OnRemoteCommit | None = None

    async def run(self, commands: Sequence[Command], now: int, after: int) -> Commit:
        self.batches.append(list(commands))
        await asyncio.sleep(self.seconds)
        error = self.fail.pop(0) if self.fail else None
        if error is not None and not self.lost:
            raise error
        commit = await super().run(commands, now, after)
        if error is not None:
            raise error
        return commit

    def run_now(self, commands: Sequence[Command], now: int, after: int) -> Commit | None:
        if not self.quick:
            return None
        self.batches.append(list(commands))
        error = self.fail.pop(0) if self.fail else None
        if error is not None:
            raise error
        state = self.image.begin(now)
        answers = execute(state, commands, self.image.due(now))
        self.image.apply(state.changed, state.revision)
        self.entries += state.entries
        return commit_of(state, answers, self.entries[after:])

    async def _read(self) -> None:
        await asyncio.sleep(self.seconds)
        error = self.fail_reads.pop(0) if self.fail_reads else None
        if error is not None:
            raise error

    async def snapshot(self) -> StockSnapshot:
        snapshot = await super().snapshot()
        await self._read()
        return snapshot

    async def entries_after(self, revision: int, limit: int = 1000) -> list[Entry]:
        entries = await super().entries_after(revision, limit)
        await self._read()
        return entries

    async def catalogue(self, product_ids: Iterable[str]) -> tuple[list[Product], list[Item]]:
        products = await super().catalogue(product_ids)
        await self._read()
        return products

    async def scan(self, kind: type[R], after: Hashable | None = None) -> AsyncIterator[R]:
        await self._read()
        async for row in super().scan(kind, after):
            yield row

    async def watch(self, bell: OnRemoteCommit, submit: Submit) -> None:
        self.bell = bell

    async def close(self) -> None:
        self.closed = True

    async def elsewhere(self, *commands: Command, ring: bool = True) -> None:
        """Another process writes, and sends its notification."""
        await MemoryStore.run(self, commands, clock(), self.image.revision)
        if ring:
            assert self.bell is not None
            await self.bell(self.image.revision)


def clock() -> int:
    """The time of the virtual loop in ms."""
    return START + round(virtual_loop().time() * 1000)


@asynccontextmanager
async def opened(
    store: SlowStore | None = None, at: Callable[[], int] = clock
) -> AsyncIterator[tuple[Engine, SlowStore]]:
    """An open engine over products a and b, five of each size."""
    store = store or SlowStore()
    await MemoryStore.run(store, [upsert("a"), upsert("b", 1)], clock(), 0)
    engine = Engine(store, at)
    await engine.open()
    store.batches.clear()
    try:
        yield engine, store
    finally:
        if not store.closed:
            await engine.close()


def shows(engine: Engine, store: MemoryStore) -> None:
    """The view is what the store has."""
    image = store.image
    assert engine.view.revision == image.revision
    snapshot = image.snapshot()
    assert engine.view.levels == {level.key: level for level in snapshot.levels}
    assert engine.view.products == {row.product_id: row for row in snapshot.products}
    assert engine.view.items == {row.sku: row for row in snapshot.items}
    assert set(engine.view.holds) == {row.reservation_id for row in snapshot.holds}


def down(error: type[StoreError] | None = None) -> StoreError:
    """An error of an unreachable store."""
    from fancymonkey.errors import StoreUnavailable

    return (error or StoreUnavailable)("away")
