"""The record of a clean shutdown: the journal is on the medium up to its position.

A store writes it when it closes, and the next start compares it with the journal. If it is missing,
unreadable or has another position, a sync may have failed: then the system may keep pages in memory
that it considers clean and that the medium does not have. The record itself needs no sync: a power
cut that loses it also clears that memory.
"""

from pathlib import Path

import msgspec

from fancymonkey.store.shared.files import Disk

NAME = "clean-end.json"


class CleanEnd(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The last batch of the journal, its checksum, and the size of its file."""

    batch: int
    chain: str
    size: int

    def write(self, disk: Disk, folder: Path) -> None:
        """Writes the record into a folder. Raises OSError."""
        disk.make_folder(folder)
        fd = disk.create(folder / NAME)
        try:
            disk.write(fd, msgspec.json.encode(self) + b"\n")
        finally:
            disk.close(fd)


def read_clean_end(disk: Disk, folder: Path) -> CleanEnd | None:
    """The record of a folder, or None if there is none that can be read."""
    try:
        return msgspec.json.decode(disk.read(folder / NAME), type=CleanEnd)
    except (OSError, ValueError):
        return None
