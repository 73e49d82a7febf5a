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
    one = connect(server, source)
    one.settimeout(10)
    one.sendall(raw)
    return one


def begin(server: Server, raw: bytes, source: str = "127.0.0.1") -> tuple[socket.socket, int]:
    """Send a request, and read the status of its answer."""
    one = send(server, raw, source)
    return one, status(one.recv(4096))


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
        found = [status(one.recv(4096)) for one in held]
        assert found.count(opened) == PER_ADDRESS
        assert set(found) <= {opened, refused, 429, 403}
        other, code = begin(server, SSE % (LIVE, b""), "127.0.0.9")
        assert code == 200
        bearer = f"Authorization: Bearer {PASSWORD}\r\n".encode()
        owner, code = begin(server, SSE % (b"/api/admin/inventory/live", bearer))
        assert code == 200
        for one in held:
            one.close()
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
    codes = [status(one.recv(4096)) for one in held]
    for one in held:
        one.close()
    assert codes.count(200) == 200


def test_no_message_is_deflated(server: Server) -> None:
    one, code = begin(server, WEBSOCKET % b"", "127.0.0.30")
    one.close()
    assert code == 101
    answer = exchange(server, WEBSOCKET % b"", seconds=1)
    assert b"permessage-deflate" not in answer


def test_a_long_snapshot_comes_whole_as_events_and_as_frames(large: Server) -> None:
    with connect(large, "127.0.0.41") as one:
        one.settimeout(20)
        one.sendall(SSE % (LIVE, b""))
        found = b""
        while b"}\r\n2\r\n\n\n\r\n" not in found[-40:]:
            found += one.recv(1 << 20)
    assert found.count(b'"productId"') == 2000
    with connect(large, "127.0.0.42") as one:
        one.settimeout(20)
        one.sendall(WEBSOCKET % b"")
        stream = one.makefile("rb")
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
        one = socket.socket()
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        one.bind((f"127.0.{50 + number // 40}.1", 0))
        one.connect((large.host, large.port))
        one.sendall(raw)
        held.append(one)
    quiet = Bystander(large, "tee", "M", name=base64.b32encode(raw[4:12]).decode())
    waits = quiet.measure(10)
    grown = memory(large) - before
    for one in held:
        with suppress(OSError):
            one.close()
    assert waits.failures == []
    assert grown < 100, f"{grown} MB"


@pytest.mark.parametrize(
    "raw",
    [WEBSOCKET % b"", SSE % (LIVE, b"Connection: close\r\n"), SSE % (LIVE + b"?since=x", b"")],
    ids=["sockets", "events", "malformed"],
)
def test_a_bystander_hardly_notices_many_live_connections(large: Server, raw: bytes) -> None:
    check_hardly_noticed(large, raw, 64, count=15)
