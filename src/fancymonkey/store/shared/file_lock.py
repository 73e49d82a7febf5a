"""The lock file of a store: it allows one writer, and names that process."""

import fcntl
import os
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from fancymonkey.errors import StoreLocked
from fancymonkey.store.shared.files import PRIVATE
from fancymonkey.store.url import sqlite_path

_FIRST = 4096


class LockHolder(msgspec.Struct):
    """The process that has the lock."""

    pid: int
    host: str
    since: str
    command: str
    url: str = ""
    """Its HTTP address; empty for a command."""


class FileLock:
    """An advisory lock that ends with its process, even if that is killed."""

    def __init__(self, path: Path, url: str = "") -> None:
        self._path = path
        self._url = url
        self._fd: int | None = None

    def take(self, now: int) -> None:
        """Takes the lock, at `now` in ms. Raises StoreLocked, naming the holder, and OSError."""
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT, PRIVATE)
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
        holder = LockHolder(os.getpid(), socket.gethostname(), since, command, self._url)
        os.ftruncate(fd, 0)
        os.pwrite(fd, msgspec.json.encode(holder) + b"\n", 0)
        self._fd = fd

    def free(self) -> None:
        """Releases the lock. The file stays: removing it could let two processes take the lock."""
        if self._fd is not None:
            fd, self._fd = self._fd, None
            os.ftruncate(fd, 0)
            os.close(fd)


def holder_of(target: str) -> str | None:
    """The process that has a store of files now, or None; other stores have no such lock."""
    text = _held_text(target)
    return None if text is None else _who(text)


def server_url(target: str) -> str:
    """The address of the server that has a store of files; empty if no server has it."""
    try:
        return msgspec.json.decode(_held_text(target) or b"", type=LockHolder).url
    except ValueError:
        return ""


def _held_text(target: str) -> bytes | None:
    """The content of the lock file while a process has the lock, or None."""
    file = sqlite_path(target)
    if file is None and "://" in target:
        return None
    path = Path(target) / "lock" if file is None else file.with_name(file.name + ".lock")
    try:
        fd = os.open(path, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return os.pread(fd, _FIRST, 0)
    except OSError:
        return None
    finally:
        os.close(fd)
    return None


def _who(text: bytes) -> str:
    try:
        holder = msgspec.json.decode(text, type=LockHolder)
    except ValueError:
        return "another process"
    command = f" ({holder.command})" if holder.command else ""
    return f"process {holder.pid} on {holder.host}, since {holder.since}{command}"


def _held(path: Path, text: bytes) -> str:
    return (
        f"{path.parent} is in use by {_who(text)}. Stop it, or send the command to it over HTTP. "
        "Commands that only read (verify, explain, export) work at the same time."
    )
