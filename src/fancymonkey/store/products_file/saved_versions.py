"""Replaces products.json safely, and stores the versions that we wrote last.

An edit is a difference from our last version. So each version is stored in a second file, durable
before the first can have it; between the two writes both versions count as ours.

After a failed sync the system considers the file and its name clean, but the medium has neither: a
power cut would restore an older file. So all versions since then count as ours until the content is
in a new file whose syncs have succeeded. A marker file records that across a restart. It needs no
sync, because a power cut that loses it also clears the system's memory.
"""

import contextlib
import errno
import logging
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

from fancymonkey.errors import StoreCorrupt
from fancymonkey.store.shared.files import OWNERS, PRIVATE, Disk, write_new
from fancymonkey.text import counted

log = logging.getLogger(__name__)

UNCHECKED = 0
"""The revision of a version that may lack changes of the store: the owner wrote it."""

BEHIND = 5000
"""Entries after which the revision of unchanged content is recorded again: a start reads them."""

SWAP = "products.json.swap"

_NAME = re.compile(r"products-(\d{12,})-(\d+)-([0-9a-f]{8})\.json")


@dataclass(frozen=True, slots=True)
class SavedVersion:
    """A content of the owner's file, and the ledger's revision that it shows."""

    content: bytes
    revision: int


class Versions:
    """The owner's file, and our last versions of it in the state folder."""

    def __init__(self, disk: Disk, path: Path, folder: Path) -> None:
        self._named = path
        self.known: list[SavedVersion] = []
        self.number = 0
        self._disk = disk
        self._folder = folder
        self._mark = folder / "products.json.failed-sync"
        self._swapped: bytes | None = None
        self._forget_after_swap = False
        self.sync_failed = False
        """Whether a power cut may restore an older file, until `write_again` has succeeded."""

    @property
    def path(self) -> Path:
        """The owner's file: behind a symbolic link, the file that the link names now."""
        return Path(os.path.realpath(self._named)) if self._named.is_symlink() else self._named

    @property
    def _swap(self) -> Path:
        """The new file before it takes the place of the owner's, on the same file system."""
        path = self.path
        beside = path != self._named
        return path.with_name(f".{path.name}.swap") if beside else self._folder / SWAP

    def open(self) -> None:
        """Reads the versions that may have been written last. Raises OSError."""
        self._disk.make_folder(self._folder)
        self.sync_failed = self._mark.exists()
        # The files of a process that died may be in memory only; from now on we rely on them.
        self._sync_name()
        for path, name in self._stored():
            self.number = max(self.number, int(name[1]))
            content = self._disk.read(path)
            if f"{crc32(content):08x}" == name[3]:
                self.known.append(SavedVersion(content, int(name[2])))
            else:
                self._disk.remove(path)  # cut off by a crash
        self._rescue()

    def check_ledger(self, revision: int) -> None:
        """Raises StoreCorrupt if a version shows a later revision than the end of the ledger."""
        shown = max((int(name[2]) for _, name in self._stored()), default=UNCHECKED)
        if shown > revision:
            entries = counted(revision, "entry", "entries")
            raise StoreCorrupt(
                f"The ledger in {self._folder.parent} has {entries}, and {self.path.name} was "
                f"written when there were {shown}: files in logs are missing, or have lost their "
                f"end. Put them back, or restore a backup. To start again from {self.path.name}, "
                f"without holds and history, move logs and state away."
            )

    def uncheck(self) -> None:
        """Accepts any content of the file, because the ledger begins again. Raises OSError."""
        if self.known and self.path.exists():
            self.remember(SavedVersion(self.known[-1].content, UNCHECKED))

    def is_behind(self, revision: int) -> bool:
        """Whether the recorded revision of the file is unknown, or far below this one."""
        shown = self.known[-1].revision
        return shown == UNCHECKED or revision - shown >= BEHIND

    def stored(self) -> list[SavedVersion]:
        """The versions in the folder, old to new; changes no file. Raises OSError."""
        files = [(self._disk.read(path), name) for path, name in self._stored()]
        return [
            SavedVersion(content, int(name[2]))
            for content, name in files
            if f"{crc32(content):08x}" == name[3]
        ]

    def is_edited(self, content: bytes) -> bool:
        """Whether we did not write this content; changes no file. Raises OSError."""
        ours = {name[3] for _, name in self._stored()}
        return bool(ours) and f"{crc32(content):08x}" not in ours

    def _stored(self) -> list[tuple[Path, re.Match[str]]]:
        """The file of every version, old to new."""
        if not self._folder.is_dir():
            return []
        names = [(path, _NAME.fullmatch(path.name)) for path in self._folder.iterdir()]
        files = [(path, name) for path, name in names if name is not None]
        return sorted(files, key=lambda pair: int(pair[1][1]))

    def _rescue(self) -> None:
        """Handles the old file of an interrupted exchange: our version, or an unread edit."""
        left = self.read(self._swap)
        if left is None:
            return
        ours = [version.content for version in self.known]
        if not left or left == self.read() or any(content.startswith(left) for content in ours):
            self._disk.remove(self._swap)
            return
        rescued = self.path.with_name(f"products.rescued-{self.number}.json")
        self._disk.rename(self._swap, rescued)
        log.error(
            "%s was saved in the moment of a crash and was not applied; it is stored as %s",
            self.path,
            rescued.name,
        )

    def read(self, path: Path | None = None) -> bytes | None:
        """The content of the owner's file, or None if it is missing. Raises OSError."""
        path = path or self.path
        try:
            if not stat.S_ISREG(path.stat().st_mode):  # to read a pipe would wait without an end
                raise OSError(errno.EINVAL, "it is not a file", str(path))
            return self._disk.read(path)
        except FileNotFoundError:
            return None

    def stamp(self) -> tuple[int, int, int, int] | None:
        """A value that nearly always changes when the file does; None if it is missing."""
        try:
            status = self.path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino, status.st_ctime_ns

    def remember(self, version: SavedVersion) -> None:
        """Records this as the only version that the file may have. Raises OSError."""
        # An editor may not have synced it. If a power cut undid it after we have applied it, the
        # old content would look like an edit.
        fd = self._disk.open(self.path)
        try:
            self._disk.sync(fd)
        except OSError as error:
            self._sync_has_failed(error)
        finally:
            self._disk.close(fd)
        self._sync_name()
        self._save(version)
        self._forget_others()

    def _sync_name(self) -> None:
        """Makes the name of the owner's file durable; a failure is recorded."""
        try:
            self._disk.sync_folder(self.path.parent)
        except OSError as error:
            self._sync_has_failed(error)

    def _sync_has_failed(self, error: OSError) -> None:
        log.error("%s: a sync has failed (%s); the file is written again", self.path, error)
        self.sync_failed = True
        try:
            self._disk.close(self._disk.create(self._mark))
        except OSError as unmarked:
            log.critical("%s could not be made: %s", self._mark, unmarked)

    def write_again(self) -> None:
        """Writes the content to a new file after a failed sync; `sync_failed` is False afterwards.
        Does nothing while the file is missing or is being saved. Raises OSError.
        """
        content = self.read() if self.sync_failed and not self.unsettled else None
        if content is None:
            return
        try:
            written, exchanged = self._put(content, content)
        except OSError:
            with contextlib.suppress(OSError):
                self._disk.remove(self._swap)
            raise
        if not written:
            self._disk.remove(self._swap)
            return
        latest = bool(self.known) and self.known[-1].content == content
        if exchanged:
            self._swapped, self._forget_after_swap = content, latest
        self._disk.sync_folder(self.path.parent)
        self.sync_failed = False
        self._disk.remove(self._mark)
        if latest and not exchanged:
            self._forget_others()

    def _save(self, version: SavedVersion) -> None:
        self.number += 1
        total = crc32(version.content)
        name = f"products-{self.number:012d}-{version.revision}-{total:08x}.json"
        write_new(self._disk, self._folder / name, [version.content])
        self._disk.sync_folder(self._folder)
        self.known.append(version)

    def _forget_others(self) -> None:
        if self.sync_failed:
            return
        for path, name in self._stored():
            if int(name[1]) != self.number:
                self._disk.remove(path)
        self.known = self.known[-1:]

    def replace(self, version: SavedVersion, expected: bytes | None) -> "Replaced":
        """Writes the owner's file if it still has the content `expected`. Raises OSError.

        Nothing is written if an edit is detected in time. An edit between that check and the
        exchange is returned: it is in no file any more, and both versions still count as ours.
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
        self._sync_name()
        content_now = self.read(self._swap) if exchanged else expected
        if content_now != expected:
            self._disk.remove(self._swap)
            return Replaced(written=True, edit=content_now)
        if not self.sync_failed:
            self.known = [version]
        if exchanged:
            # An editor may have the old file open and write into it a moment later. Until then both
            # versions stay in the folder, so that the old one does not look like an edit after a
            # crash.
            self._swapped, self._forget_after_swap = content_now, True
        else:
            self._forget_others()
        return Replaced(written=True)

    def _put(self, content: bytes, expected: bytes | None) -> tuple[bool, bool]:
        """Puts the content in place if the file is unchanged. Returns whether it did, and whether
        by an exchange.
        """
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
        """Restores an edit that `replace` detected too late. Raises OSError."""
        write_new(self._disk, self._swap, [content])
        self._disk.dress(self._swap, self.path)
        self._disk.rename(self._swap, self.path)
        self._sync_name()

    def _take_back(self) -> None:
        self.known.pop()
        self._disk.remove(self._stored()[-1][0])
        self._disk.remove(self._swap)

    def late_edit(self) -> "LateEdit | None":
        """An edit that was written into the old file after its replacement. Works once."""
        base, self._swapped = self._swapped, None
        if base is None:
            return None
        content = self.read(self._swap)
        self._disk.remove(self._swap)
        if self._forget_after_swap:
            self._forget_others()
        return None if content is None or content == base else LateEdit(content, base)

    @property
    def unsettled(self) -> bool:
        """Whether `late_edit` has a file to check."""
        return self._swapped is not None


@dataclass(frozen=True, slots=True)
class Replaced:
    """Whether the file was written, and an unread edit that it has replaced."""

    written: bool
    edit: bytes | None = None


@dataclass(frozen=True, slots=True)
class LateEdit:
    """The content of a late edit, and the version that was edited."""

    content: bytes
    base: bytes
