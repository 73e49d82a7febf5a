"""The archive of a JSON store: finished rows, in sorted files that never change.

Memory has the rows that may still matter: live holds, open orders, and everything since the last
snapshot. With each snapshot the others go into a new file of the archive. Files of about the same
size are merged, so that their number grows with the logarithm of the number of rows.
"""

from collections.abc import Collection, Hashable, Iterator, Mapping
from heapq import merge
from operator import attrgetter
from pathlib import Path
from typing import Any, Self

import msgspec

from fancymonkey.core.model import Row
from fancymonkey.core.state import Rows
from fancymonkey.errors import StoreCorrupt
from fancymonkey.store.contract import R
from fancymonkey.store.in_memory.past import Removed
from fancymonkey.store.json.archive_file import ArchiveDamaged, ArchiveFile
from fancymonkey.store.json.archive_write import archive_parts
from fancymonkey.store.json.key_filter import mark_of
from fancymonkey.store.shared.files import Disk, write_safely

TIER = 4
"""The number of files of about the same size that become one."""
PATTERN = "archive-*.rows"

_by_key = attrgetter("key")


class ArchiveName(msgspec.Struct, frozen=True):
    """A file of the archive as a snapshot names it: the name, and the checksum of its index."""

    name: str
    sum: str


class Archive:
    """All files of an archive, the newest first. It never changes: a change makes another one."""

    def __init__(self, files: tuple[ArchiveFile, ...], removed: Removed) -> None:
        self.files = files
        self.removed = removed
        self._kinds = frozenset(kind for file in files for kind in file.kinds)
        self._filters = {kind: tuple(_filters(files, kind)) for kind in self._kinds}

    @property
    def kinds(self) -> Collection[type[Row]]:
        """See `PastRows.kinds`."""
        return self._kinds

    @property
    def names(self) -> list[ArchiveName]:
        """The files, as a snapshot names them."""
        return [ArchiveName(file.path.name, file.sum) for file in self.files]

    def find(self, kind: type[R], key: Hashable) -> R | None:
        """See `PastRows.find`. Raises StoreCorrupt."""
        mark = mark_of(key)
        for bits, mask, file in self._filters.get(kind, ()):
            # Nearly every request is for a key that does not exist, and ends with the first bit.
            if bits[(mark & mask) >> 3] >> (mark & 7) & 1:
                row = file.find(kind, key, mark)
                if row is not None:
                    return None if self.removed.covers(row) else row
        return None

    def after(self, kind: type[R], after: Hashable | None) -> Iterator[R]:
        """See `PastRows.after`. Raises StoreCorrupt."""
        before: Any = None
        for row in merge(*(file.after(kind, after) for file in self.files), key=_by_key):
            if row.key != before and not self.removed.covers(row):
                yield row
            before = row.key

    def without(self, removed: Removed) -> Self:
        """See `PastRows.without`."""
        return type(self)(self.files, self.removed.plus(removed))

    def count(self, removed: Removed, newer: Rows) -> int:
        """See `PastRows.count`. Raises StoreCorrupt."""
        kinds = self._kinds.intersection(removed.kinds)
        return sum(
            removed.covers(row) and row.key not in newer[kind]
            for kind in kinds
            for row in self.after(kind, None)
        )

    def problems(self) -> Iterator[str]:
        """Reads every block; yields a text for each damaged file."""
        for file in self.files:
            try:
                for kind in file.kinds:
                    for _ in file.values(kind):
                        pass
            except StoreCorrupt as error:
                yield str(error)


EMPTY = Archive((), Removed())
"""The archive of a store that has no file of it yet."""


def _filters(
    files: tuple[ArchiveFile, ...], kind: type[Row]
) -> Iterator[tuple[bytes, int, ArchiveFile]]:
    for file in files:
        if kind in file.kinds:
            of_kind = file.filter_of(kind)
            yield of_kind.bits, of_kind.mask, file


class ArchiveFolder:
    """The files of an archive in a folder."""

    def __init__(self, disk: Disk, folder: Path) -> None:
        self._disk = disk
        self._folder = folder

    def open(self, names: list[ArchiveName], removed: Removed) -> Archive:
        """Opens these files. Raises FileNotFoundError, OSError, StoreCorrupt."""
        files = []
        for name in names:
            file = ArchiveFile(self._folder / name.name)
            if file.sum != name.sum:
                raise ArchiveDamaged(f"{file.path} is not the file that the state file names")
            files.append(file)
        return Archive(tuple(files), removed)

    def add(self, number: int, rows: Mapping[type[Row], list[Row]], archive: Archive) -> Archive:
        """Writes rows, and those of files of the same size, into a new file. Raises OSError.

        `number` is the last batch of the journal that the rows know.
        """
        self._disk.make_folder(self._folder)
        count = files_to_merge(sum(map(len, rows.values())), [file.rows for file in archive.files])
        path = self._folder / f"archive-{number:012d}.rows"
        write_safely(self._disk, path, archive_parts(rows, archive.files[:count], archive.removed))
        return Archive((ArchiveFile(path), *archive.files[count:]), archive.removed)

    def remove_others(self, names: Collection[str]) -> None:
        """Removes every file that no snapshot names. Raises OSError."""
        for path in self._folder.glob(PATTERN):
            if path.name not in names:
                self._disk.remove(path)


def files_to_merge(rows: int, files: list[int]) -> int:
    """The number of files, the newest first, to merge into a new file with these `rows`.

    Each level is `TIER` times as large as the one below. Files are merged once there are `TIER` of
    a level or below, the new one among them; the result may fill the next level.
    """
    count, total = 0, rows
    while True:
        level = _level(total)
        following = count
        while following < len(files) and _level(files[following]) <= level:
            following += 1
        if following - count < TIER - 1:
            return count
        total += sum(files[count:following])
        count = following


def _level(rows: int) -> int:
    return rows.bit_length() // 2
