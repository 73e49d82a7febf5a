"""The contract between the rules and storage, in words and in types.

One method writes. A store reads what the commands need, lets the core decide, writes what changed
and makes it durable, all in one transaction; every implementation passes the same conformance
suite, `tests/store/test_conformance.py`.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from fancymonkey.core.command import Command
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
    """What a transaction did.

    `entries` are all entries after the revision that the caller named: where other processes write
    too, theirs come in front of the batch's own. `revision` is the last number in the ledger.
    `products` and `items` are the rows of the catalogue that the batch changed, `own` how many of
    the entries, the last ones, it made; `changed` are all rows that it wrote.
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
    """All rows and the whole ledger at one revision, while others write on."""

    revision: int
    scan: Scan
    entries: Callable[[], AsyncIterator[Entry]]


@dataclass(frozen=True, slots=True)
class StockSnapshot:
    """Everything that the shop shows, at one revision: live holds and no others."""

    revision: int
    products: list[Product] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    levels: list[Level] = field(default_factory=list)
    holds: list[Reservation] = field(default_factory=list)


OnRemoteCommit = Callable[[int], Awaitable[None]]
"""Called with a revision that another process has reached, at least."""

Submit = Callable[[Sequence[Command]], Awaitable[list[Answer]]]
"""Runs commands that the store itself has to make (an edit of its file by hand), in their turn."""


class Store(Protocol):
    """Durable rows and an ordered ledger."""

    async def open(self, now: int) -> None:
        """Makes the store ready. Raises StoreLocked, StoreUnavailable, StoreCorrupt, DataError."""

    async def close(self) -> None:
        """Lets go of everything. Closing twice is no error."""

    async def run(self, commands: Sequence[Command], now: int, after: int) -> Commit:
        """Ends the holds due at `now`, runs the commands in order, one answer each.

        `after` is the last revision that the caller knows. All of it is durable when this
        returns, none of it where it raises, but for StoreUnavailable after a lost connection: then
        nobody knows, and the commands may be sent again with the same ids. One caller at a time.
        """
        ...

    def run_now(self, commands: Sequence[Command], now: int, after: int) -> Commit | None:
        """The same as `run`, done when this returns; None, and nothing done, where it may take
        long, or where `run` is busy.
        """
        ...

    async def snapshot(self) -> StockSnapshot:
        """The state of everything at one revision."""
        ...

    async def catalogue(self, product_ids: Iterable[str]) -> tuple[list[Product], list[Item]]:
        """These products and all their items as they are now."""
        ...

    async def entries_after(self, revision: int, limit: int = 1000) -> list[Entry]:
        """Up to `limit` entries with higher numbers, in order."""
        ...

    def history(self, sku: str, until: int | None = None) -> AsyncIterator[Entry]:
        """Every entry of a SKU (or of a product's own id) up to a time in ms, in order."""
        ...

    async def next_due(self) -> int | None:
        """When the live hold that ends first does so, in ms."""
        ...

    async def reservation(self, ref: str) -> Reservation | None:
        """The hold that an id means: its own, or a session's latest."""
        ...

    def scan(self, kind: type[R], after: Hashable | None = None) -> AsyncIterator[R]:
        """Every row of a kind, or those with higher keys than `after`, in the order of the key."""
        ...

    async def find(self, kind: type[R], key: Hashable) -> R | None:
        """The row of a kind that has this key."""
        ...

    async def fill(
        self, rows: AsyncIterator[Row], entries: AsyncIterator[Entry], revision: int
    ) -> None:
        """Fills an empty store with another's rows and ledger, all or nothing.

        Raises DataError where this store is not empty.
        """

    def frozen(self) -> AbstractAsyncContextManager[Snapshot]:
        """Everything at one revision for the length of a block, also while somebody writes."""
        ...

    async def apply_commits(self, changed: Rows, entries: Sequence[Entry], revision: int) -> None:
        """Takes over what another store has committed after what this one holds, all or nothing."""

    async def clear(self) -> None:
        """Empties the store. Only for a copy that was not finished."""

    async def other_writers(self) -> list[str]:
        """Who else has the store open for writing, each by a name."""
        ...

    def stop_watching(self) -> None:
        """The shop lives elsewhere now: what is here is only read until it is closed."""

    async def prune(self, before: int) -> int:
        """Forgets outcomes older than `before` (ms) and documents of no use since; how many."""
        ...

    async def watch(self, bell: OnRemoteCommit, submit: Submit) -> None:
        """From now on, rings when another process has written, and submits edits made by hand."""

    async def health_problems(self) -> list[str]:
        """What an operator should know now, in plain words; empty when all is well."""
        ...

    async def unwritable(self) -> str | None:
        """Why no change can be written now, in plain words; None when one can, as far as is known.

        After a write that failed, another one is tried now and then for whoever asks.
        """
        ...


def commit_of(state: State, answers: list[Answer], entries: list[Entry]) -> Commit:
    """What a batch did, once it is durable."""
    return Commit(
        answers,
        entries,
        state.revision,
        list(state.changed.get(Product, {}).values()),
        list(state.changed.get(Item, {}).values()),
        len(state.entries),
        state.changed,
    )


def absorbed(changed: Rows, entries: Sequence[Entry], revision: int) -> State:
    """A batch that another store has run, to be written: its rows may be there already."""
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
    """A table for every kind of row, each empty."""
    return {kind: {} for kind in ROWS}
