"""A real pgbouncer in front of a PostgreSQL of the tests, on a free port.

with PgBouncer(postgres_server) as pooler:
    url = pooler.url_of(postgres_url)
"""

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import pytest

from tests.support.ports import free_port, is_listening
from tests.support.postgres import SUPERUSER, PostgresServer
from tests.support.postgres_binaries import run_as

PLACES = ("/usr/sbin", "/usr/local/sbin")
"""Folders of system programs, which are not on the PATH of every user."""
START_SECONDS = 20.0


def program() -> str:
    """Return the path of pgbouncer. Without it the test is skipped, and fails in CI."""
    path = os.pathsep.join((os.environ.get("PATH", ""), *PLACES))
    place = shutil.which("pgbouncer", path=path)
    if place is None and os.environ.get("REQUIRE_PGBOUNCER") == "1":
        pytest.fail("There is no pgbouncer, and REQUIRE_PGBOUNCER=1 asks for it.")
    if place is None:
        pytest.skip("There is no pgbouncer. On Debian: apt-get install pgbouncer")
    return place


class PgBouncer:
    """A pooler of all databases of a server.

    In transaction mode each transaction gets the connection that was idle for longest, so that a
    session meets another one nearly each time. Settings are pgbouncer's own, by name.
    """

    host = "127.0.0.1"

    def __init__(self, server: PostgresServer, **settings: object) -> None:
        self._program = program()
        self._server = server
        self._settings = {
            "pool_mode": "transaction",
            "server_round_robin": 1,
            "default_pool_size": 6,
            "max_client_conn": 300,
            **settings,
        }
        self.port = free_port(self.host)
        self._directory = Path(tempfile.mkdtemp(prefix="fm-pool-", dir="/tmp"))
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        """Everything it has logged."""
        path = self._directory / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def url_of(self, url: str, *, direct: str | None = None) -> str:
        """The URL of a database behind the pooler; `direct` is its parameter of this name."""
        parts = urlsplit(url)._replace(netloc=f"{SUPERUSER}@{self.host}:{self.port}")
        return parts._replace(query="" if direct is None else f"direct={direct}").geturl()

    def start(self) -> Self:
        """Start, and return when it accepts connections."""
        users = self._directory / "users"
        users.write_text(f'"{SUPERUSER}" ""\n')
        settings = {
            "listen_addr": self.host,
            "listen_port": self.port,
            "unix_socket_dir": "",
            "auth_type": "trust",
            "auth_file": users,
            **self._settings,
        }
        lines = [f"{name} = {value}" for name, value in settings.items()]
        databases = f"* = host={self._server.host} port={self._server.port}"
        config = self._directory / "pgbouncer.ini"
        config.write_text("\n".join(["[databases]", databases, "[pgbouncer]", *lines, ""]))
        if self._server.user:
            for path in (self._directory, users, config):
                shutil.chown(path, self._server.user)
        with (self._directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._program, config],
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **run_as(self._server.user),  # type: ignore[call-overload]
            )
        deadline = time.monotonic() + START_SECONDS
        while not is_listening(self.port, self.host):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"pgbouncer did not start:\n{self.log}")
            time.sleep(0.02)
        return self

    def stop(self) -> None:
        """End it at once: its clients lose their connections."""
        process, self._process = self._process, None
        if process is not None and process.poll() is None:
            process.kill()
            process.wait(10)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        shutil.rmtree(self._directory, ignore_errors=True)
