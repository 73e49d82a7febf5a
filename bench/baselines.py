"""The baselines: the same work with one transaction, or one safe rewrite, for each request."""

import asyncio
import json
import os
import re
import subprocess
import time
import uuid
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import apsw

from bench.rounds import Measure
from tests.support.postgres import PostgresServer
from tests.support.postgres_binaries import run_as

SCHEMA = """
CREATE TABLE stock (sku text PRIMARY KEY, stock bigint NOT NULL, reserved bigint NOT NULL,
                    CHECK (reserved BETWEEN 0 AND stock));
CREATE TABLE reservation (id text PRIMARY KEY, sku text NOT NULL, quantity bigint NOT NULL,
                          expires_at bigint NOT NULL);
INSERT INTO stock VALUES ('prod_hoodie_001/M', 900000000, 0);
"""
PGBENCH = r"""
BEGIN;
UPDATE stock SET reserved = reserved + 1 WHERE sku = 'prod_hoodie_001/M' AND stock - reserved >= 1;
INSERT INTO reservation VALUES (gen_random_uuid()::text, 'prod_hoodie_001/M', 1, 1800000);
COMMIT;
"""


class MissingPgbench(RuntimeError):
    """pgbench is not beside PostgreSQL's other programs."""


class Pgbench:
    """One transaction of a conditional UPDATE and an INSERT for each request, by pgbench."""

    def __init__(self, postgres: PostgresServer) -> None:
        self._postgres = postgres
        self._program = postgres.binaries / "pgbench"
        if not self._program.exists():
            raise MissingPgbench(f"There is no pgbench in {postgres.binaries}; set PG_BIN.")
        self._database = postgres.create_database().rpartition("/")[2]
        postgres.execute(SCHEMA, self._database)
        self._script = postgres.directory / "reserve.pgbench"
        self._script.write_text(PGBENCH)
        self._script.chmod(0o644)

    def measure(self, clients: int, seconds: float) -> Measure:
        """Runs it for whole seconds. Raises RuntimeError if pgbench fails."""
        command = [self._program, "-n", "-M", "prepared", "-f", self._script]
        command += [
            "-c",
            str(clients),
            "-j",
            str(min(2, clients)),
            "-T",
            str(max(1, round(seconds))),
        ]
        command += ["-h", self._postgres.host, "-p", str(self._postgres.port), "-U", "postgres"]
        process = subprocess.run(
            [*command, self._database],
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            **run_as(self._postgres.user),  # type: ignore[call-overload]
        )
        match = re.search(r"tps = ([\d.]+)", process.stdout)
        latency = re.search(r"latency average = ([\d.]+) ms", process.stdout)
        if process.returncode or not match or not latency:
            raise RuntimeError(f"pgbench failed:\n{process.stdout}{process.stderr}")
        return Measure(float(match[1]), p50=float(latency[1]))


class SqliteSingly:
    """The same statements in SQLite with the same durability (WAL, FULL), one commit a request."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._connection = apsw.Connection(str(directory / "singly.db"))
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        for statement in SCHEMA.replace("text PRIMARY KEY", "TEXT PRIMARY KEY NOT NULL").split(";"):
            self._connection.execute(statement)

    def _reserve(self) -> None:
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(
            "UPDATE stock SET reserved = reserved + 1 WHERE sku = ? AND stock - reserved >= 1",
            ("prod_hoodie_001/M",),
        )
        assert connection.changes() == 1
        connection.execute(
            "INSERT INTO reservation VALUES (?, ?, 1, 1800000)",
            (uuid.uuid4().hex, "prod_hoodie_001/M"),
        )
        connection.execute("COMMIT")

    def measure(self, clients: int, seconds: float) -> Measure:
        """This many waiting clients, one writer thread."""
        return in_one_thread(self._reserve, clients, seconds)


class RewriteSingly:
    """The whole file rewritten safely for each request: file and directory synced."""

    def __init__(self, directory: Path, content: bytes) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._path = directory / "products.json"
        self._products = json.loads(content)
        self._size = self._products[0]["sizes"]["M"]
        self._size["stock"] = 900_000_000

    def _reserve(self) -> None:
        if self._size["stock"] - self._size["reserved"] < 1:
            raise RuntimeError("sold out")
        self._size["reserved"] += 1
        temporary = self._path.with_suffix(f".{uuid.uuid4().hex}")
        with temporary.open("w") as file:
            json.dump(self._products, file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self._path)
        sync_directory(self._path.parent)

    def measure(self, clients: int, seconds: float) -> Measure:
        """This many waiting clients, one writer thread."""
        return in_one_thread(self._reserve, clients, seconds)


def sync_directory(path: Path) -> None:
    """Makes a rename in it durable."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def in_one_thread(work: Callable[[], None], clients: int, seconds: float) -> Measure:
    """The given number of clients wait for one thread, which does their work one after the
    other.
    """
    with ThreadPoolExecutor(1) as writer:

        async def operation() -> None:
            await asyncio.get_running_loop().run_in_executor(writer, work)

        return asyncio.run(closed_loop(operation, clients, seconds))


async def closed_loop(
    operation: Callable[[], Awaitable[object]], clients: int, seconds: float
) -> Measure:
    """The given number of clients; each begins again when it has its answer."""
    took: list[int] = []
    end = time.monotonic() + seconds

    async def client() -> None:
        while time.monotonic() < end:
            start = time.monotonic_ns()
            await operation()
            took.append(time.monotonic_ns() - start)

    started, cpu = time.monotonic(), time.process_time()
    await asyncio.gather(*(client() for _ in range(clients)))
    spent, cpu = time.monotonic() - started, time.process_time() - cpu
    took.sort()
    p50, p99 = (took[int(len(took) * part)] / 1e6 for part in (0.5, 0.99))
    return Measure(len(took) / spent, p50, p99, cpu / len(took) * 1e6)
