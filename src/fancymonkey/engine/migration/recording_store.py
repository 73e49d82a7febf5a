"""A store that notes what it commits, so that a copy made meanwhile can catch up."""

from collections.abc import Sequence
from typing import Any

from fancymonkey.core.command import Command
from fancymonkey.core.model import Entry
from fancymonkey.core.state import Rows
from fancymonkey.store.contract import Commit, Store


class RecordingStore:
    """Everything goes on to the store. `trouble_met` says why its notes are of no use any more."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.trouble_met: str | None = None
        self._changed: Rows = {}
        self._entries: list[Entry] = []
        self._pruned: int | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    @property
    def noted(self) -> int:
        """How many rows and entries wait to be taken."""
        return len(self._entries) + sum(map(len, self._changed.values()))

    async def run(self, commands: Sequence[Command], now: int, after: int) -> Commit:
        """See `Store.run`."""
        try:
            commit = await self.store.run(commands, now, after)
        except Exception as error:
            self.trouble_met = f"The store failed meanwhile: {error}"
            raise
        if len(commit.entries) > commit.own:
            self.trouble_met = "Another server wrote to the store meanwhile. Stop all but one."
        for kind, rows in commit.changed.items():
            self._changed.setdefault(kind, {}).update(rows)
        self._entries += commit.entries[len(commit.entries) - commit.own :]
        return commit

    def run_now(self, commands: Sequence[Command], now: int, after: int) -> Commit | None:
        """Never: what is noted goes through `run`."""
        return None

    async def prune(self, before: int) -> int:
        """See `Store.prune`."""
        found = await self.store.prune(before)
        self._pruned = before
        return found

    def take(self) -> tuple[Rows, list[Entry], int | None]:
        """What was noted since the last time: rows, entries, and what was pruned."""
        found = self._changed, self._entries, self._pruned
        self._changed, self._entries, self._pruned = {}, [], None
        return found
