"""A store that records its commits, so that a copy made at the same time can catch up."""

from collections.abc import Sequence
from typing import Any

from fancymonkey.core.command import Command
from fancymonkey.core.model import Entry
from fancymonkey.core.state import Rows
from fancymonkey.store.contract import Commit, Store


class RecordingStore:
    """Passes every call on to the store. `failure` is why the record is incomplete, or None."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.failure: str | None = None
        self._changed: Rows = {}
        self._entries: list[Entry] = []
        self._pruned: int | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    @property
    def recorded(self) -> int:
        """The number of rows and entries that wait to be taken."""
        return len(self._entries) + sum(map(len, self._changed.values()))

    async def run(self, commands: Sequence[Command], now: int, after: int) -> Commit:
        """See `Store.run`."""
        try:
            commit = await self.store.run(commands, now, after)
        except Exception as error:
            self.failure = f"The store failed during the move: {error}"
            raise
        if len(commit.entries) > commit.own:
            self.failure = "Another server wrote to the store during the move. Stop all but one."
        for kind, rows in commit.changed.items():
            self._changed.setdefault(kind, {}).update(rows)
        self._entries += commit.entries[len(commit.entries) - commit.own :]
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

    def take(self) -> tuple[Rows, list[Entry], int | None]:
        """Removes and returns the record: rows, entries, and the time before which was pruned."""
        recorded = self._changed, self._entries, self._pruned
        self._changed, self._entries, self._pruned = {}, [], None
        return recorded
