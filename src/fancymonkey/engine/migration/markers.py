"""Markers in a store that is not in use: the shop has moved away, or the copy is unfinished."""

from typing import TypeVar

import msgspec
from msgspec import Struct

from fancymonkey.core.documents.document import Document
from fancymonkey.core.documents.put import DocumentWrite, PutDocuments
from fancymonkey.core.outcomes import Refused
from fancymonkey.core.state import FOREVER
from fancymonkey.errors import StoreUnavailable
from fancymonkey.store.contract import Store

T = TypeVar("T")

FOLDER = "store"
MOVED = "moved"
COPY = "copy"


class MovedTo(Struct):
    """Marks a store that the shop has left: the new store, and the id of the move."""

    to: str
    move: str


class CopyMarker(Struct):
    """Marks a store that a move is filling: from which store, and whether all data is here."""

    of: str
    move: str
    whole: bool = False


async def moved(store: Store) -> MovedTo | None:
    """The new store of a shop that has left this one, or None."""
    return await _read(store, MOVED, MovedTo)


async def copy_of(store: Store) -> CopyMarker | None:
    """The unfinished move that fills this store, or None."""
    return await _read(store, COPY, CopyMarker)


async def _read(store: Store, name: str, kind: type[T]) -> T | None:
    row = await store.find(Document, (FOLDER, name))
    return msgspec.json.decode(row.body, type=kind) if row is not None and row.body else None


def draft(name: str, value: Struct | None) -> DocumentWrite:
    """The document that writes a marker; None removes it."""
    return DocumentWrite(FOLDER, name, "" if value is None else msgspec.json.encode(value).decode())


async def write_marker(store: Store, name: str, value: Struct | None, now: int) -> None:
    """Writes a marker into a store without another writer. Raises StoreError."""
    commit = await store.run([PutDocuments(drafts=(draft(name, value),))], now, FOREVER)
    assert not isinstance(commit.answers[0], Refused)


async def check_not_moved(store: Store) -> None:
    """Raises StoreUnavailable if the shop is not in this store (any more, or yet)."""
    moved_to = await moved(store)
    if moved_to is not None:
        raise StoreUnavailable(
            f"The shop has moved from here to {moved_to.to}: start it there. The data here is as "
            "old as the move; to open it again, without later sales: fancymonkey migrate --reopen"
        )
    unfinished = await copy_of(store)
    if unfinished is not None:
        raise StoreUnavailable(
            f"This is an unfinished copy of {unfinished.of}; the shop is not in this store. Run "
            f"the move again: fancymonkey migrate --from {unfinished.of} --to this store"
        )
