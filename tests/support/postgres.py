"""A real PostgreSQL for tests and benchmarks, on a free port, with its default durability.

    with PostgresServer() as pg:
        url = pg.create_database()

Works as root (the server then runs as an unprivileged user) and as any other user. The cluster is
removed at the end, also if this process is killed: `process_cleanup.py` runs in a small process.
"""

import asyncio
import atexit
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import asyncpg

from tests.support import process_cleanup, scratch
from tests.support.packed import packed, unpack
from tests.support.ports import free_port
from tests.support.postgres_binaries import PostgresMissing, find_binaries, run_as, version_of
from tests.support.processes import kill_family

__all__ = ["PostgresMissing", "PostgresServer", "unprivileged_user"]

START_SECONDS = 60.0
SUPERUSER = "postgres"
INITDB = ("-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")


class PortTaken(RuntimeError):
    """Another process took the port first; another port will do."""


def unprivileged_user() -> str | None:
    """Give the user to drop to: None unless this process is root's."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return None
    import pwd

    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            pwd.getpwnam(name)
            return name
    raise PostgresMissing(
        "PostgreSQL refuses to run as root, and there is no user postgres or nobody."
    )


_new_clusters: dict[Path, IO[bytes]] = {}
"""Clusters that no server has started on, by the programs that made them: `initdb` takes long."""


class PostgresServer:
    """One cluster and its server on 127.0.0.1.

    Settings are PostgreSQL's own, by name: `PostgresServer(max_connections=300)`.
    """

    host = "127.0.0.1"

    def __init__(self, **settings: object) -> None:
        self.settings = {"max_connections": 200, **settings}
        self.user = unprivileged_user()
        self.directory = self._make_directory()
        self.cluster = self.directory / "cluster"
        self.log_path = self.directory / "log"
        self.port = free_port(self.host)
        self._process: subprocess.Popen[bytes] | None = None
        self._databases = 0
        self._cleanup = self._start_cleanup()
        atexit.register(self.close)
        try:
            self.binaries = find_binaries(self.user, self.directory / "programs")
            self.version = version_of(self.binaries, self.user) or ()
            self._make_cluster()
        except BaseException:
            self.close()
            raise

    # -- life --------------------------------------------------------------------------------------

    def start(self) -> Self:
        """Start the server, on the same port as before; do nothing when it runs."""
        deadline = time.monotonic() + START_SECONDS
        while not self.running:
            try:
                self._launch(deadline)
            except PortTaken:
                if self._databases:  # a test may have a URL with this port: wait for it
                    time.sleep(0.2)
                else:
                    self.port = free_port(self.host)
                if time.monotonic() > deadline:
                    raise
        return self

    def stop(self) -> None:
        """Shut down in an orderly way: connections are closed, a checkpoint is written."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """End all processes of the server with kill -9; start() then recovers from the log."""
        process, self._process = self._process, None
        if process is not None and process.poll() is None:
            kill_family(process.pid)
            process.wait(10)

    def close(self) -> None:
        """Stop the server and remove everything it wrote. Safe to call twice."""
        atexit.unregister(self.close)
        with suppress(OSError, subprocess.SubprocessError):
            self._end(signal.SIGQUIT)
        shutil.rmtree(self.directory, ignore_errors=True)
        if self._cleanup.stdin:
            self._cleanup.stdin.close()  # it finds nothing left to do
        with suppress(subprocess.SubprocessError):
            self._cleanup.wait(30)

    @property
    def running(self) -> bool:
        """Whether the server's first process lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The process id of the postmaster (for CPU time in benchmarks)."""
        if self._process is None:
            raise RuntimeError("PostgreSQL is not running")
        return self._process.pid

    @property
    def log(self) -> str:
        """The server's log so far."""
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # -- databases ---------------------------------------------------------------------------------

    def url(self, database: str = "postgres") -> str:
        """Give the URL of a database over TCP."""
        return f"postgresql://{SUPERUSER}@{self.host}:{self.port}/{database}"

    def socket_url(self, database: str = "postgres") -> str:
        """Give the URL of a database over the Unix socket."""
        return f"postgresql://{SUPERUSER}@/{database}?host={self.directory}&port={self.port}"

    def create_database(self, template: str = "template0") -> str:
        """Make a database, a copy of `template` (without connections to it), and return its URL."""
        self._databases += 1
        name = f"test_{os.getpid()}_{self._databases}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Drop a database of create_database(), with any connections."""
        name = url.rsplit("/", 1)[1]
        self.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def execute(self, sql: str, database: str = "postgres") -> None:
        """Run SQL as the superuser, for set-up. May be called where an event loop runs."""

        async def run() -> None:
            connection = await asyncpg.connect(self.url(database), timeout=30)
            try:
                await connection.execute(sql)
            finally:
                await connection.close()

        in_own_loop(run())

    # -- inside ------------------------------------------------------------------------------------

    def _make_directory(self) -> Path:
        # Short, because a socket's path has at most 107 bytes, and open to the server's user,
        # unlike many a TMPDIR.
        place = str(scratch.IN_MEMORY) if scratch.in_memory() else "/tmp"
        usable = os.access(place, os.W_OK | os.X_OK)
        directory = Path(tempfile.mkdtemp(prefix="fm-pg-", dir=place if usable else None))
        if self.user:
            shutil.chown(directory, self.user)
        return directory

    def _start_cleanup(self) -> subprocess.Popen[bytes]:
        script = process_cleanup.__file__
        return subprocess.Popen(
            [sys.executable, "-I", "-S", script, str(self.cluster), str(self.directory)],
            stdin=subprocess.PIPE,
            start_new_session=True,
            cwd="/",
        )

    def _environment(self) -> dict[str, str]:
        needed = {"PATH", "LD_LIBRARY_PATH", "TZ", "SYSTEMROOT"}
        return {name: value for name, value in os.environ.items() if name in needed} | {
            "LC_ALL": "C"
        }

    def _make_cluster(self) -> None:
        """Makes a cluster, as a copy of the first one that these programs have made."""
        made = _new_clusters.get(self.binaries)
        if made is None:
            self._initdb()
            if not self.binaries.is_relative_to(self.directory):
                _new_clusters[self.binaries] = packed(self.cluster)
        else:
            unpack(made, self.cluster)

    def _initdb(self) -> None:
        made = subprocess.run(
            [self.binaries / "initdb", "-D", self.cluster, "-U", SUPERUSER, *INITDB],
            cwd=self.directory,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            **run_as(self.user),  # type: ignore[call-overload]
        )
        if made.returncode != 0:
            raise RuntimeError(f"initdb failed:\n{made.stdout.decode(errors='replace')}")

    def _launch(self, deadline: float) -> None:
        settings = {
            "listen_addresses": self.host,
            "port": self.port,
            "unix_socket_directories": str(self.directory),
            **self.settings,
        }
        arguments = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        log_start = len(self.log)
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [self.binaries / "postgres", "-D", self.cluster, *arguments],
                cwd=self.directory,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C in the terminal is for pytest
                **run_as(self.user),  # type: ignore[call-overload]
            )
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                output = self.log[log_start:]
                if "could not bind" in output:
                    raise PortTaken(output)
                raise RuntimeError(f"PostgreSQL did not start:\n{output}")
            if self._ready():
                return
            time.sleep(0.02)
        self.kill()
        raise TimeoutError(
            f"PostgreSQL was not ready in {START_SECONDS} s:\n{self.log[log_start:]}"
        )

    def _ready(self) -> bool:
        """Whether the last line of postmaster.pid, which pg_ctl reads, reports it."""
        try:
            lines = (self.cluster / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) >= 8 and lines[0] == str(self.pid) and lines[7].strip() == "ready"

    def _end(self, how: signal.Signals) -> None:
        process = self._process
        if process is not None and process.poll() is None:
            process.send_signal(how)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()
        self._process = None


def in_own_loop(work: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine in a thread of its own: it does not matter whether this one has a loop."""
    failure: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(work)
        except BaseException as error:
            failure.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failure:
        raise failure[0]
