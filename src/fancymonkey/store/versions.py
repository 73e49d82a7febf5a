"""products.json on the medium: replaced safely, and what we wrote last is remembered.

An edit is what differs from our last version. So each version is kept in a second file, durable
before the first can have it; between the two writes both versions count as ours.
"""

import logging
import re
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

from fancymonkey.store.files import Disk, write_new

log = logging.getLogger(__name__)

_NAME = re.compile(r"products-(\d{12,})-([0-9a-f]{8})\.json")


class Versions:
    """The owner's file, and our last versions of it in the state folder."""

    def __init__(self, disk: Disk, path: Path, folder: Path) -> None:
        self.path = path
        self.known: list[bytes] = []
        self.number = 0
        self._disk = disk
        self._folder = folder
        self._swap = folder / "products.json.swap"
        self._swapped: bytes | None = None

    def open(self) -> None:
        """Reads which versions may be the one that was written last. Raises OSError."""
        self._disk.make_folder(self._folder)
        for path, number, content in self._stored():
            self.number = max(self.number, number)
            if content is None:
                self._disk.remove(path)
            else:
                self.known.append(content)
        self._rescue()

    def _stored(self) -> list[tuple[Path, int, bytes | None]]:
        """Every version, old to new; None for one that a crash has torn."""
        found = []
        for path in sorted(self._folder.iterdir()):
            name = _NAME.fullmatch(path.name)
            if name is not None:
                content = self._disk.read(path)
                whole = f"{crc32(content):08x}" == name[2]
                found.append((path, int(name[1]), content if whole else None))
        return found

    def _rescue(self) -> None:
        """A crash may have left the other side of an exchange: ours, or an edit nobody has seen."""
        left = self.read(self._swap)
        if left is None:
            return
        if not left or any(version.startswith(left) for version in self.known):
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

    def remember(self, content: bytes) -> None:
        """From now on this is the version in the file, and nothing else. Raises OSError."""
        self._save(content)
        self._forget_others()

    def _save(self, content: bytes) -> None:
        self.number += 1
        path = self._folder / f"products-{self.number:012d}-{crc32(content):08x}.json"
        write_new(self._disk, path, [content])
        self._disk.sync_folder(self._folder)
        self.known.append(content)

    def _forget_others(self) -> None:
        for path, number, _ in self._stored():
            if number != self.number:
                self._disk.remove(path)
        self.known = self.known[-1:]

    def replace(self, content: bytes, expected: bytes | None) -> "Replaced":
        """Writes the owner's file where it still holds `expected`. Raises OSError.

        Where an edit was seen in time nothing is written. One that came between the look and the
        exchange is returned: it is in no file any more, and both versions count as ours still.
        """
        self._save(content)
        write_new(self._disk, self._swap, [content])
        if self.read() != expected:
            self._take_back()
            return Replaced(written=False)
        exchanged = expected is not None and self._disk.exchange(self._swap, self.path)
        if not exchanged:
            self._disk.rename(self._swap, self.path)
        self._disk.sync_folder(self.path.parent)
        found = self.read(self._swap) if exchanged else expected
        if found != expected:
            self._disk.remove(self._swap)
            return Replaced(written=True, edit=found)
        self.known = [content]
        if exchanged:
            # An editor may hold the old file open and write into it a moment later. Until that is
            # over both versions stay in the folder, so that a crash does not make the old one
            # look like an edit.
            self._swapped = found
        else:
            self._forget_others()
        return Replaced(written=True)

    def put_back(self, content: bytes) -> None:
        """Gives the owner's file back what `replace` found there too late. Raises OSError."""
        write_new(self._disk, self._swap, [content])
        self._disk.rename(self._swap, self.path)
        self._disk.sync_folder(self.path.parent)

    def _take_back(self) -> None:
        self.known.pop()
        path = next(path for path, number, _ in self._stored() if number == self.number)
        self._disk.remove(path)
        self._disk.remove(self._swap)

    def late_edit(self) -> "LateEdit | None":
        """What an editor has written into the old file after it was replaced; asked once."""
        base, self._swapped = self._swapped, None
        if base is None:
            return None
        found = self.read(self._swap)
        self._disk.remove(self._swap)
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
