"""Reads a journal: its segments, their lines, and the chain of checksums through all of them.

Each line begins with the CRC-32 of its rest, continued from the line before, also from one segment
to the next. So a changed, missing or misplaced line is detected. The first line of a segment has
its position and the columns of its rows.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import msgspec

from fancymonkey.core.model import Entry
from fancymonkey.errors import StoreCorrupt
from fancymonkey.store.json.records import (
    COLUMNS,
    Columns,
    JournalBatch,
    LineReader,
    encode,
    reader_of,
)
from fancymonkey.store.shared.files import Disk

CURRENT = "inventory-changes.log"
FORMAT = 1
_NAME = re.compile(r"inventory-changes-(\d{12,})\.log")
_SUM = len(b'{"sum":"01234567",')
_PREFIX = re.compile(rb'\{"sum":"([0-9a-f]{8})","batch":(\d+),"revision":(\d+),')


def seal(body: bytes, chain: int) -> tuple[bytes, int]:
    """A JSON object as a line with its checksum, and that checksum."""
    tail = body[1:]
    chain = crc32(tail, chain)
    return b'{"sum":"%08x",%b\n' % (chain, tail), chain


def unseal(line: bytes, chain: int) -> int | None:
    """The checksum of a line (without its newline) if it is right after `chain`, else None."""
    checksum = crc32(line[_SUM:], chain)
    return checksum if line[:_SUM] == b'{"sum":"%08x",' % checksum else None


@dataclass(frozen=True, slots=True)
class Segment:
    """One file of the journal, as its first line describes it.

    `first` is the number of its first batch; `revision` and `previous` are the ledger's last
    revision and the checksum before it. `chain` is the checksum of the first line. A `loaded`
    segment was copied from another store, and its rows are in the state file.
    """

    path: Path
    head: bytes
    first: int
    revision: int
    previous: int
    chain: int
    loaded: bool
    reader: LineReader
    columns: Columns

    @property
    def start(self) -> int:
        """The offset of its first batch."""
        return len(self.head)


class _SegmentHead(msgspec.Struct):
    segment: int
    batch: int
    revision: int
    previous: str
    columns: Columns
    loaded: bool = False


def head_line(first: int, revision: int, previous: int, *, loaded: bool) -> tuple[bytes, int]:
    """The first line of a new segment, and its checksum."""
    head = _SegmentHead(FORMAT, first, revision, f"{previous:08x}", COLUMNS, loaded)
    return seal(encode(head), previous)


def archived_name(first: int) -> str:
    """The name of a full segment."""
    return f"inventory-changes-{first:012d}.log"


def read_head(path: Path) -> Segment:
    """The segment of a file, from its first line. Raises StoreCorrupt and OSError."""
    with path.open("rb") as file:
        line = file.readline()
    try:
        head = msgspec.json.decode(line, type=_SegmentHead)
        previous = int(head.previous, 16)
        chain = unseal(line[:-1], previous)
        problem = None if chain is not None else "its checksum is wrong"
    except ValueError as error:
        raise StoreCorrupt(f"{path}, line 1, is not the head of a journal: {error}") from None
    if head.segment != FORMAT:
        problem = f"format {head.segment} is not known to this version"
    if problem is not None or chain is None:
        raise StoreCorrupt(f"{path}, line 1: {problem}")
    try:
        reader = reader_of(head.columns)
    except StoreCorrupt as error:
        raise StoreCorrupt(f"{path}: {error}") from None
    return Segment(
        path,
        line,
        head.batch,
        head.revision,
        previous,
        chain,
        head.loaded,
        reader,
        head.columns,
    )


class SegmentReader:
    """The lines of a segment from an offset on, each verified.

    Afterwards `end` is the end of the last valid line, and `chain` is its checksum. After `end`
    there may be one torn line; an invalid line before the last one raises StoreCorrupt.
    """

    def __init__(self, segment: Segment, data: bytes, offset: int = 0, chain: int = 0) -> None:
        self.segment = segment
        self.data = data
        self.end = offset or segment.start
        self.chain = chain if offset else segment.chain
        self.last = self.end

    def __iter__(self) -> Iterator[bytes]:
        data, size = self.data, len(self.data)
        while self.end < size:
            stop = data.find(b"\n", self.end)
            line = data[self.end : size if stop < 0 else stop]
            chain = unseal(line, self.chain)
            if stop < 0 or (chain is None and stop == size - 1):
                return
            if chain is None:
                raise self.damage("its checksum is wrong")
            self.last, self.end, self.chain = self.end, stop + 1, chain
            yield line

    def damage(self, problem: str) -> StoreCorrupt:
        """The error for the line at `end`."""
        number = self.data.count(b"\n", 0, self.end) + 1
        return StoreCorrupt(
            f"{self.segment.path}, line {number}: {problem}. Restore the folder from a backup."
        )


class Segments:
    """All files of a journal, the oldest first. Another process may rotate them at any time."""

    def __init__(self, disk: Disk, folder: Path) -> None:
        self._disk = disk
        self._folder = folder
        self._heads: dict[Path, Segment] = {}

    def all(self) -> list[Segment]:
        """Every segment, in order. Raises StoreCorrupt."""
        for _ in range(5):
            try:
                return self._list()
            except FileNotFoundError:
                continue  # renamed after the folder was listed
        return self._list()

    def _list(self) -> list[Segment]:
        segments = []
        if self._folder.is_dir():
            for path in self._folder.iterdir():
                if _NAME.fullmatch(path.name):
                    if path not in self._heads:
                        self._heads[path] = read_head(path)
                    segments.append(self._heads[path])
                elif path.name == CURRENT:
                    segments.append(read_head(path))
        # A segment may be listed under both names: if it was renamed during the listing, or if a
        # power cut has undone half of the renaming. The archived one is complete then.
        segments.sort(key=lambda segment: (segment.first, segment.path.name == CURRENT))
        return [
            segment
            for number, segment in enumerate(segments)
            if not number or segment.first != segments[number - 1].first
        ]

    def forget(self) -> None:
        """Clears the cache of heads, so that every file is read again."""
        self._heads.clear()

    def data(self, segment: Segment) -> bytes:
        """The content of a segment, even if it was renamed since."""
        for path in (segment.path, self._folder / archived_name(segment.first)):
            try:
                data = self._disk.read(path)
            except FileNotFoundError:
                continue
            if data.startswith(segment.head):
                return data
        raise StoreCorrupt(f"{segment.path} is missing")

    def entries_after(self, revision: int, until: int, limit: int) -> list[Entry]:
        """Up to `limit` entries after `revision`, up to and including `until`."""
        segments = self.all()
        number = max(0, bisect_right([segment.revision for segment in segments], revision) - 1)
        entries: list[Entry] = []
        for segment in segments[number:]:
            data = self.data(segment)
            walk = SegmentReader(segment, data, *_seek(segment, data, revision))
            for line in walk:
                batch = _batch(walk, line)
                entries += [entry for entry in batch.entries if revision < entry.revision <= until]
                if len(entries) >= limit or batch.revision >= until:
                    return entries[:limit]
        return entries

    def of_sku(self, segment: Segment, sku: str, until: int) -> list[Entry]:
        """The entries of a SKU in one segment, up to and including revision `until`."""
        data = self.data(segment)
        mark = encode(sku)
        walk = SegmentReader(segment, data)
        entries: list[Entry] = []
        for line in walk:
            if mark in line:
                entries += [
                    entry
                    for entry in _batch(walk, line).entries
                    if entry.sku == sku and entry.revision <= until
                ]
        return entries


def _batch(walk: SegmentReader, line: bytes) -> JournalBatch:
    try:
        return walk.segment.reader.batch(line)
    except ValueError as error:
        raise walk.damage(str(error)) from None


def _seek(segment: Segment, data: bytes, revision: int) -> tuple[int, int]:
    """The offset of the first batch that ends after `revision`, and the checksum before it."""
    low, high, chain = segment.start, data.rfind(b"\n") + 1, segment.chain
    while low < high:
        begin = data.rfind(b"\n", low - 1, (low + high) // 2) + 1
        prefix = _PREFIX.match(data, begin)
        if prefix is None:
            walk = SegmentReader(segment, data, begin, 0)
            raise walk.damage("it is not a batch")
        if int(prefix[3]) <= revision:
            low, chain = data.find(b"\n", begin) + 1, int(prefix[1], 16)
        else:
            high = begin
    return low, chain
