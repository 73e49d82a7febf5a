"""Listeners that request much, or read nothing, leave memory and capacity for others."""

import base64
import json
import socket
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.attacks.conftest import PASSWORD
from tests.attacks.flood import check_hardly_noticed, connect, exchange, products, status
from tests.support.bystander import Bystander
from tests.support.server import Server

pytestmark = pytest.mark.slow

LIVE = b"/api/inventory/live"
SSE = b"GET %b HTTP/1.1\r\nHost: a\r\n%b\r\n"
WEBSOCKET = (
    b"GET /api/inventory/live HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n%b"
    b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n"
)
MANY = 70
PER_ADDRESS = 50


def send(server: Server, raw: bytes, source: str = "127.0.0.1") -> socket.socket:
    """Send a request on a connection of its own."""
    connection = connect(server, source)
    connection.settimeout(10)
    connection.sendall(raw)
    return connection


def begin(server: Server, raw: bytes, source: str = "127.0.0.1") -> tuple[socket.socket, int]:
    """Send a request, and read the status of its answer."""
    connection = send(server, raw, source)
    return connection, status(connection.recv(4096))


@pytest.mark.parametrize(
    ("raw", "opened", "refused"),
    [
        (SSE % (LIVE, b""), 200, 429),
        (WEBSOCKET % b"", 101, 403),
        (SSE % (LIVE, b"X-Forwarded-For: 203.0.113.9\r\n"), 200, 429),
        (SSE % (LIVE, b"X-Forwarded-For: 1.2.3.4, 2001:db8::7\r\n"), 200, 429),
        (SSE % (LIVE + b"?since=0", b"Accept: text/event-stream\r\n"), 200, 429),
    ],
    ids=["events", "sockets", "behind a proxy", "behind two", "since"],
)
def test_one_address_has_its_share(tmp_path: Path, raw: bytes, opened: int, refused: int) -> None:
    products(tmp_path)
    with Server(data=tmp_path, env={"ADMIN_PASSWORD": PASSWORD}) as server:
        held = [send(server, raw) for _ in range(MANY)]
        statuses = [status(connection.recv(4096)) for connection in held]
        assert statuses.count(opened) == PER_ADDRESS
        assert set(statuses) <= {opened, refused, 429, 403}
        other, code = begin(server, SSE % (LIVE, b""), "127.0.0.9")
        assert code == 200
        bearer = f"Authorization: Bearer {PASSWORD}\r\n".encode()
        owner, code = begin(server, SSE % (b"/api/admin/inventory/live", bearer))
        assert code == 200
        for connection in held:
            connection.close()
        other.close()
        owner.close()
        deadline = time.monotonic() + 20
        while True:  # the places are free again
            again, code = begin(server, SSE % (LIVE, b"X-Forwarded-For: 203.0.113.9\r\n"))
            again.close()
            if code == 200:
                break
            assert time.monotonic() < deadline


def test_a_network_has_its_share_too(server: Server) -> None:
    held = []
    for number in range(5):
        for _ in range(45):
            forwarded = b"X-Forwarded-For: 198.51.100.%d\r\n" % number
            held.append(send(server, SSE % (LIVE, forwarded), f"127.0.{number + 1}.1"))
    codes = [status(connection.recv(4096)) for connection in held]
    for connection in held:
        connection.close()
    assert codes.count(200) == 200


def test_no_message_is_deflated(server: Server) -> None:
    connection, code = begin(server, WEBSOCKET % b"", "127.0.0.30")
    connection.close()
    assert code == 101
    answer = exchange(server, WEBSOCKET % b"", seconds=1)
    assert b"permessage-deflate" not in answer


def test_a_long_snapshot_comes_whole_as_events_and_as_frames(large: Server) -> None:
    with connect(large, "127.0.0.41") as connection:
        connection.settimeout(20)
        connection.sendall(SSE % (LIVE, b""))
        received = b""
        while b"}\r\n2\r\n\n\n\r\n" not in received[-40:]:
            received += connection.recv(1 << 20)
    assert received.count(b'"productId"') == 2000
    with connect(large, "127.0.0.42") as connection:
        connection.settimeout(20)
        connection.sendall(WEBSOCKET % b"")
        stream = connection.makefile("rb")
        while stream.readline() != b"\r\n":
            pass
        text, fin = b"", False
        while not fin:
            first, size = stream.read(2)
            if size == 126:
                size = int.from_bytes(stream.read(2))
            elif size == 127:
                size = int.from_bytes(stream.read(8))
            assert size <= 70_000
            text, fin = text + stream.read(size), bool(first & 128)
    assert len(json.loads(text)["inventory"]) == 2000


def memory(server: Server) -> int:
    """The memory of the process, in MB."""
    lines = Path(f"/proc/{server.pid}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmRSS"))) // 1024


@pytest.mark.parametrize("raw", [SSE % (LIVE, b""), WEBSOCKET % b""], ids=["events", "sockets"])
def test_listeners_that_read_nothing_take_little_memory(large: Server, raw: bytes) -> None:
    Bystander(large, "tee", "M").measure(5)
    before, held = memory(large), []
    for number in range(150):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.bind((f"127.0.{50 + number // 40}.1", 0))
        connection.connect((large.host, large.port))
        connection.sendall(raw)
        held.append(connection)
    quiet = Bystander(large, "tee", "M", name=base64.b32encode(raw[4:12]).decode())
    waits = quiet.measure(10)
    grown = memory(large) - before
    for connection in held:
        with suppress(OSError):
            connection.close()
    assert waits.failures == []
    assert grown < 100, f"{grown} MB"


@pytest.mark.parametrize(
    "raw",
    [WEBSOCKET % b"", SSE % (LIVE, b"Connection: close\r\n"), SSE % (LIVE + b"?since=x", b"")],
    ids=["sockets", "events", "malformed"],
)
def test_a_bystander_hardly_notices_many_live_connections(large: Server, raw: bytes) -> None:
    check_hardly_noticed(large, raw, 64, count=15)
