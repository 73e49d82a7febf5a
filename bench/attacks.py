"""`python -m bench.attacks [CHECKOUT]`: a buyer's reserves beside attacks, on one version or two.

Each attack runs against the server of each version in turn, on JSON files in a new folder. A
bystander reserves on new connections before the attack and during it.
"""

import argparse
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

from tests.attacks.flood import flooding, products
from tests.support.bystander import Bystander, Waits
from tests.support.server import Server

RESERVES = 40
LARGE = 2_000
"""The products of the large shop: 6,000 SKUs."""

_UPGRADE = (
    b"GET /api/inventory/live HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
)


def _get(path: str, *lines: str) -> bytes:
    return "\r\n".join((f"GET {path} HTTP/1.1", "Host: x", *lines, "", "")).encode()


@dataclass(frozen=True, slots=True)
class Attack:
    """Requests that are repeated on connections, or new connections at a rate per second."""

    name: str
    request: bytes
    connections: int = 0
    rate: int = 0
    items: int = 1
    files: int = 0
    """The limit of open files of the server; 0: that of this process."""


ATTACKS = (
    Attack(
        "1: 30 KB of cookies, 4 connections", _get("/api/admin/me", "Cookie: " + ";" * 30_000), 4
    ),
    Attack(
        "1: 500 KB of cookies, 4 connections", _get("/api/admin/me", "Cookie: " + ";" * 500_000), 4
    ),
    Attack("2: 300 idle connections, 256 files", b"", 300, files=256),
    Attack("3: /openapi.json, 64 connections", _get("/openapi.json"), 64),
    Attack("3: /metrics, 64 connections, 6,000 SKUs", _get("/metrics"), 64, items=LARGE),
    Attack("11: 80 WebSockets a second, 6,000 SKUs", _UPGRADE, rate=80, items=LARGE),
)


@contextmanager
def _served(checkout: Path, attack: Attack) -> Iterator[tuple[Server, Path]]:
    """The server of a version with the shop of an attack, and its folder."""
    with TemporaryDirectory() as name:
        products(Path(name), attack.items)
        limits = f'ulimit -n {attack.files or 4096}; exec "$@"'
        program = ["bash", "-c", limits, "serve", sys.executable, "-m", "fancymonkey"]
        env = {"PYTHONPATH": str(checkout / "src"), "ADMIN_PASSWORD": "a password of the bench"}
        with Server(data=name, env=env, program=program) as server:
            yield server, Path(name)


@contextmanager
def _running(server: Server, attack: Attack) -> Iterator[None]:
    if attack.request and attack.connections:
        with flooding(server, attack.request, attack.connections):
            yield
        return
    numbers = [str(server.port), str(attack.connections), str(attack.rate)]
    command = [sys.executable, "-m", "bench.attacks", "--knock", *numbers]
    process = subprocess.Popen(command, stdin=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(attack.request)
    process.stdin.close()
    try:
        yield
    finally:
        process.kill()
        process.wait(10)


def _knock(port: int, connections: int, rate: int, request: bytes) -> None:
    """Keeps this number of connections open and silent, or opens `rate` connections in one
    second.
    """
    poll = selectors.DefaultSelector()
    opened: dict[socket.socket, float] = {}

    def close(connection: socket.socket) -> None:
        del opened[connection]
        poll.unregister(connection)
        connection.close()

    while True:
        now = time.monotonic()
        for connection in [
            connection for connection, at in opened.items() if rate and now - at > 1
        ]:
            close(connection)
        if rate or len(opened) < connections:
            with suppress(OSError):
                connection = socket.create_connection(("127.0.0.1", port), 5)
                connection.sendall(request)
                connection.setblocking(False)
                opened[connection] = now
                poll.register(connection, selectors.EVENT_READ)
        deadline = now + (1 / rate if rate else 0.01)
        while (left := deadline - time.monotonic()) > 0:
            for key, _ in poll.select(left):
                connection = cast(socket.socket, key.fileobj)
                try:
                    data = connection.recv(1 << 20)
                except OSError:
                    data = b""
                if not data:
                    close(connection)


def measure(checkout: Path, attack: Attack) -> tuple[Waits, Waits]:
    """The response times of a bystander without the attack and during it."""
    with _served(checkout, attack) as (server, _):
        bystander = Bystander(server, "tee", "M")
        quiet = bystander.measure(RESERVES, pause=0.02)
        with _running(server, attack):
            time.sleep(1 if attack.request else 4)
            return quiet, bystander.measure(RESERVES, pause=0.02)


def growth(checkout: Path, length: int, count: int = 300) -> float:
    """Bytes on disk for a reserve and its release, with session ids of this length."""
    with _served(checkout, Attack("", b"")) as (server, folder):
        bystander = Bystander(server, "tee", "M", name="x" * (length - 4))
        before = _size(folder)
        for number in range(100, 100 + count):
            bystander.reserve(number)
        return (_size(folder) - before) / count


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def main() -> None:
    """Prints the response times during each attack on each version."""
    parser = argparse.ArgumentParser(prog="python -m bench.attacks", description=__doc__)
    parser.add_argument("checkout", nargs="?", type=Path, help="the other version")
    parser.add_argument("--only", default="", help="the beginning of the names of attacks")
    arguments = parser.parse_args()
    other = arguments.checkout
    versions = [path for path in (other, Path(__file__).resolve().parents[1]) if path is not None]
    for attack in [attack for attack in ATTACKS if attack.name.startswith(arguments.only)]:
        for checkout in versions:
            quiet, loud = measure(checkout, attack)
            print(f"{attack.name} | {checkout.name} | alone {quiet} | during it {loud}", flush=True)
    for length in (16, 200) if "14".startswith(arguments.only) else ():
        for checkout in versions:
            size = growth(checkout, length)
            print(
                f"14: ids of {length} characters | {checkout.name} | {size:.0f} bytes", flush=True
            )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--knock"]:
        port, connections, rate = map(int, sys.argv[2:])
        _knock(port, connections, rate, sys.stdin.buffer.read())
    else:
        main()
