"""Notices that the files of a database were removed or replaced while it is open.

The system accepts every write and every sync of a file without a name, so SQLite would confirm
sales that no restart has.
"""

import contextlib
import os
from pathlib import Path

from fancymonkey.errors import StoreUnavailable
from fancymonkey.store.sqlite.recovery import companion

O_PATH = getattr(os, "O_PATH", None)
"""Opens the name of a file and not the file. Only Linux has it."""


class FileIdentity:
    """The files behind the names of a database and its log, as they were when first seen."""

    def __init__(self, path: Path) -> None:
        self._paths = (path, companion(path, "-wal"))
        self._numbers: dict[Path, int] = {}
        self._opened: dict[Path, tuple[int, str, str]] = {}
        """A descriptor of each file, its link in /proc, and the name that the link has."""

    def check(self) -> None:
        """Raises StoreUnavailable if another file, or none, has the name of one of them."""
        for path in self._paths:
            if not self._has_its_name(path):
                self._compare(path)

    def close(self) -> None:
        """Closes the descriptors."""
        for descriptor, _, _ in self._opened.values():
            os.close(descriptor)
        self._opened.clear()

    def _has_its_name(self, path: Path) -> bool:
        """Whether the system still gives the file the same name; False if this is unknown.

        Unlike `stat` it does not read the time of change. Since Linux 6.13 each write after such a
        read sets an exact time, and costs another block on the disk: a fifth of a reserve.
        """
        _, link, name = self._opened.get(path, (0, "", ""))
        try:
            return bool(link) and os.readlink(link) == name  # noqa: PTH115 - as `stat` below
        except OSError:
            return False

    def _compare(self, path: Path) -> None:
        try:
            number = os.stat(path).st_ino  # noqa: PTH116 - Path.stat is three times as slow
        except OSError:
            number = 0
        known = self._numbers.get(path)
        if known is None and number:  # SQLite creates the log with the first write
            self._numbers[path] = known = number
        elif known is not None and number != known:
            raise StoreUnavailable(
                f"{path} was removed or replaced while the shop is running. Put it back, or "
                f"stop the server and restore a backup."
            )
        if known is not None:
            self._open(path, known)

    def _open(self, path: Path, number: int) -> None:
        """Opens the name of a file, if the system can do that and it still is this file."""
        if O_PATH is None:
            return
        before = self._opened.pop(path, None)
        if before is not None:
            os.close(before[0])
        with contextlib.suppress(OSError):
            # Closing such a descriptor releases no lock of SQLite.
            descriptor = os.open(path, O_PATH | os.O_CLOEXEC)
            link = f"/proc/self/fd/{descriptor}"
            name = ""
            with contextlib.suppress(OSError):  # there is no /proc
                name = os.readlink(link)  # noqa: PTH115
            if name and os.fstat(descriptor).st_ino == number:
                self._opened[path] = descriptor, link, name
            else:
                os.close(descriptor)
