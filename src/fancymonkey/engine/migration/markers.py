"""Whether a store is the one that the shop lives in: it may have moved away, or not arrived yet."""

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
    """Lies in a store that the shop has left: where it went, and by which move."""

    to: str
    move: str


class CopyMarker(Struct):
    """Lies in a store that is being filled by a move: of what, and whether all of it is here."""

    of: str
    move: str
    whole: bool = False


async def moved(store: Store) -> MovedTo | None:
    """Where the shop went that lived in this store."""
    return await _read(store, MOVED, MovedTo)


async def copy_of(store: Store) -> CopyMarker | None:
    """The move that fills this store and has not come to its end."""
    return await _read(store, COPY, CopyMarker)


async def _read(store: Store, name: str, kind: type[T]) -> T | None:
    row = await store.find(Document, (FOLDER, name))
    return msgspec.json.decode(row.body, type=kind) if row is not None and row.body else None


def draft(name: str, value: Struct | None) -> DocumentWrite:
    """The document that says it; None takes it back."""
    return DocumentWrite(FOLDER, name, "" if value is None else msgspec.json.encode(value).decode())


async def write_marker(store: Store, name: str, value: Struct | None, now: int) -> None:
    """Writes it into a store that nobody else writes to. Raises StoreError."""
    commit = await store.run([PutDocuments(drafts=(draft(name, value),))], now, FOREVER)
    assert not isinstance(commit.answers[0], Refused)


async def check_not_moved(store: Store) -> None:
    """Raises StoreUnavailable where the shop does not live in this store."""
    gone = await moved(store)
    if gone is not None:
        raise StoreUnavailable(
            f"The shop has moved from here to {gone.to}: start it there. What is here is as it "
            "was then; to open it again, without what was sold since: fancymonkey migrate --reopen"
        )
    unfinished = await copy_of(store)
    if unfinished is not None:
        raise StoreUnavailable(
            f"This is a copy of {unfinished.of} that was not finished, and the shop does not live "
            f"here. Run the move again: fancymonkey migrate --from {unfinished.of} --to this store"
        )
