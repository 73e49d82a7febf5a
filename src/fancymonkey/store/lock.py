"""One writer a folder: a lock file that says who it is."""

import fcntl
import os
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from fancymonkey.errors import StoreLocked

_FIRST = 4096


class Holder(msgspec.Struct):
    """Who has the lock."""

    pid: int
    host: str
    since: str
    command: str


class Lock:
    """An advisory lock that ends with the process, however that ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd: int | None = None

    def take(self, now: int) -> None:
        """Takes the lock, at `now` in ms. Raises StoreLocked, naming the holder, and OSError."""
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            text = os.pread(fd, _FIRST, 0)
            os.close(fd)
            raise StoreLocked(_held(self._path, text)) from None
        except OSError:
            os.close(fd)
            raise
        since = datetime.fromtimestamp(now // 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        command = " ".join(sys.argv)[:500]
        holder = Holder(os.getpid(), socket.gethostname(), since, command)
        os.ftruncate(fd, 0)
        os.pwrite(fd, msgspec.json.encode(holder) + b"\n", 0)
        self._fd = fd

    def free(self) -> None:
        """Gives the lock back. The file stays: removing it would let two in."""
        if self._fd is not None:
            fd, self._fd = self._fd, None
            os.ftruncate(fd, 0)
            os.close(fd)


def _held(path: Path, text: bytes) -> str:
    folder = path.parent
    try:
        holder = msgspec.json.decode(text, type=Holder)
    except ValueError:
        who = "another process"
    else:
        who = f"process {holder.pid} on {holder.host}, since {holder.since}"
        if holder.command:
            who += f" ({holder.command})"
    return (
        f"{folder} is in use by {who}. Stop it, or send the command to it over HTTP. "
        "Commands that only read (verify, explain, export) work beside it."
    )
