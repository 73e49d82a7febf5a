"""The connections of servers on one machine: Unix sockets that only their user can open.

`tcp.py` has the connections between machines.
"""

import asyncio
import os
import secrets
import socket
import stat
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from fancymonkey.engine.cluster.frames import MessageChannel

FOLDER_MAX = 70
"""The most characters of the sockets' folder: the system cuts the whole path at about 100."""

Accept = Callable[[MessageChannel], None]


class Listening(Protocol):
    """A socket that accepts connections."""

    def close(self) -> None:
        """Accepts no more connections."""


class Network(Protocol):
    """The way to other servers."""

    machine: str
    """A text that two servers share if they are on one machine; empty for a way between them."""

    async def listen(self, accept: Accept) -> tuple[str, Listening]:
        """Accepts connections at a new address, which it returns. Raises OSError."""
        ...

    async def connect(self, address: str) -> MessageChannel:
        """A connection to an address. Raises OSError; see `gone`."""
        ...


def gone(error: Exception) -> bool:
    """Whether the failure of a connection shows that the other process has ended."""
    return isinstance(error, (ConnectionRefusedError, FileNotFoundError))


class UnixNetwork:
    """Unix sockets. `directory` is their folder; None: one that only this user can open."""

    def __init__(self, directory: Path | None = None) -> None:
        self.machine = f"{machine_id()} {directory or _directory()}"
        self._directory = directory

    async def listen(self, accept: Accept) -> tuple[str, Listening]:
        """See `Network.listen`."""
        directory = _private_directory() if self._directory is None else self._directory
        _remove_dead_sockets(directory)
        path = directory / f"{os.getpid()}-{secrets.token_hex(4)}.sock"
        loop = asyncio.get_running_loop()
        server = await loop.create_unix_server(lambda: MessageChannel(accept), str(path))
        return str(path), _UnixListening(server, path)

    async def connect(self, address: str) -> MessageChannel:
        """See `Network.connect`."""
        _, channel = await asyncio.get_running_loop().create_unix_connection(
            MessageChannel, address
        )
        return channel


class _UnixListening:
    """The socket of a decider."""

    def __init__(self, server: asyncio.Server, path: Path) -> None:
        self._server, self._path = server, path

    def close(self) -> None:
        """Accepts no more connections, and removes the socket."""
        self._server.close()
        with suppress(OSError):
            self._path.unlink()


def _directory() -> Path | None:
    """The folder of the sockets, which may not exist yet; None if every path is too long."""
    bases = (os.environ.get("XDG_RUNTIME_DIR") or "", tempfile.gettempdir())
    name = f"fancymonkey-{os.getuid()}"
    base = next((base for base in bases if base and len(f"{base}/{name}") <= FOLDER_MAX), None)
    return None if base is None else Path(base) / name


def _private_directory() -> Path:
    """The folder of the sockets. Raises OSError if another user could open it."""
    directory = _directory()
    if directory is None:
        raise OSError("the path of the folder for temporary files is too long")
    directory.mkdir(mode=0o700, exist_ok=True)
    facts = directory.lstat()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.getuid() or facts.st_mode & 0o077:
        raise PermissionError(f"{directory} belongs to another user, or others can open it")
    return directory


def _remove_dead_sockets(directory: Path) -> None:
    """Removes the sockets of processes that have ended without doing so themselves."""
    for path in directory.glob("*.sock"):
        with suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
            probe.setblocking(False)
            try:
                probe.connect(str(path))
            except ConnectionRefusedError:
                path.unlink()


def machine_id() -> str:
    """A text that two processes share if they can open the same sockets and have one clock."""
    parts = [socket.gethostname()]
    with suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip())
    for namespace in ("mnt", "time"):
        with suppress(OSError):
            parts.append(str(Path(f"/proc/self/ns/{namespace}").readlink()))
    return " ".join(parts)
