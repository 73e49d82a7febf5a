"""products.json on the medium: replaced safely, and what we wrote last is remembered.

An edit is what differs from our last version. So each version is kept in a second file, durable
before the first can have it; between the two writes both versions count as ours.

After a failed sync the system calls the file and its name clean, and the medium has neither: a
power cut would bring an older file back. So all versions since then count as ours until the content
is in a new file whose syncs have succeeded. A mark keeps that across a restart; the mark needs no
sync, because a power cut that loses it also ends what it warns of.
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
"""The revision of a version that may say less than the store: the owner wrote it."""

_NAME = re.compile(r"products-(\d{12,})-(\d+)-([0-9a-f]{8})\.json")


@dataclass(frozen=True, slots=True)
class Version:
    """What the owner's file held at one time, and the ledger's revision that it shows."""

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
        self._mark = folder / "products.json.failed-sync"
        self._swapped: bytes | None = None
        self._forget_after_swap = False
        self.sync_failed = False
        """Whether a power cut may bring an older file back, until `write_again` has gone well."""

    def open(self) -> None:
        """Reads which versions may be the one that was written last. Raises OSError."""
        self._disk.make_folder(self._folder)
        self.sync_failed = self._mark.exists()
        # What a process that died has left may be in memory only; from now on we build on it.
        self._sync_name()
        for path, name in self._stored():
            self.number = max(self.number, int(name[1]))
            content = self._disk.read(path)
            if f"{crc32(content):08x}" == name[3]:
                self.known.append(Version(content, int(name[2])))
            else:
                self._disk.remove(path)  # torn by a crash
        self._rescue()

    def check_ledger(self, revision: int) -> None:
        """Raises StoreCorrupt where a version shows more than the ledger has, which ends there."""
        shown = max((int(name[2]) for _, name in self._stored()), default=UNCHECKED)
        if shown > revision:
            raise StoreCorrupt(
                f"The ledger in {self._folder.parent} has {revision} entries, and {self.path.name} "
                f"was written when there were {shown}: files in logs are gone, or have lost their "
                f"end. Put them back, or restore a backup. To begin anew from {self.path.name}, "
                f"without holds and history, move logs and state away."
            )

    def uncheck(self) -> None:
        """The ledger begins anew, and the file may say anything. Raises OSError."""
        if self.known and self.path.exists():
            self.remember(Version(self.known[-1].content, UNCHECKED))

    def stored(self) -> list[Version]:
        """The versions in the folder, old to new; touches nothing. Raises OSError."""
        found = [(self._disk.read(path), name) for path, name in self._stored()]
        return [
            Version(content, int(name[2]))
            for content, name in found
            if f"{crc32(content):08x}" == name[3]
        ]

    def is_edited(self, content: bytes) -> bool:
        """Whether this is none of the versions that we wrote; touches nothing. Raises OSError."""
        ours = {name[3] for _, name in self._stored()}
        return bool(ours) and f"{crc32(content):08x}" not in ours

    def _stored(self) -> list[tuple[Path, re.Match[str]]]:
        """The file of every version, old to new."""
        if not self._folder.is_dir():
            return []
        names = [(path, _NAME.fullmatch(path.name)) for path in self._folder.iterdir()]
        found = [(path, name) for path, name in names if name is not None]
        return sorted(found, key=lambda pair: int(pair[1][1]))

    def _rescue(self) -> None:
        """A crash may have left the other side of an exchange: ours, or an edit nobody has seen."""
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
            "%s was saved in the moment of a crash and was not taken in; it is kept as %s",
            self.path,
            rescued.name,
        )

    def read(self, path: Path | None = None) -> bytes | None:
        """What the owner's file holds, or None where there is none. Raises OSError."""
        try:
            return self._disk.read(path or self.path)
        except FileNotFoundError:
            return None

    def stamp(self) -> tuple[int, int, int, int] | None:
        """Changes when the file does, or nearly always; None where there is no file."""
        try:
            stat = self.path.stat()
        except OSError:
            return None
        return stat.st_mtime_ns, stat.st_size, stat.st_ino, stat.st_ctime_ns

    def remember(self, version: Version) -> None:
        """From now on this is the version in the file, and nothing else. Raises OSError."""
        # An editor may not have synced it. Should it be undone by a power cut after we have taken
        # it in, the old content would look like an edit.
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
        """Makes the name of the owner's file durable; where that fails, it is remembered."""
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
        """Puts the content into a new file after a failed sync; `sync_failed` is False afterwards.

        While the file is missing or is being saved nothing is done. Raises OSError.
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

    def _save(self, version: Version) -> None:
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

    def replace(self, version: Version, expected: bytes | None) -> "Replaced":
        """Writes the owner's file where it still holds `expected`. Raises OSError.

        Where an edit was seen in time nothing is written. One that came between the look and the
        exchange is returned: it is in no file any more, and both versions count as ours still.
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
        found = self.read(self._swap) if exchanged else expected
        if found != expected:
            self._disk.remove(self._swap)
            return Replaced(written=True, edit=found)
        if not self.sync_failed:
            self.known = [version]
        if exchanged:
            # An editor may hold the old file open and write into it a moment later. Until that is
            # over both versions stay in the folder, so that a crash does not make the old one
            # look like an edit.
            self._swapped, self._forget_after_swap = found, True
        else:
            self._forget_others()
        return Replaced(written=True)

    def _put(self, content: bytes, expected: bytes | None) -> tuple[bool, bool]:
        """Puts the content in place, where nobody else was there; whether by an exchange."""
        mode = PRIVATE if self.path.exists() else OWNERS
        write_new(self._disk, self._swap, [content], mode)
        self._disk.dress(self._swap, self.path)  # whoever may edit it still may
        if self.read() != expected:
            return False, False
        exchanged = expected is not None and self._disk.exchange(self._swap, self.path)
        if not exchanged:
            self._disk.rename(self._swap, self.path)
        return True, exchanged

    def put_back(self, content: bytes) -> None:
        """Gives the owner's file back what `replace` found there too late. Raises OSError."""
        write_new(self._disk, self._swap, [content])
        self._disk.dress(self._swap, self.path)
        self._disk.rename(self._swap, self.path)
        self._sync_name()

    def _take_back(self) -> None:
        self.known.pop()
        self._disk.remove(self._stored()[-1][0])
        self._disk.remove(self._swap)

    def late_edit(self) -> "LateEdit | None":
        """What an editor has written into the old file after it was replaced; asked once."""
        base, self._swapped = self._swapped, None
        if base is None:
            return None
        found = self.read(self._swap)
        self._disk.remove(self._swap)
        if self._forget_after_swap:
            self._forget_others()
        return None if found is None or found == base else LateEdit(found, base)

    @property
    def unsettled(self) -> bool:
        """Whether `late_edit` has something to look at."""
        return self._swapped is not None


@dataclass(frozen=True, slots=True)
class Replaced:
    """Whether the file was written, and an edit that was replaced by it unseen."""

    written: bool
    edit: bytes | None = None


@dataclass(frozen=True, slots=True)
class LateEdit:
    """What was found, and the version that it was an edit of."""

    found: bytes
    base: bytes
