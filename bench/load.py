"""A closed-loop load in its own process: each connection sends again when it has its answer.

`run` starts it; `python -m bench.load` is the process. A request is fixed bytes with a gap of 16
characters for a unique session id, and, for a `spread`, a gap of six characters before it for the
number of a product.
"""

import asyncio
import json
import os
import random
import subprocess
import sys
import time
from array import array
from collections import Counter
from dataclasses import asdict, dataclass, field
from itertools import cycle
from typing import Any, Self

import uvloop

from bench.processes import cpu_seconds
from bench.rounds import Measure

HOLE = "################"
NUMBER = "@@@@@@"


@dataclass(frozen=True, slots=True)
class Load:
    """The requests, their target, and the duration."""

    port: int
    path: str
    body: str = ""
    method: str = "POST"
    headers: dict[str, str] = field(default_factory=dict)
    bodies: tuple[str, ...] = ()
    """Bodies that are sent in turn, in place of `body`."""
    connections: int = 64
    seconds: float = 3.0
    warm_seconds: float = 0.5
    host: str = "127.0.0.1"
    spread: int = 0
    """The number of products that `NUMBER` in the body stands for; 0 without it."""

    def requests(self) -> list[bytes]:
        """The bytes of each request, with the gap."""
        return [self._request(body) for body in self.bodies or (self.body,)]

    def _request(self, body: str) -> bytes:
        head = [f"{self.method} {self.path} HTTP/1.1", f"Host: {self.host}:{self.port}"]
        head += [f"{name}: {value}" for name, value in self.headers.items()]
        if body:
            head += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        return ("\r\n".join(head) + "\r\n\r\n" + body).encode()


@dataclass(frozen=True, slots=True)
class Report:
    """The result. `done` (monotonic ns) and `took` (ns) have one number for each answer."""

    started: int
    ended: int
    done: "array[int]"
    took: "array[int]"
    statuses: dict[str, int]
    client_cpu: float

    @property
    def errors(self) -> int:
        """Answers other than success or 304, and broken connections."""
        return sum(count for status, count in self.statuses.items() if status not in GOOD)

    def between(self, start: int, end: int) -> "Report":
        """Only the answers between two moments."""
        within = [n for n, at in enumerate(self.done) if start <= at < end]
        done, took = (array("q", [all_[n] for n in within]) for all_ in (self.done, self.took))
        return Report(start, end, done, took, self.statuses, self.client_cpu)

    def measure(self, server_cpu: float = 0.0, database_cpu: float = 0.0) -> Measure:
        """The figures, with the CPU seconds for each answer."""
        count, seconds = len(self.done), (self.ended - self.started) / 1e9
        ordered = sorted(self.took)
        p50, p99 = (ordered[int(count * part)] / 1e6 if count else 0.0 for part in (0.5, 0.99))
        each = 1e6 / max(1, count)
        return Measure(
            count / seconds, p50, p99, server_cpu * each, database_cpu * each, self.errors
        )


GOOD = ("200", "304")


class Running:
    """A running load in its process."""

    def __init__(self, load: Load) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.load"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asdict(load)).encode() + b"\n")
        self._process.stdin.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._process.kill()
        self._process.wait()

    def wait_warm(self) -> None:
        """Returns when the measuring begins. Raises RuntimeError if the load could not begin."""
        if self._line() != b"warm\n":
            raise RuntimeError("the load could not begin; its process says why")

    def wait_over(self) -> None:
        """Returns when the measuring ends; the report comes a little later."""
        self._line()

    def report(self) -> Report:
        """The result."""
        assert self._process.stdout is not None
        facts = json.loads(self._line())
        done, took = array("q"), array("q")
        for numbers in (done, took):
            numbers.frombytes(self._process.stdout.read(8 * facts["count"]))
        self._process.wait(30)
        return Report(
            facts["started"], facts["ended"], done, took, facts["statuses"], facts["client_cpu"]
        )

    def _line(self) -> bytes:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


def run(load: Load, server: int, database: int | None = None) -> Measure:
    """Runs a load to its end; `server` and `database` are the ids of their first processes."""
    with Running(load) as running:
        running.wait_warm()
        before = _cpu(server), _cpu(database)
        running.wait_over()
        after = _cpu(server), _cpu(database)
        report = running.report()
    return report.measure(after[0] - before[0], after[1] - before[1])


def _cpu(pid: int | None) -> float:
    return 0.0 if pid is None else cpu_seconds(pid)


class _Tally:
    """The state that all connections share."""

    def __init__(self, requests: list[bytes], spread: int = 0) -> None:
        self.requests = cycle([request.partition(HOLE.encode()) for request in requests])
        self.spread = spread
        self.session = int.from_bytes(os.urandom(3), "big") << 40
        self.done, self.took = array("q"), array("q")
        self.statuses: Counter[bytes] = Counter()
        self.running = True

    def next(self) -> bytes:
        head, hole, tail = next(self.requests)
        if not hole:
            return head
        self.session += 1
        if self.spread:
            head = head.replace(NUMBER.encode(), b"%06d" % int(random.random() * self.spread))
        return b"%b%016x%b" % (head, self.session, tail)

    def clear(self) -> None:
        del self.done[:], self.took[:]
        self.statuses.clear()


class _Connection(asyncio.Protocol):
    """One keep-alive connection with one request in flight."""

    def __init__(self, tally: _Tally) -> None:
        self.tally = tally
        self.data = b""
        self.transport: Any = None
        self.sent = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self._send()

    def _send(self) -> None:
        self.sent = time.monotonic_ns()
        self.transport.write(self.tally.next())

    def data_received(self, data: bytes) -> None:
        if self.data:
            data = self.data + data
        end = data.find(b"\r\n\r\n")
        if end < 0:
            self.data = data
            return
        at = data.find(b"content-length: ", 0, end)
        length = 0 if at < 0 else int(data[at + 16 : data.find(b"\r", at)])
        if len(data) < end + 4 + length:
            self.data = data
            return
        self.data = b""
        tally, now = self.tally, time.monotonic_ns()
        tally.done.append(now)
        tally.took.append(now - self.sent)
        tally.statuses[data[9:12]] += 1
        if tally.running:
            self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.tally.running:
            self.tally.statuses[b"broken"] += 1


async def _run(load: Load) -> None:
    tally = _Tally(load.requests(), load.spread)
    loop = asyncio.get_running_loop()
    for _ in range(load.connections):
        await loop.create_connection(lambda: _Connection(tally), load.host, load.port)
    await asyncio.sleep(load.warm_seconds)
    tally.clear()
    started, cpu = time.monotonic_ns(), time.process_time()
    _tell(b"warm\n")
    await asyncio.sleep(load.seconds)
    tally.running = False
    facts: dict[str, Any] = {
        "started": started,
        "ended": time.monotonic_ns(),
        "count": len(tally.done),
        "statuses": {status.decode(): count for status, count in tally.statuses.items()},
        "client_cpu": time.process_time() - cpu,
    }
    _tell(b"over\n")
    count = len(tally.done)
    _tell(
        json.dumps(facts).encode()
        + b"\n"
        + tally.done[:count].tobytes()
        + tally.took[:count].tobytes()
    )


def _tell(text: bytes) -> None:
    sys.stdout.buffer.write(text)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    uvloop.run(_run(Load(**json.loads(sys.stdin.readline()))))
