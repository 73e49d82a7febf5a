"""Copies a store into an empty one of any kind, and compares both."""

from collections.abc import AsyncIterator, Callable
from itertools import count

from fancymonkey.core.model import Entry, Row
from fancymonkey.core.rows import ROWS
from fancymonkey.errors import DataError, StoreCorrupt, StoreUnavailable
from fancymonkey.store.contract import Snapshot, Store

PAGE = 5000
Progress = Callable[[int, int], None]


def _silent(done: int, total: int) -> None:
    """Ignores the progress."""


async def is_empty(store: Store) -> bool:
    """Whether a store has no rows and no entries."""
    if await store.entries_after(0, 1):
        return False
    for kind in ROWS:
        async for _ in store.scan(kind):
            return False
    return True


async def copy(source: Store, target: Store, progress: Progress = _silent) -> dict[str, int]:
    """Fills `target` with every row and entry of `source`; returns the number of rows per table.

    Raises DataError if the target is not empty, and StoreUnavailable if the source changed during
    the copy; then the target stays empty.
    """
    if not await is_empty(target):
        raise DataError("The store to fill is not empty. Name an empty one, nothing was copied.")
    revision = (await source.snapshot()).revision
    copied = dict.fromkeys((*(kind.TABLE for kind in ROWS), "entry"), 0)

    async def rows() -> AsyncIterator[Row]:
        for kind in ROWS:
            async for row in source.scan(kind):
                copied[kind.TABLE] += 1
                yield row
        await _check_unchanged(source, revision)

    async def entries() -> AsyncIterator[Entry]:
        async for entry in _ledger(source):
            if entry.revision > revision:
                break
            copied["entry"] += 1
            if copied["entry"] % 1000 == 0:
                progress(entry.revision, revision)
            yield entry
        if copied["entry"] != revision:
            raise StoreCorrupt(
                f"The source should have {revision} ledger entries and has {copied['entry']}. "
                f"Nothing was kept; `fancymonkey verify` has the details."
            )
        await _check_unchanged(source, revision)

    await target.fill(rows(), entries(), revision)
    progress(revision, revision)
    return copied


async def fill(target: Store, source: Snapshot) -> None:
    """Fills an empty store with a snapshot of another, all or nothing.

    Raises DataError if the target is not empty, StoreCorrupt if the ledger has a gap.
    """
    if not await is_empty(target):
        raise DataError("The store to fill is not empty. Name an empty one, nothing was copied.")

    async def rows() -> AsyncIterator[Row]:
        for kind in ROWS:
            async for row in source.scan(kind):
                yield row

    async def entries() -> AsyncIterator[Entry]:
        number = 0
        async for entry in source.entries():
            number += 1
            if entry.revision != number:
                raise StoreCorrupt(f"Entry {number} is missing from the ledger. Nothing was kept.")
            yield entry
        if number != source.revision:
            raise StoreCorrupt(
                f"The ledger ends at entry {number} and should at {source.revision}. "
                "Nothing was kept."
            )

    await target.fill(rows(), entries(), source.revision)


async def _check_unchanged(source: Store, revision: int) -> None:
    """Runs inside `fill`, after the last rows or entries: an error here undoes the whole copy."""
    if await source.entries_after(revision, 1):
        raise StoreUnavailable(
            "The source changed during the copy, and nothing was kept. Stop every server that uses "
            "it and start again."
        )


async def compare(left: Store, right: Store, progress: Progress = _silent) -> list[str]:
    """The first difference of each table between two stores; empty if they are equal."""
    unlike = [
        difference
        for kind in ROWS
        if (difference := await _first_difference(kind.TABLE, left.scan(kind), right.scan(kind)))
    ]
    revisions = [(await store.snapshot()).revision for store in (left, right)]
    if revisions[0] != revisions[1]:
        unlike.append(f"revision: {revisions[0]} and {revisions[1]}")

    async def reported() -> AsyncIterator[Entry]:
        async for entry in _ledger(left):
            if entry.revision % 1000 == 0:
                progress(entry.revision, revisions[0])
            yield entry

    difference = await _first_difference("entry", reported(), _ledger(right))
    return [*unlike, *([difference] if difference else [])]


async def differences(left: Snapshot, right: Snapshot) -> list[str]:
    """As `compare`, for two snapshots."""
    unlike = [
        difference
        for kind in ROWS
        if (difference := await _first_difference(kind.TABLE, left.scan(kind), right.scan(kind)))
    ]
    if left.revision != right.revision:
        unlike.append(f"revision: {left.revision} and {right.revision}")
    difference = await _first_difference("entry", left.entries(), right.entries())
    return [*unlike, *([difference] if difference else [])]


async def _first_difference(
    table: str, left: AsyncIterator[object], right: AsyncIterator[object]
) -> str | None:
    for number in count(1):
        row, other = await anext(left, None), await anext(right, None)
        if row != other:
            return f"{table}, row {number}: {row or 'nothing'} and {other or 'nothing'}"
        if row is None:
            break
    return None


async def _ledger(store: Store) -> AsyncIterator[Entry]:
    position = 0
    while page := await store.entries_after(position, PAGE):
        for entry in page:
            yield entry
        if page[-1].revision <= position:
            raise StoreCorrupt(f"Entry {page[-1].revision} comes after entry {position}.")
        position = page[-1].revision
