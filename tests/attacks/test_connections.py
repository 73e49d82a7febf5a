"""Idle connections keep no client out, even with a low limit of open files."""

import resource
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.attacks.flood import connect, exchange, products, status
from tests.support.bystander import Bystander
from tests.support.server import Server

pytestmark = pytest.mark.slow

FILES = 256
CONNECTIONS = 300
SCRIPT = """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))
from fancymonkey.cli import main
main()
"""
POST = b"POST %b HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n"
GET = b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n"

SLOW = {
    "nothing at all": b"",
    "half a head": b"GET / HTTP/1.1\r\nHo",
    "a byte of a body, the short way": POST % b"/api/inventory/reserve" + b"{",
    "a byte of a body, by ASGI": POST % b"/api/inventory/update" + b"{",
    "a byte of a chunk": b"POST /api/inventory/reserve HTTP/1.1\r\nHost: a\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n5\r\n{",
    "idle after an answer": GET % b"/healthz",
    "live stock": GET % b"/api/inventory/live",
    "an answer that is not read": GET % b"/openapi.json" * 8,
    "a WebSocket": b"GET /api/inventory/live HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n"
    b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
}


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A shop that may open few files."""
    folder = tmp_path_factory.mktemp("narrow")
    products(folder)
    with Server(data=folder, script=SCRIPT.format(soft=FILES, hard=FILES)) as running:
        yield running


@pytest.mark.parametrize("what", SLOW)
def test_visitors_are_served_beside_many_slow_connections(narrow: Server, what: str) -> None:
    held = []
    try:
        for number in range(CONNECTIONS):
            with suppress(OSError):
                connection = connect(narrow, f"127.0.0.{2 + number % 3}")
                held.append(connection)
                connection.sendall(SLOW[what])
        bystander = Bystander(narrow, "tee", "M", name=f"visitor-{len(what)}")
        waits = bystander.measure(20, pause=0.0)
        assert waits.failures == [], str(waits)
        for path in (b"/", b"/healthz", b"/readyz", b"/api/inventory/get"):
            raw = b"GET %b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" % path
            assert status(exchange(narrow, raw)) == 200, path
    finally:
        for connection in held:
            connection.close()
    assert "Too many open files" not in narrow.log


def test_the_limit_of_files_is_raised_as_far_as_it_goes(tmp_path: Path) -> None:
    products(tmp_path)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    with Server(data=tmp_path, script=SCRIPT.format(soft=100, hard=hard)) as server:
        limits = Path(f"/proc/{server.pid}/limits").read_text().splitlines()
        soft, hard = next(line.split()[3:5] for line in limits if line.startswith("Max open files"))
        assert int(soft) == min(int(hard), 65_536)


def test_connections_that_come_and_go_at_once_leave_nothing(narrow: Server) -> None:
    files = Path(f"/proc/{narrow.pid}/fd")
    before = len(list(files.iterdir()))
    for _ in range(600):
        with suppress(OSError), connect(narrow) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.sendall(GET % b"/api/inventory/live")
    bystander = Bystander(narrow, "tee", "M", name="after")
    assert bystander.measure(5).failures == []
    assert len(list(files.iterdir())) <= before + 20
