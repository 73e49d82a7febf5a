"""Many connections of one client, which send the same bytes again after each answer."""

from __future__ import annotations

import json
import selectors
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

if __name__ != "__main__":
    from tests.support.bystander import Bystander, Waits
    from tests.support.server import Server

NOTICED_MS = 50.0
"""An attack must add less than this to a bystander's median reserve."""

TRIES = 3
"""The number of measurements. One of them must be below the limit: other work on the machine
can only increase them."""


def products(folder: Path, count: int = 1) -> None:
    """Write a catalogue: a tee that the bystander buys, and `more` other products."""
    rows = [{"id": "tee", "name": "TEE", "price": 20, "sizes": {"M": {"stock": 100}}}]
    rows += [
        {
            "id": f"p{number}",
            "name": f"Product {number}",
            "price": 10,
            "sizes": {size: {"stock": 5} for size in ("S", "M", "L")},
        }
        for number in range(count - 1)
    ]
    (folder / "products.json").write_text(json.dumps(rows))


def connect(server: Server, source: str = "127.0.0.1") -> socket.socket:
    """A connection from an address of this machine."""
    return socket.create_connection((server.host, server.port), 10, source_address=(source, 0))


def exchange(server: Server, *pieces: bytes, seconds: float = 10) -> bytes:
    """The answer to these pieces until the server disconnects or is silent for this time."""
    with connect(server) as connection:
        connection.settimeout(seconds)
        received = b""
        with suppress(OSError):
            for piece in pieces:
                connection.sendall(piece)
        with suppress(OSError):
            while data := connection.recv(65536):
                received += data
        return received


def status(answer: bytes) -> int:
    """The status of an answer; 0 without an answer."""
    return int(answer[9:12]) if answer.startswith(b"HTTP/1.1 ") else 0


@contextmanager
def flooding(server: Server, raw: bytes, connections: int) -> Iterator[None]:
    """Send the bytes on this many connections while the block runs.

    It is a process of its own: threads of this one would delay the bystander.
    """
    command = [sys.executable, __file__, server.host, str(server.port), str(connections)]
    flood = subprocess.Popen(command, stdin=subprocess.PIPE)
    assert flood.stdin is not None
    flood.stdin.write(raw)
    flood.stdin.close()
    try:
        yield
        assert flood.poll() is None, "the flood has ended by itself"
    finally:
        flood.kill()
        flood.wait(10)


def _flood(host: str, port: int, connections: int, raw: bytes) -> None:
    """Send on all connections as long as this process lives."""
    open_ones: dict[socket.socket, int] = {}
    poll = selectors.DefaultSelector()
    while True:
        while len(open_ones) < connections:
            connection = socket.socket()
            connection.setblocking(False)
            connection.connect_ex((host, port))
            open_ones[connection] = 0
            poll.register(connection, selectors.EVENT_READ | selectors.EVENT_WRITE)
        for key, events in poll.select(1):
            connection = key.fileobj  # type: ignore[assignment]
            try:
                if events & selectors.EVENT_READ:
                    if not connection.recv(1 << 20):
                        raise OSError
                    if open_ones[connection] == len(raw):
                        open_ones[connection] = 0
                        poll.modify(connection, selectors.EVENT_READ | selectors.EVENT_WRITE)
                elif open_ones[connection] < len(raw):
                    open_ones[connection] += connection.send(raw[open_ones[connection] :])
                    if open_ones[connection] == len(raw):
                        poll.modify(connection, selectors.EVENT_READ)
            except BlockingIOError:
                pass
            except OSError:
                poll.unregister(connection)
                del open_ones[connection]
                connection.close()


def beside(server: Server, raw: bytes, connections: int, count: int = 25) -> tuple[Waits, Waits]:
    """The response times of a bystander without the flood and with it."""
    bystander = Bystander(server, "tee", "M")
    quiet = bystander.measure(count, pause=0.02)
    with flooding(server, raw, connections):
        bystander.measure(3, pause=0.1)
        loud = bystander.measure(count, pause=0.02)
    return quiet, loud


def check_hardly_noticed(server: Server, raw: bytes, connections: int, count: int = 25) -> None:
    """Fails if a flood adds too much to a bystander's median reserve, or one reserve fails."""
    measured = []
    for _ in range(TRIES):
        quiet, loud = beside(server, raw, connections, count)
        assert loud.failures == []
        if loud.median < quiet.median + NOTICED_MS:
            return
        measured.append(f"{loud}; without the flood: {quiet}")
    raise AssertionError("\n".join(measured))


if __name__ == "__main__":
    _flood(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.stdin.buffer.read())
