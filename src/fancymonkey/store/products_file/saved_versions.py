"""Replaces products.json safely, and stores our last version of it.

An edit is a difference from our last version. So each version is stored in a second file, which is
durable before products.json gets it; between the two writes both versions count as ours.
"""

import contextlib
import logging
import re
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

from fancymonkey.errors import StoreCorrupt
from fancymonkey.store.shared.files import OWNERS, PRIVATE, Disk, write_new

log = logging.getLogger(__name__)

UNCHECKED = 0
"""The revision of a version that the owner wrote: it may differ from the store."""

_NAME = re.compile(r"products-(\d{12,})-(\d+)-([0-9a-f]{8})\.json")


@dataclass(frozen=True, slots=True)
class Version:
    """A content of the owner's file, and the ledger's revision that it shows."""

    content: bytes
    revision: int


class Versions:
    """The owner's file, and our last versions of it in the state folder."""

    def __init__(self, disk: Disk, path: Path, folder: Path) -> None:
        self.path = path
        self.known: list[Version] = []
        self.number = 0
        self._disk = disk
        self._folder = folder
        self._swap = folder / "products.json.swap"
        self._swapped: bytes | None = None

    def open(self) -> None:
        """Reads the versions that may have been written last. Raises OSError."""
        self._disk.make_folder(self._folder)
        # Renames of a killed process may be in memory only; from now on they must be durable.
        self._disk.sync_folder(self.path.parent)
        for path, name in self._stored():
            self.number = max(self.number, int(name[1]))
            content = self._disk.read(path)
            if f"{crc32(content):08x}" == name[3]:
                self.known.append(Version(content, int(name[2])))
            else:
                self._disk.remove(path)  # torn by a crash
        self._rescue()

    def check_ledger(self, revision: int) -> None:
        """Raises StoreCorrupt if a version shows entries after the end of the ledger."""
        shown = max((int(name[2]) for _, name in self._stored()), default=UNCHECKED)
        if shown > revision:
            raise StoreCorrupt(
                f"The ledger in {self._folder.parent} has {revision} entries, and {self.path.name} "
                f"was written when there were {shown}: files in logs are missing, or have lost "
                f"their end. Put them back, or restore a backup. To start again from "
                f"{self.path.name}, without holds and history, move logs and state away."
            )

    def uncheck(self) -> None:
        """Marks the version in the file as unchecked, because the ledger starts again.

        Raises OSError.
        """
        if self.known and self.path.exists():
            self.remember(Version(self.known[-1].content, UNCHECKED))

    def stored(self) -> list[Version]:
        """The versions in the folder, the oldest first; changes nothing. Raises OSError."""
        files = [(self._disk.read(path), name) for path, name in self._stored()]
        return [
            Version(content, int(name[2]))
            for content, name in files
            if f"{crc32(content):08x}" == name[3]
        ]

    def is_edited(self, content: bytes) -> bool:
        """Whether a content is not one of our versions; changes nothing. Raises OSError."""
        ours = {name[3] for _, name in self._stored()}
        return bool(ours) and f"{crc32(content):08x}" not in ours

    def _stored(self) -> list[tuple[Path, re.Match[str]]]:
        """The file of every version, the oldest first."""
        if not self._folder.is_dir():
            return []
        names = [(path, _NAME.fullmatch(path.name)) for path in self._folder.iterdir()]
        files = [(path, name) for path, name in names if name is not None]
        return sorted(files, key=lambda pair: int(pair[1][1]))

    def _rescue(self) -> None:
        """Keeps an edit that a crash has left in the swap file during an exchange."""
        content = self.read(self._swap)
        if content is None:
            return
        if not content or any(version.content.startswith(content) for version in self.known):
            self._disk.remove(self._swap)
            return
        rescued = self.path.with_name(f"products.rescued-{self.number}.json")
        self._disk.rename(self._swap, rescued)
        log.error(
            "%s was saved at the moment of a crash and was not applied; it is kept as %s",
            self.path,
            rescued.name,
        )

    def read(self, path: Path | None = None) -> bytes | None:
        """The content of the owner's file, or None if there is none. Raises OSError."""
        try:
            return self._disk.read(path or self.path)
        except FileNotFoundError:
            return None

    def stamp(self) -> tuple[int, int, int, int] | None:
        """A value that changes (nearly) whenever the file does; None if there is no file."""
        try:
            stat = self.path.stat()
        except OSError:
            return None
        return stat.st_mtime_ns, stat.st_size, stat.st_ino, stat.st_ctime_ns

    def remember(self, version: Version) -> None:
        """Stores the version that is in the file, and removes the others. Raises OSError."""
        # An editor may not have synced the file. If a power cut undid it after we applied it, the
        # old content would look like an edit.
        fd = self._disk.open(self.path)
        try:
            self._disk.sync(fd)
        finally:
            self._disk.close(fd)
        self._disk.sync_folder(self.path.parent)
        self._save(version)
        self._forget_others()

    def _save(self, version: Version) -> None:
        self.number += 1
        total = crc32(version.content)
        name = f"products-{self.number:012d}-{version.revision}-{total:08x}.json"
        write_new(self._disk, self._folder / name, [version.content])
        self._disk.sync_folder(self._folder)
        self.known.append(version)

    def _forget_others(self) -> None:
        for path, name in self._stored():
            if int(name[1]) != self.number:
                self._disk.remove(path)
        self.known = self.known[-1:]

    def replace(self, version: Version, expected: bytes | None) -> "Replaced":
        """Writes the owner's file if its content is still `expected`. Raises OSError.

        If an edit is detected in time, nothing is written. An edit between the check and the
        exchange is returned: it is no longer in any file, and both versions still count as ours.
        """
        self._save(version)
        try:
            written, exchanged = self._put(version.content, expected)
        except OSError:
            with contextlib.suppress(OSError):
                self._take_back()
            raise
        if not written:
            self._take_back()
            return Replaced(written=False)
        self._disk.sync_folder(self.path.parent)
        replaced = self.read(self._swap) if exchanged else expected
        if replaced != expected:
            self._disk.remove(self._swap)
            return Replaced(written=True, edit=replaced)
        self.known = [version]
        if exchanged:
            # An editor may have the old file open and write to it a moment later. Until then both
            # versions stay in the folder, so that after a crash the old one does not look like an
            # edit.
            self._swapped = replaced
        else:
            self._forget_others()
        return Replaced(written=True)

    def _put(self, content: bytes, expected: bytes | None) -> tuple[bool, bool]:
        """Writes the content unless the file has changed; (written, whether by an exchange)."""
        mode = PRIVATE if self.path.exists() else OWNERS
        write_new(self._disk, self._swap, [content], mode)
        self._disk.dress(self._swap, self.path)  # keeps the file's permissions
        if self.read() != expected:
            return False, False
        exchanged = expected is not None and self._disk.exchange(self._swap, self.path)
        if not exchanged:
            self._disk.rename(self._swap, self.path)
        return True, exchanged

    def put_back(self, content: bytes) -> None:
        """Restores an edit that `replace` has overwritten. Raises OSError."""
        write_new(self._disk, self._swap, [content])
        self._disk.dress(self._swap, self.path)
        self._disk.rename(self._swap, self.path)
        self._disk.sync_folder(self.path.parent)

    def _take_back(self) -> None:
        self.known.pop()
        self._disk.remove(self._stored()[-1][0])
        self._disk.remove(self._swap)

    def late_edit(self) -> "LateEdit | None":
        """An edit that was written to the old file after its replacement, once; else None."""
        base, self._swapped = self._swapped, None
        if base is None:
            return None
        content = self.read(self._swap)
        self._disk.remove(self._swap)
        self._forget_others()
        return None if content is None or content == base else LateEdit(content, base)

    @property
    def unsettled(self) -> bool:
        """Whether `late_edit` has an old file to check."""
        return self._swapped is not None


@dataclass(frozen=True, slots=True)
class Replaced:
    """Whether the file was written, and an edit that this has overwritten."""

    written: bool
    edit: bytes | None = None


@dataclass(frozen=True, slots=True)
class LateEdit:
    """The content of a late edit, and the version that was edited."""

    content: bytes
    base: bytes
