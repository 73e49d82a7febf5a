"""Many connections of one client, which send the same bytes again after each answer."""

import json
import select
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.support.bystander import Bystander, Waits
from tests.support.server import Server

FLOODER = Path(__file__).with_name("flooder.py")

NOTICED_MS = 50.0
"""An attack must add less than this to a bystander's median reserve."""

BEGIN_SECONDS = 60.0
"""A flood has sent its bytes on every connection before this time."""

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
    """Send the bytes on this many connections while the block runs, from its first moment.

    It is a process of its own: threads of this one would delay the bystander.
    """
    program = [sys.executable, "-I", "-S", str(FLOODER)]
    command = [*program, server.host, str(server.port), str(connections)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as flood:
        assert flood.stdin is not None
        assert flood.stdout is not None
        try:
            flood.stdin.write(raw)
            flood.stdin.close()
            began, _, _ = select.select([flood.stdout], [], [], BEGIN_SECONDS)
            assert began, "the flood has not begun"
            assert flood.stdout.read(1) == b"+", "the flood has ended by itself"
            yield
            assert flood.poll() is None, "the flood has ended by itself"
        finally:
            flood.kill()


def beside(server: Server, raw: bytes, connections: int, count: int = 25) -> tuple[Waits, Waits]:
    """The response times of a bystander without the flood and with it."""
    bystander = Bystander(server, "tee", "M")
    quiet = bystander.measure(count, pause=0.0)
    with flooding(server, raw, connections):
        bystander.measure(3, pause=0.0)
        loud = bystander.measure(count, pause=0.0)
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
