"""A note that everything in the journal up to a position is on the medium.

It is written where a store was closed in good order, and compared with what the next start finds.
Where it is missing, cannot be read or names another position, nobody knows whether a sync failed:
then the system may hold pages in memory that it calls clean and that the medium does not have. The
note itself needs no sync: a power cut that loses it leaves nothing in memory either.
"""

from pathlib import Path

import msgspec

from fancymonkey.store.shared.files import Disk

NAME = "clean-end.json"


class CleanEnd(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The last batch of the journal, its checksum, and the size of the file that it lies in."""

    batch: int
    chain: str
    size: int

    def write(self, disk: Disk, folder: Path) -> None:
        """Leaves the note in a folder. Raises OSError."""
        disk.make_folder(folder)
        fd = disk.create(folder / NAME)
        try:
            disk.write(fd, msgspec.json.encode(self) + b"\n")
        finally:
            disk.close(fd)


def read_clean_end(disk: Disk, folder: Path) -> CleanEnd | None:
    """The note in a folder, or None where there is none that can be read."""
    try:
        return msgspec.json.decode(disk.read(folder / NAME), type=CleanEnd)
    except (OSError, ValueError):
        return None
