"""A store that records its commits, so that a copy made at the same time can catch up."""

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import inf
from typing import Any

from fancymonkey.core.command import Command
from fancymonkey.core.model import Entry
from fancymonkey.core.state import Rows
from fancymonkey.store.contract import Commit, Store

Record = tuple[Rows, list[Entry], int | None]
"""Rows, entries, and the time before which was pruned."""


class RecordingStore:
    """Passes every call on to the store. `failure` is why the record is incomplete, or None."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.failure: str | None = None
        self.recorded = 0
        """The number of rows and entries that wait to be taken."""
        self._commits: deque[tuple[Rows, list[Entry]]] = deque()
        self._pruned: int | None = None
        self._most: float = inf
        """Commits wait while the record has this many rows and entries, or more."""
        self._room = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    async def run(self, commands: Sequence[Command], now: int, after: int) -> Commit:
        """See `Store.run`. Waits while a portion is written and too much has come in already."""
        while self.recorded >= self._most:
            self._room.clear()
            await self._room.wait()
        try:
            commit = await self.store.run(commands, now, after)
        except Exception as error:
            self.failure = f"The store failed during the move: {error}"
            raise
        if len(commit.entries) > commit.own:
            self.failure = "Another server wrote to the store during the move. Stop all but one."
        own = commit.entries[len(commit.entries) - commit.own :]
        self._commits.append((commit.changed, own))
        self.recorded += _size(commit.changed, own)
        return commit

    def run_now(self, commands: Sequence[Command], now: int, after: int) -> Commit | None:
        """Returns None: every commit goes through `run`, which records it."""
        return None

    async def prune(self, before: int) -> int:
        """See `Store.prune`."""
        removed = await self.store.prune(before)
        self._pruned = before
        return removed

    async def fold_holds(self, before: int) -> int:
        """Removes nothing during the move: the new store does so the next night."""
        return 0

    def take(self, most: float = inf) -> Record:
        """Removes and returns the first commits with about `most` rows and entries, or all."""
        changed: Rows = {}
        entries: list[Entry] = []
        taken = 0
        while self._commits and taken < most:
            rows, own = self._commits.popleft()
            taken += _size(rows, own)
            for kind, some in rows.items():
                changed.setdefault(kind, {}).update(some)
            entries += own
        self.recorded -= taken
        pruned, self._pruned = self._pruned, None
        return changed, entries, pruned

    @contextmanager
    def limited(self, portion: int) -> Iterator[Record]:
        """Takes a portion. Inside the block, commits wait once they have added a quarter of it.

        So the record becomes smaller with every portion, however fast the shop sells.
        """
        record = self.take(portion)
        self._most = self.recorded + portion // 4
        try:
            yield record
        finally:
            self._most = inf
            self._room.set()


def _size(changed: Rows, entries: Sequence[Entry]) -> int:
    return len(entries) + sum(map(len, changed.values()))
