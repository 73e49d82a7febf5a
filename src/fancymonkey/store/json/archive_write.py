"""Writes a file of the archive from rows in memory and from older files, in one pass."""

import time
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from heapq import merge
from itertools import chain, islice
from operator import itemgetter
from typing import Any

from fancymonkey.core.model import Reservation, Row, SessionLink
from fancymonkey.core.payments.rows import Checkout
from fancymonkey.core.rows import ROWS
from fancymonkey.store.in_memory.past import Removed
from fancymonkey.store.json.archive_file import (
    FORMAT,
    ArchiveFile,
    ArchiveHead,
    TableIndex,
    Values,
    foot_line,
)
from fancymonkey.store.json.key_filter import KeyFilter, mark_of
from fancymonkey.store.json.records import COLUMNS, encode, values_of
from fancymonkey.store.json.segments import seal

BLOCK = 64
"""Rows of a block: it is read as a whole to find one of them."""
PAUSE = 8
"""Blocks between two pauses. A pause takes a turn of the event loop, so more of them take long."""
FOLDED_AT_ONCE = 100_000
"""The most holds that one file leaves out for good. The others stay in it, hidden, until later."""


def archive_parts(
    rows: Mapping[type[Row], list[Row]], files: Sequence[ArchiveFile], removed: Removed
) -> Iterator[bytes]:
    """The content of a file with these rows and those of older files, the newest file first.

    Of rows with the same key the newest counts. Rows that are removed are left out, and links and
    checkouts of holds that this leaves out.
    """
    line, _ = seal(encode(ArchiveHead(FORMAT, COLUMNS)), 0)
    yield line
    head_bytes = offset = len(line)
    index: list[TableIndex] = []
    folded: set[str] = set()
    kinds = {*rows, *chain.from_iterable(file.kinds for file in files)}
    for kind in (kind for kind in ROWS if kind in kinds):  # holds come before their links
        table = TableIndex(kind.TABLE, 0, [], [], 0, b"")
        marks, key_of = array("I"), key_getter(kind)
        merged = _merged(kind, rows.get(kind, []), files)
        for block in _blocks(_left(kind, merged, removed, folded)):
            line, _ = seal(encode({kind.TABLE: block}), offset & 0xFFFFFFFF)
            yield line
            keys = list(map(key_of, block))
            table.keys.append(keys[0])
            table.offsets.append(offset)
            marks.extend(map(mark_of, keys))
            offset += len(line)
            if len(table.keys) % PAUSE == 0:
                time.sleep(0)  # lets the event loop run
        if marks:
            table.rows, table.end = len(marks), offset
            table.filter = KeyFilter.bits_of(marks, len(marks))
            index.append(table)
    line = encode((head_bytes, index))
    yield line
    yield foot_line(line)


def key_getter(kind: type[Row]) -> Callable[[Values], Any]:
    """Gets the key from the fields of a row."""
    columns = COLUMNS[kind.TABLE]
    return itemgetter(*map(columns.index, kind.KEY))


def _blocks(rows: Iterator[Values]) -> Iterator[list[Values]]:
    while block := list(islice(rows, BLOCK)):
        yield block


def _merged(kind: type[Row], rows: Iterable[Row], files: Iterable[ArchiveFile]) -> Iterator[Values]:
    """The newest version of each row, in the order of the keys."""
    key_of = key_getter(kind)
    newest = sorted(map(values_of(kind), rows), key=key_of)
    older = [chain.from_iterable(file.values(kind)) for file in files if kind in file.kinds]
    if not older:
        yield from newest
        return
    before: Any = None
    for values in merge(newest, *older, key=key_of):
        key = key_of(values)
        if key != before:
            yield values
        before = key


def _left(
    kind: type[Row], rows: Iterator[Values], removed: Removed, folded: set[str]
) -> Iterator[Values]:
    """The rows that are not removed; `folded` gets the ids of the holds that are."""
    if removed == Removed():
        yield from rows
        return
    hold_id = COLUMNS[kind.TABLE].index("reservation_id") if kind in (SessionLink, Checkout) else -1
    for values in rows:
        if hold_id >= 0:
            if values[hold_id] in folded:
                continue
        elif removed.covers(kind(*values)):
            if kind is not Reservation:
                continue
            if len(folded) < FOLDED_AT_ONCE:
                folded.add(values[0])
                continue
        yield values
