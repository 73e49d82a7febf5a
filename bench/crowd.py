"""A crowd of listeners in a process of its own, which reads as cheaply as possible.

`ListeningCrowd` starts it; `python -m bench.crowd` is the process. It has plain sockets and a
selector, and looks only at the first bytes of a message, where its revision is.
"""

import json
import re
import resource
import selectors
import socket
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from typing import Self

EVENTS, SOCKETS = "events", "sockets"

LAST_SECONDS = 10.0
"""The time for all listeners to get the last state."""

CONNECT_SECONDS = 60.0

HEAD = 96
"""Bytes at the start of a message that have its revision."""

_REVISION = re.compile(rb'(?:\nid: |"revision":)(\d+)')
_REQUESTS = {
    EVENTS: b"GET %b HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n",
    SOCKETS: b"GET %b HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
}


@dataclass(frozen=True, slots=True)
class Audience:
    """The listeners: their number, their protocol, and the server."""

    port: int
    listeners: int
    kind: str = EVENTS
    since: int = 0
    """The revision that they have seen. A snapshot has its own revision at its end only."""
    path: str = "/api/inventory/live"


@dataclass(frozen=True, slots=True)
class Heard:
    """The result since `mark`."""

    missing: int
    """Listeners without the last state."""
    last_seconds: float
    """From the request for the last state until the last listener had it."""
    gap_seconds: float
    """The longest time between two messages to a listener."""
    reads: int
    size: int
    cpu_seconds: float

    def __str__(self) -> str:
        return (
            f"{self.reads:,} reads, {self.size / 1e6:.1f} MB, at most {self.gap_seconds:.2f} s "
            f"apart, the last state after {self.last_seconds:.2f} s, "
            f"the crowd's own CPU {self.cpu_seconds:.2f} s"
        )


class ListeningCrowd:
    """A crowd that is listening; it has connected when this returns."""

    def __init__(self, audience: Audience) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.crowd"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._send(asdict(audience))
        if not self._line():
            raise RuntimeError("the listeners could not connect; their process says why")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._process.kill()
        self._process.wait()

    def mark(self) -> None:
        """Begins to count."""
        self._send({"mark": True})

    def last(self, revision: int) -> Heard:
        """Waits until all have this revision, and returns their received messages."""
        self._send({"last": revision})
        return Heard(**json.loads(self._line()))

    def _send(self, message: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message).encode() + b"\n")
        self._process.stdin.flush()

    def _line(self) -> bytes:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


class _Listener:
    """One connection, with the latest revision that it has seen.

    It goes from head to head of the chunks or frames, and skips all that lies between.
    """

    __slots__ = ("_events", "_rest", "_skip", "at", "gap", "revision", "socket")

    def __init__(self, connection: socket.socket, kind: str) -> None:
        self.socket = connection
        self.revision = -1
        self.at = time.monotonic()
        self.gap = 0.0
        self._events = kind == EVENTS
        self._skip = 0
        self._rest = b""

    def take(self, data: memoryview) -> None:
        """Takes what was read."""
        now = time.monotonic()
        self.gap = max(self.gap, now - self.at)
        self.at = now
        at = self._skip
        while at < len(data):
            head = self._rest + bytes(data[at : at + HEAD - len(self._rest)])
            size = self._size(head)
            if size is None:
                self._rest, at = head, len(data)
                break
            at += size - len(self._rest)
            self._rest = b""
            revision = _REVISION.search(head, 0, size)
            if revision:
                self.revision = max(self.revision, int(revision[1]))
        self._skip = at - len(data)

    def _size(self, head: bytes) -> int | None:
        """The size of the chunk or frame that begins here; None if more of it is needed."""
        size = _chunk_size(head) if self._events else _frame_size(head)
        return None if size is None or len(head) < min(size, HEAD) else size


def _chunk_size(head: bytes) -> int | None:
    digits, end, _ = head.partition(b"\r\n")
    return len(digits) + 4 + int(digits, 16) if end else None


def _frame_size(head: bytes) -> int | None:
    if len(head) < 10:
        return None
    size = head[1]
    if size == 126:
        return 4 + int.from_bytes(head[2:4])
    return 10 + int.from_bytes(head[2:10]) if size == 127 else 2 + size


class _Listening:
    """All connections of the process, and the line of requests from its parent."""

    def __init__(self, audience: Audience) -> None:
        self._selector = selectors.EpollSelector()
        self._buffer = bytearray(1 << 20)
        self._view = memoryview(self._buffer)
        self._listeners: list[_Listener] = []
        self._last: int | None = None
        self._asked = self._until = 0.0
        self._clear()
        request = _REQUESTS[audience.kind] % f"{audience.path}?since={audience.since}".encode()
        for number in range(audience.listeners):
            listener = _Listener(_connect(audience.port, request), audience.kind)
            self._listeners.append(listener)
            self._selector.register(listener.socket, selectors.EVENT_READ, listener)
            if not number % 50:
                self._read(0)
        until = time.monotonic() + CONNECT_SECONDS
        while any(listener.revision < 0 for listener in self._listeners):
            if time.monotonic() > until:
                raise RuntimeError("not every listener got a message")
            self._read(1)
        self._selector.register(sys.stdin.fileno(), selectors.EVENT_READ)
        _tell({"ready": len(self._listeners)})

    def run(self) -> None:
        """Reads until the parent has its report."""
        while self._last is None or not self._is_over():
            self._read(0.05)
        missing = sum(listener.revision < self._last for listener in self._listeners)
        heard = Heard(
            missing=missing,
            last_seconds=time.monotonic() - self._asked,
            gap_seconds=self._gap,
            reads=self._reads,
            size=self._size,
            cpu_seconds=self._cpu,
        )
        _tell(asdict(heard))

    def _is_over(self) -> bool:
        last = self._last or 0
        everybody = all(listener.revision >= last for listener in self._listeners)
        return everybody or time.monotonic() > self._until

    def _clear(self) -> None:
        self._reads = self._size = 0
        self._gap = 0.0
        self._began = _cpu()
        self._cpu = 0.0
        for listener in self._listeners:
            listener.gap, listener.at = 0.0, time.monotonic()

    def _read(self, seconds: float) -> None:
        for key, _ in self._selector.select(seconds):
            if key.data is None:
                self._obey(json.loads(sys.stdin.readline()))
                continue
            count = key.data.socket.recv_into(self._buffer)
            if not count:  # it was dropped, and is missing in the end
                self._selector.unregister(key.data.socket)
                continue
            self._reads += 1
            self._size += count
            key.data.take(self._view[:count])

    def _obey(self, request: dict[str, int]) -> None:
        if "mark" in request:
            self._clear()
            return
        self._last = request["last"]
        self._asked = time.monotonic()
        self._until = self._asked + LAST_SECONDS
        self._cpu = _cpu() - self._began
        self._gap = max(listener.gap for listener in self._listeners)


def _connect(port: int, request: bytes) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port))
    connection.sendall(request)
    with connection.makefile("rb", buffering=0) as stream:
        while stream.readline() not in (b"\r\n", b""):
            pass
    connection.setblocking(False)
    return connection


def _cpu() -> float:
    return time.process_time()


def _tell(message: object) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def _allow_files() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


if __name__ == "__main__":
    _allow_files()
    _Listening(Audience(**json.loads(sys.stdin.readline()))).run()
