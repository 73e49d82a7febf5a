"""Snapshots of all rows, so that a start reads only the latest one and the end of the journal.

A snapshot is written once and never changed; its last line has the checksum of the rest.
"""

import logging
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from zlib import crc32

import msgspec

from fancymonkey.core.model import Row
from fancymonkey.errors import StoreCorrupt
from fancymonkey.store.in_memory.past import Removed
from fancymonkey.store.json.archive import EMPTY, Archive, ArchiveFolder, ArchiveName
from fancymonkey.store.json.archive_file import ArchiveDamaged
from fancymonkey.store.json.journal import Position
from fancymonkey.store.json.records import COLUMNS, Columns, encode, reader_of, table
from fancymonkey.store.shared.files import Disk, write_safely
from fancymonkey.text import counted

log = logging.getLogger(__name__)

FORMAT = 1
WITH_ARCHIVE = 2
"""The format of a snapshot that names files of the archive: earlier versions refuse it."""
KEPT = 2
"""The number of snapshots that are kept: if one is damaged, the previous one is used."""

TRIES = 5
"""The number of reads of the snapshots if another process replaces them."""

SLICE = 500
"""Rows encoded at once; other threads run in between."""

_NAME = re.compile(r"state-(\d{12,})\.json")


class _SnapshotHead(msgspec.Struct, omit_defaults=True):
    state: int
    batch: int
    revision: int
    chain: str
    at: int
    columns: Columns
    archive: list[ArchiveName] = []
    pruned: int = 0
    folded: int = 0


class _Foot(msgspec.Struct):
    rows: int
    sum: str


@dataclass(frozen=True, slots=True)
class Saved:
    """The content of a snapshot: rows at a position of the journal, and the archive as of then."""

    position: Position
    rows: list[Row]
    archive: Archive


class StateFiles:
    """The snapshots in a folder, and the archive of the rows that they do not have."""

    def __init__(self, disk: Disk, folder: Path) -> None:
        self._disk = disk
        self._folder = folder
        self._archive = ArchiveFolder(disk, folder)

    def write(
        self,
        position: Position,
        at: int,
        rows: list[tuple[type[Row], list[Row]]],
        archive: Archive = EMPTY,
        over: Mapping[type[Row], list[Row]] | None = None,
    ) -> Archive:
        """Writes a snapshot durably, removes old ones, and returns the archive that it names.

        The rows `over` go into the archive first. Raises OSError.
        """
        self._disk.make_folder(self._folder)
        if over:
            archive = self._archive.add(position.number, over, archive)
        parts = _parts(position, at, rows, archive)
        write_safely(self._disk, self._path(position.number), parts)
        for path in self._paths()[KEPT:]:
            self._disk.remove(path)
        if over:
            named = self._named()
            if named is not None:
                self._archive.remove_others(named)
        return archive

    def read(self) -> Saved | None:
        """The newest valid snapshot, or None if there are no snapshots.

        Raises StoreCorrupt if all snapshots are damaged.
        """
        for attempt in count(1):
            try:
                return self._read()
            except FileNotFoundError as error:  # newer snapshots may have taken their place
                if attempt == TRIES:
                    raise StoreCorrupt(
                        f"{error.filename} is missing. Restore the folder from a backup."
                    ) from None
        return None

    def _read(self) -> Saved | None:
        paths = self._paths()
        missing: FileNotFoundError | None = None
        for path in paths:
            try:
                return _parse(self._disk.read(path), self._archive)
            except ValueError as error:
                log.error("%s is damaged (%s); an older snapshot is used", path, error)
            except ArchiveDamaged as error:
                log.error("%s An older snapshot is used", error)
            except FileNotFoundError as error:
                missing = error
            except StoreCorrupt as error:
                raise StoreCorrupt(f"{path}: {error}") from None
        if missing is not None:
            raise missing
        if paths:
            raise StoreCorrupt(f"{paths[0]} is damaged. Restore the folder from a backup.")
        return None

    def _named(self) -> set[str] | None:
        """The names of all files of the archive in the snapshots, None if one cannot be read."""
        names: set[str] = set()
        for path in self._paths():
            head = archive_names(path)
            if head is None:
                return None
            names.update(name.name for name in head)
        return names

    def clear(self) -> None:
        """Removes every snapshot, durably. Raises OSError."""
        for path in self._paths():
            self._disk.remove(path)
        self._archive.remove_others(())
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


def archive_names(path: Path) -> list[ArchiveName] | None:
    """The files of the archive that a snapshot names, None if it cannot be read."""
    try:
        with path.open("rb") as file:
            return msgspec.json.decode(file.readline(), type=_SnapshotHead).archive
    except (OSError, ValueError):
        return None


def _parts(
    position: Position, at: int, rows: list[tuple[type[Row], list[Row]]], archive: Archive
) -> Iterator[bytes]:
    head = _SnapshotHead(
        WITH_ARCHIVE if archive.files else FORMAT,
        position.number,
        position.revision,
        f"{position.chain:08x}",
        at,
        COLUMNS,
        archive.names,
        archive.removed.pruned,
        archive.removed.folded,
    )
    part = encode(head) + b"\n"
    total, number = crc32(part), 0
    yield part
    for kind, of_kind in rows:
        for start in range(0, len(of_kind), SLICE):
            part = table(kind, of_kind[start : start + SLICE])
            total = crc32(part, total)
            number += len(of_kind[start : start + SLICE])
            yield part
            time.sleep(0)  # lets the event loop run
    yield encode(_Foot(number, f"{total:08x}")) + b"\n"


def _parse(data: bytes, folder: ArchiveFolder) -> Saved:
    """The content of a snapshot. Raises ValueError, FileNotFoundError, StoreCorrupt."""
    end = data.rfind(b"\n", 0, len(data) - 1) + 1
    foot = msgspec.json.decode(data[end:], type=_Foot)
    if foot.sum != f"{crc32(data[:end]):08x}":
        raise ValueError("its checksum is wrong")
    first, *lines = data[:end].splitlines()
    head = msgspec.json.decode(first, type=_SnapshotHead)
    if head.state not in (FORMAT, WITH_ARCHIVE):
        raise StoreCorrupt(f"format {head.state} is not known to this version")
    reader = reader_of(head.columns)
    rows: list[Row] = []
    for line in lines:
        rows += reader.batch(line).rows
    if len(rows) != foot.rows:
        raise ValueError(f"it has {counted(len(rows), 'row')} and should have {foot.rows}")
    archive = folder.open(head.archive, Removed(head.pruned, head.folded))
    return Saved(Position(head.batch, head.revision, int(head.chain, 16)), rows, archive)
