"""A disk for SQLite whose sync takes longer than that of the machine which measures."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import apsw

NAME = "slow-disk"


class _File(apsw.VFSFile):
    """A file whose sync takes at least this many seconds; everything else is SQLite's own."""

    def __init__(self, usual: str, name: Any, flags: list[int], seconds: float) -> None:
        super().__init__(usual, name, flags)
        self._seconds = seconds

    def xSync(self, flags: int) -> None:
        """Syncs, and then waits for the remaining time, without using the CPU."""
        until = time.perf_counter() + self._seconds
        super().xSync(flags)
        time.sleep(max(0.0, until - time.perf_counter()))


class _Disk(apsw.VFS):
    def __init__(self, usual: str, seconds: float) -> None:
        super().__init__(NAME, usual)
        self._usual = usual
        self._seconds = seconds

    def xOpen(self, name: Any, flags: list[int]) -> _File:
        """Opens a file."""
        return _File(self._usual, name, flags, self._seconds)


@contextmanager
def syncs_take(seconds: float) -> Iterator[None]:
    """Within the block every SQLite file of this process is on such a disk."""
    usual = apsw.vfs_names()[0]
    disk = _Disk(usual, seconds)
    apsw.set_default_vfs(NAME)
    try:
        yield
    finally:
        apsw.set_default_vfs(usual)
        disk.unregister()
