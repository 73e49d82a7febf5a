"""Snapshots of all rows, so that a start reads only the latest one and the end of the journal.

A snapshot is written once and never changed; its last line has the checksum of the rest.
"""

import logging
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zlib import crc32

import msgspec

from fancymonkey.core.model import Row
from fancymonkey.core.rows import ROWS
from fancymonkey.errors import StoreCorrupt
from fancymonkey.store.json.journal import Position
from fancymonkey.store.json.records import COLUMNS, Columns, encode, reader_of, table
from fancymonkey.store.shared.files import Disk, write_safely

log = logging.getLogger(__name__)

FORMAT = 1
KEPT = 2
"""How many snapshots are kept: if one is damaged, the one before it and the journal suffice."""

SLICE = 500
"""Rows encoded at once; other threads run in between."""

_NAME = re.compile(r"state-(\d{12,})\.json")


class _SnapshotHead(msgspec.Struct):
    state: int
    batch: int
    revision: int
    chain: str
    at: int
    columns: Columns


class _Foot(msgspec.Struct):
    rows: int
    sum: str


class StateFiles:
    """The snapshots in a folder."""

    def __init__(self, disk: Disk, folder: Path) -> None:
        self._disk = disk
        self._folder = folder

    def write(self, position: Position, at: int, rows: list[tuple[type[Row], list[Row]]]) -> None:
        """Writes a snapshot durably and removes old ones. Raises OSError."""
        self._disk.make_folder(self._folder)
        write_safely(self._disk, self._path(position.number), _parts(position, at, rows))
        for path in self._paths()[KEPT:]:
            self._disk.remove(path)

    def read(self) -> tuple[Position, list[Row]] | None:
        """The newest valid snapshot, or None if there are no snapshots.

        Raises StoreCorrupt if all snapshots are damaged.
        """
        paths = self._paths()
        for path in paths:
            try:
                return _parse(self._disk.read(path))
            except ValueError as error:
                log.error("%s is damaged (%s); an older snapshot is used", path, error)
            except StoreCorrupt as error:
                raise StoreCorrupt(f"{path}: {error}") from None
        if paths:
            raise StoreCorrupt(f"{paths[0]} is damaged. Restore the folder from a backup.")
        return None

    def clear(self) -> None:
        """Removes every snapshot, durably. Raises OSError."""
        for path in self._paths():
            self._disk.remove(path)
        if self._folder.is_dir():
            self._disk.sync_folder(self._folder)

    def _path(self, number: int) -> Path:
        return self._folder / f"state-{number:012d}.json"

    def _paths(self) -> list[Path]:
        """All snapshots, the newest first."""
        if not self._folder.is_dir():
            return []
        files = [path for path in self._folder.iterdir() if _NAME.fullmatch(path.name)]
        return sorted(files, key=lambda path: (len(path.name), path.name), reverse=True)


def all_rows(rows: Any) -> list[tuple[type[Row], list[Row]]]:
    """References to the present rows: cheap, and safe to read in another thread."""
    return [(kind, list(rows[kind].values())) for kind in ROWS]


def _parts(position: Position, at: int, rows: list[tuple[type[Row], list[Row]]]) -> Iterator[bytes]:
    head = _SnapshotHead(
        FORMAT, position.number, position.revision, f"{position.chain:08x}", at, COLUMNS
    )
    part = encode(head) + b"\n"
    total, count = crc32(part), 0
    yield part
    for kind, of_kind in rows:
        for start in range(0, len(of_kind), SLICE):
            part = table(kind, of_kind[start : start + SLICE])
            total = crc32(part, total)
            count += len(of_kind[start : start + SLICE])
            yield part
            time.sleep(0)  # lets the event loop run
    yield encode(_Foot(count, f"{total:08x}")) + b"\n"


def _parse(data: bytes) -> tuple[Position, list[Row]]:
    """The position and rows of a snapshot. Raises ValueError."""
    end = data.rfind(b"\n", 0, len(data) - 1) + 1
    foot = msgspec.json.decode(data[end:], type=_Foot)
    if foot.sum != f"{crc32(data[:end]):08x}":
        raise ValueError("its checksum is wrong")
    first, *lines = data[:end].splitlines()
    head = msgspec.json.decode(first, type=_SnapshotHead)
    if head.state != FORMAT:
        raise StoreCorrupt(f"format {head.state} is not known to this version")
    reader = reader_of(head.columns)
    rows: list[Row] = []
    for line in lines:
        rows += reader.batch(line).rows
    if len(rows) != foot.rows:
        raise ValueError(f"it has {len(rows)} rows and should have {foot.rows}")
    return Position(head.batch, head.revision, int(head.chain, 16)), rows
