"""A file of the archive: finished rows, sorted by table and key. It is written once.

The first line has the columns of the tables. Each further line is a block of rows of one table,
with a checksum that depends on its offset. After them comes the index: the first key and the offset
of each block, and a Bloom filter of the keys of each table. The last line, of a fixed length, has
the length and the checksum of the index. Memory has the index and the filters, and no rows.
"""

import os
import weakref
from array import array
from bisect import bisect_right
from collections.abc import Collection, Hashable, Iterator
from pathlib import Path
from typing import Any, NoReturn
from zlib import crc32

import msgspec

from fancymonkey.core.model import Row
from fancymonkey.errors import StoreCorrupt
from fancymonkey.store.contract import R
from fancymonkey.store.json.key_filter import KeyFilter
from fancymonkey.store.json.records import (
    COLUMNS,
    EARLIER_TABLES,
    KINDS,
    Columns,
    reader_of,
    values_of,
)
from fancymonkey.store.json.segments import unseal

FORMAT = 1

Values = Any
"""The fields of a row in the order of its columns, as a list or a tuple."""


class ArchiveDamaged(StoreCorrupt):
    """A file of the archive is damaged."""


class ArchiveHead(msgspec.Struct):
    """The first line."""

    archive: int
    columns: Columns


class TableIndex(msgspec.Struct):
    """The index of a table: its number of rows, its blocks and where the last of them ends."""

    table: str
    rows: int
    keys: list[Any]
    offsets: list[int]
    end: int
    filter: bytes


class _ArchiveFoot(msgspec.Struct):
    index: str
    sum: str


def foot_line(index: bytes) -> bytes:
    """The last line."""
    return b'{"index":"%012d","sum":"%08x"}\n' % (len(index), crc32(index))


FOOT_BYTES = len(foot_line(b""))


class _Table:
    """The index of a table in memory."""

    __slots__ = ("end", "filter", "keys", "offsets", "rows")

    def __init__(self, index: TableIndex) -> None:
        self.rows, self.end = index.rows, index.end
        self.keys: list[Any] = [tuple(key) if isinstance(key, list) else key for key in index.keys]
        self.offsets = array("Q", index.offsets)
        self.filter = KeyFilter(index.filter)

    def block_of(self, key: Any) -> int:
        """The number of the block that has the key, if any has; -1 if it is below all."""
        return bisect_right(self.keys, key) - 1


class ArchiveFile:
    """An open file of the archive. It can be read as long as it is open, even if it is removed."""

    def __init__(self, path: Path) -> None:
        """Opens it and reads its index. Raises FileNotFoundError, OSError, StoreCorrupt."""
        self.path = path
        self._fd = os.open(path, os.O_RDONLY)
        self._closing = weakref.finalize(self, os.close, self._fd)
        try:
            self._read_index()
        except ValueError as error:
            self._damaged(str(error))

    def _read_index(self) -> None:
        size = os.fstat(self._fd).st_size
        end = size - FOOT_BYTES
        foot = msgspec.json.decode(self._bytes(max(0, end), FOOT_BYTES), type=_ArchiveFoot)
        start = end - int(foot.index)
        index_line = self._bytes(max(0, start), int(foot.index))
        if f"{crc32(index_line):08x}" != foot.sum:
            raise ValueError("the checksum of its index is wrong")
        head_bytes, tables = msgspec.json.decode(index_line, type=tuple[int, list[TableIndex]])
        line = self._bytes(0, head_bytes)
        head = msgspec.json.decode(line, type=ArchiveHead)
        if unseal(line[:-1], 0) is None:
            raise ValueError("the checksum of its first line is wrong")
        if head.archive != FORMAT:
            raise StoreCorrupt(f"{self.path}: format {head.archive} is not known to this version")
        self.sum = foot.sum
        self.reader = reader_of(head.columns)
        self._same = {name for name, names in head.columns.items() if COLUMNS.get(name) == names}
        self._tables: dict[type[Row], _Table] = {
            KINDS[EARLIER_TABLES.get(index.table, index.table)]: _Table(index) for index in tables
        }
        self.rows = sum(table.rows for table in self._tables.values())
        self.kinds: Collection[type[Row]] = self._tables.keys()

    def filter_of(self, kind: type[Row]) -> KeyFilter:
        """The filter of the keys of a kind that it has."""
        return self._tables[kind].filter

    def find(self, kind: type[R], key: Hashable, mark: int) -> R | None:
        """The row with this key and its mark, or None. Raises StoreCorrupt."""
        table = self._tables.get(kind)
        if table is None or not table.filter.may_have(mark):
            return None
        number = table.block_of(key)
        rows: list[R] = self._rows(table, number) if number >= 0 else []
        return next((row for row in rows if row.key == key), None)

    def after(self, kind: type[R], after: Hashable | None) -> Iterator[R]:
        """The rows of a kind with higher keys, in order. Raises StoreCorrupt."""
        table = self._tables.get(kind)
        if table is None:
            return
        first = 0 if after is None else max(0, table.block_of(after))
        for number in range(first, len(table.keys)):
            for row in self._rows(table, number):
                if after is None or row.key > after:
                    yield row

    def values(self, kind: type[Row]) -> Iterator[list[Values]]:
        """All rows of a kind, block by block, as their fields in the columns of this version."""
        table = self._tables.get(kind)
        if table is None:
            return
        for number in range(len(table.keys)):
            if kind.TABLE in self._same:
                yield msgspec.json.decode(self._line(table, number))[kind.TABLE]
            else:
                yield list(map(values_of(kind), self._rows(table, number)))

    def count(self, kind: type[Row]) -> int:
        """The number of rows of a kind."""
        table = self._tables.get(kind)
        return 0 if table is None else table.rows

    def _rows(self, table: _Table, number: int) -> list[Any]:
        try:
            return self.reader.batch(self._line(table, number)).rows
        except ValueError as error:
            self._damaged(str(error))

    def _line(self, table: _Table, number: int) -> bytes:
        """A block, without its newline. Raises StoreCorrupt."""
        start, following = table.offsets[number], number + 1
        end = table.offsets[following] if following < len(table.offsets) else table.end
        line = self._bytes(start, end - start)[:-1]
        if unseal(line, start & 0xFFFFFFFF) is None:
            self._damaged(f"the checksum at offset {start} is wrong")
        return line

    def _bytes(self, offset: int, length: int) -> bytes:
        data = os.pread(self._fd, length, offset)
        if len(data) != length:
            self._damaged("it is cut off")
        return data

    def _damaged(self, problem: str) -> NoReturn:
        raise ArchiveDamaged(f"{self.path}: {problem}. Restore the folder from a backup.")

    def close(self) -> None:
        """Closes the file; a second call does nothing."""
        self._closing()
