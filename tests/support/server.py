"""The real program in a process of its own, as a shop runs it.

with Server(data=tmp_path) as server:
    httpx.get(f"{server.url}/healthz")
    server.kill()       # kill -9, workers too
    server.start()      # the same port, the same data
"""

import http.client
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from tests.support.ports import free_port
from tests.support.processes import kill_family
from tests.support.program import PROGRAM, ForkedProcess, start

__all__ = ["PROGRAM", "Server"]

# The variables that the program gets from this process, without a developer's DATABASE_URL.
INHERITED = (
    *("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SYSTEMROOT", "VIRTUAL_ENV"),
    "PYTHONPATH",  # another checkout than the installed one
)


class Server:
    """`fancymonkey serve` on a free port, with its data in a directory or in a database.

    `program` starts as a new process; without it the start takes less time, and so do hashes of
    passwords without `costly_hashes`. A `script` runs instead of the program: see `program.py`.
    """

    host = "127.0.0.1"

    def __init__(
        self,
        *,
        data: Path | str | None = None,
        database_url: str | None = None,
        env: Mapping[str, str] | None = None,
        workers: int = 1,
        arguments: Sequence[str] = (),
        port: int | None = None,
        program: Sequence[str] | None = None,
        script: str | None = None,
        start_seconds: float = 60.0,
        costly_hashes: bool = False,
    ) -> None:
        if (data is None) == (database_url is None):
            raise ValueError("give either data (a directory) or database_url")
        self.port = port or free_port(self.host)
        self.start_seconds = start_seconds
        self.env = {name: os.environ[name] for name in INHERITED if name in os.environ}
        self.env |= {"PYTHONUNBUFFERED": "1"}  # and no PYTHONDEVMODE: even "0" switches it on
        self.env |= {"DATABASE_URL": database_url} if database_url else {}
        self.env |= env or {}
        self.program, self.script, self.costly_hashes = program, script, costly_hashes
        self.arguments = ["serve", "--host", self.host, "--port", str(self.port)]
        self.arguments += ["--data", str(data)] if data is not None else []
        self.arguments += ["--workers", str(workers)] if workers != 1 else []
        self.arguments += arguments
        self._log: IO[bytes] = tempfile.TemporaryFile(prefix="fm-server-")  # noqa: SIM115
        # Away from the checkout, so that a developer's .env there is not read.
        self._home = tempfile.TemporaryDirectory(prefix="fm-server-")
        self._process: subprocess.Popen[bytes] | ForkedProcess | None = None

    @property
    def url(self) -> str:
        """Its URL, without a slash at the end."""
        return f"http://{self.host}:{self.port}"

    @property
    def log(self) -> str:
        """The output of all its processes so far."""
        return os.pread(self._log.fileno(), 1 << 26, 0).decode(errors="replace")

    @property
    def running(self) -> bool:
        """Whether its first process lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The id of its first process."""
        if self._process is None:
            raise RuntimeError("the server is not running")
        return self._process.pid

    def launch(self) -> Self:
        """Start without waiting: for a start that is meant to fail. See wait()."""
        if self.running:
            raise RuntimeError("the server runs already")
        self._process = start(
            self.arguments,
            program=self.program,
            script=self.script,
            directory=self._home.name,
            environment=self.env,
            output=self._log,
            new_session=True,
            costly_hashes=self.costly_hashes,
        )
        return self

    def start(self, path: str = "/healthz") -> Self:
        """Start, and wait until it answers this path with 200."""
        self.launch()
        deadline = time.monotonic() + self.start_seconds
        while not self._answers(path):
            if not self.running:
                raise RuntimeError(f"the server ended with {self.wait()}:\n{self.log}")
            if time.monotonic() > deadline:
                self.kill()
                raise TimeoutError(f"no 200 from {path} in {self.start_seconds} s:\n{self.log}")
            time.sleep(0.02)
        return self

    def wait(self, seconds: float = 30.0) -> int:
        """Wait until it has ended by itself, and give its exit code."""
        if self._process is None:
            raise RuntimeError("the server was not started")
        return self._process.wait(seconds)

    def stop(self, seconds: float = 30.0) -> int:
        """Ask it to end (SIGTERM, as systemd and containers do), and give its exit code."""
        if self._process is None:
            return 0
        self._process.terminate()
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise TimeoutError(f"the server ignored SIGTERM for {seconds} s:\n{self.log}") from None
        finally:
            self._process = None

    def kill(self) -> None:
        """End it and its workers with kill -9: no warning, no clean-up."""
        process, self._process = self._process, None
        if process is not None and process.poll() is None:
            kill_family(process.pid)
            process.wait(10)

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal to its first process."""
        os.kill(self.pid, number)

    def close(self) -> None:
        """End it in any state, and discard the log."""
        try:
            self.stop()
        finally:
            self._log.close()
            self._home.cleanup()

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            error.add_note(f"The server's log:\n{self.log[-4000:]}")
        self.close()

    def _answers(self, path: str) -> bool:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=2)
        try:
            connection.request("GET", path)
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
