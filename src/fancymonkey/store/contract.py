"""The contract between the rules and storage.

One method writes. A store reads the rows that the commands need, lets the core decide, writes the
changed rows and makes them durable, all in one transaction. Every implementation passes the same
conformance suite, `tests/store/contract/test_conformance.py`.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from fancymonkey.core.bundles.sales import BundleSales
from fancymonkey.core.command import Command
from fancymonkey.core.locations.locations import Location
from fancymonkey.core.model import Entry, Item, Level, Product, Reservation, Row
from fancymonkey.core.outcomes import Answer
from fancymonkey.core.rows import ROWS
from fancymonkey.core.state import Rows, State

R = TypeVar("R", bound=Row)


class Scan(Protocol):
    """Yields every row of a kind in the order of its key."""

    def __call__(self, kind: type[R], /) -> AsyncIterator[R]:
        """Yields the rows of this kind."""
        ...


@dataclass(frozen=True, slots=True)
class Commit:
    """The result of a transaction.

    `entries` are all entries after the revision that the caller named: entries of other processes
    come before the batch's own. `own` is the number of the batch's own entries, the last ones.
    `revision` is the last one of the ledger. `products` and `items` are the catalogue rows that the
    batch changed; `changed` are all rows that it wrote.
    """

    answers: list[Answer]
    entries: list[Entry]
    revision: int
    products: list[Product] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    own: int = 0
    changed: Rows = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All rows and the whole ledger at one revision, while others continue to write."""

    revision: int
    scan: Scan
    entries: Callable[[], AsyncIterator[Entry]]


@dataclass(frozen=True, slots=True)
class StockSnapshot:
    """The rows that the shop shows, at one revision: of the holds, only the live ones.

    `locations` are those that were described: a new shop has none.
    """

    revision: int
    products: list[Product] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    levels: list[Level] = field(default_factory=list)
    holds: list[Reservation] = field(default_factory=list)
    locations: list[Location] = field(default_factory=list)
    bundle_sales: list[BundleSales] = field(default_factory=list)


OnRemoteCommit = Callable[[int], Awaitable[None]]
"""Is called with a revision that another process has reached or passed."""

Submit = Callable[[Sequence[Command]], Awaitable[list[Answer]]]
"""Queues commands of the store itself, which it makes from edits of its file by hand."""


class Store(Protocol):
    """Durable rows and an ordered ledger."""

    async def open(self, now: int) -> None:
        """Opens the store. Raises StoreLocked, StoreUnavailable, StoreCorrupt, DataError."""

    async def close(self) -> None:
        """Closes files and connections. A second call does nothing."""

    async def run(self, commands: Sequence[Command], now: int, after: int) -> Commit:
        """Ends the holds due at `now`, and runs the commands in order; each gets one answer.

        `after` is the last revision that the caller knows. When this returns, all changes are
        durable; when it raises, none is, except for StoreUnavailable after a lost connection: then
        the outcome is unknown, and the commands may be sent again with the same ids. Only one
        caller at a time may use it.
        """
        ...

    def run_now(self, commands: Sequence[Command], now: int, after: int) -> Commit | None:
        """The same as `run`, but synchronous; None, without effect, if it could take long or `run`
        is busy.
        """
        ...

    async def snapshot(self) -> StockSnapshot:
        """The rows that the shop shows, at one revision."""
        ...

    async def catalogue(self, product_ids: Iterable[str]) -> tuple[list[Product], list[Item]]:
        """These products and all their items in their present state."""
        ...

    async def entries_after(self, revision: int, limit: int = 1000) -> list[Entry]:
        """Up to `limit` entries after a revision, in order."""
        ...

    def history(self, sku: str, until: int | None = None) -> AsyncIterator[Entry]:
        """Every entry of a SKU (or of a product's own id) up to a time in ms, in order."""
        ...

    async def next_due(self) -> int | None:
        """The earliest deadline of a live hold (ms), or None."""
        ...

    async def reservation(self, ref: str) -> Reservation | None:
        """The hold with this id, or the latest hold of the session with this id."""
        ...

    def scan(self, kind: type[R], after: Hashable | None = None) -> AsyncIterator[R]:
        """Every row of a kind, or those with higher keys than `after`, in the order of the key."""
        ...

    def scan_fields(self, kind: type[Row], names: Sequence[str]) -> AsyncIterator[tuple[Any, ...]]:
        """These fields of every row of a kind, in the order of its key; a store may read less."""
        ...

    async def find(self, kind: type[R], key: Hashable) -> R | None:
        """The row of a kind with this key, or None."""
        ...

    async def fill(
        self, rows: AsyncIterator[Row], entries: AsyncIterator[Entry], revision: int
    ) -> None:
        """Fills an empty store with another's rows and ledger, all or nothing.

        Raises DataError if this store is not empty.
        """

    def frozen(self) -> AbstractAsyncContextManager[Snapshot]:
        """Yields all data at one revision inside the block, also during writes."""
        ...

    async def apply_commits(self, changed: Rows, entries: Sequence[Entry], revision: int) -> None:
        """Writes later commits of another store into this copy of it, all or nothing."""

    async def clear(self) -> None:
        """Empties the store. Only for a copy that was not finished."""

    async def other_writers(self) -> list[str]:
        """The names of other processes that have the store open for writing."""
        ...

    def stop_watching(self) -> None:
        """Stops watching for changes: the shop has moved, and this store is only read."""

    async def prune(self, before: int) -> int:
        """Removes outcomes and expired documents from before `before` (ms); returns how many."""
        ...

    async def fold_holds(self, before: int) -> int:
        """Removes holds that ended before `before` (ms) and bought nothing; returns how many.

        Their session links and checkouts are removed as well. The ledger keeps their entries.
        """
        ...

    async def watch(self, on_commit: OnRemoteCommit, submit: Submit) -> None:
        """Calls `on_commit` after each commit of another process, and submits edits by hand."""

    @property
    def listens(self) -> bool:
        """Whether each commit of another process is noticed at once."""
        ...

    def listen(self, wanted: bool) -> None:
        """Stops to notice commits of other processes, because another server reports them.

        Or begins again, with a call of `on_commit` for those that were not reported.
        """

    async def health_problems(self) -> list[str]:
        """The present problems of the store as texts for an operator; empty if there are none."""
        ...

    async def unwritable(self) -> str | None:
        """The reason why no change can be written now; None if writing works, as far as is known.

        After a failed write, calls of this method retry a write from time to time.
        """
        ...


def commit_of(state: State, answers: list[Answer], entries: list[Entry]) -> Commit:
    """The commit of a durable batch."""
    return Commit(
        answers,
        entries,
        state.revision,
        list(state.changed.get(Product, {}).values()),
        list(state.changed.get(Item, {}).values()),
        len(state.entries),
        state.changed,
    )


def applied_commit(changed: Rows, entries: Sequence[Entry], revision: int) -> State:
    """The batch that writes a commit of another store; its rows may exist already."""
    state = State({**empty_rows(), **changed}, revision, entries[-1].at if entries else 0)
    state.changed, state.entries = changed, list(entries)
    return state


async def paged(
    entries_after: Callable[[int], Awaitable[list[Entry]]], revision: int
) -> AsyncIterator[Entry]:
    """The whole ledger up to a revision, read in pages."""
    position = 0
    while position < revision and (page := await entries_after(position)):
        for entry in page:
            if entry.revision > revision:
                return
            yield entry
        position = page[-1].revision


def empty_rows() -> Rows:
    """An empty table for every kind of row."""
    return {kind: {} for kind in ROWS}
