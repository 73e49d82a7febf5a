"""Notices that the files of a database were removed or replaced while it is open.

The system accepts every write and every sync of a file without a name, so SQLite would confirm
sales that no restart has.
"""

import os
from pathlib import Path

from fancymonkey.errors import StoreUnavailable
from fancymonkey.store.sqlite.recovery import companion


class FileIdentity:
    """The files behind the names of a database and its log, as they were when first seen."""

    def __init__(self, path: Path) -> None:
        self._paths = (path, companion(path, "-wal"))
        self._numbers: dict[Path, int] = {}

    def check(self) -> None:
        """Raises StoreUnavailable if another file, or none, has the name of one of them."""
        for path in self._paths:
            try:
                number = os.stat(path).st_ino  # noqa: PTH116 - Path.stat is three times as slow
            except OSError:
                number = 0
            known = self._numbers.get(path)
            if known is None and number:  # SQLite creates the log with the first write
                self._numbers[path] = number
            elif known is not None and number != known:
                raise StoreUnavailable(
                    f"{path} was removed or replaced while the shop is running. Put it back, or "
                    f"stop the server and restore a backup."
                )
