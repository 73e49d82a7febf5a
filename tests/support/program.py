"""Starts the program: as a new process, or forked from one that has loaded its modules.

A forked process runs the same code with the same arguments, and takes a twentieth of the CPU time
to start. It hashes passwords at less cost, unless a test asks for the real cost. `PRESTART=0` in
the environment makes every start a new process.
"""

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

PROGRAM = (str(Path(sys.executable).with_name("fancymonkey")),)
"""The installed program, as a new process."""

FORK_SERVER = Path(__file__).with_name("fork_server.py")

# Settings of the interpreter count only for a new process.
_OF_THE_INTERPRETER = ("PYTHON", "LD_", "MALLOC_")
_WITHOUT_EFFECT = {"PYTHONPATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"}


class ForkedProcess:
    """A process of the fork server, with the methods of `subprocess.Popen` that tests use."""

    def __init__(self, arguments: Sequence[str], report: int) -> None:
        self.args = list(arguments)
        self.returncode: int | None = None
        self._report = report
        self._text = b""
        self._lock = threading.Lock()
        self.pid = self._number("started", 60.0)

    def poll(self) -> int | None:
        """The exit code, or None as long as it runs."""
        with self._lock:
            if self.returncode is None:
                try:
                    self.returncode = self._number("ended", 0.0)
                except TimeoutError:
                    return None
                os.close(self._report)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Waits for its end; returns the exit code. Raises subprocess.TimeoutExpired."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            left = 1.0 if deadline is None else deadline - time.monotonic()
            if left <= 0:
                raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
            with suppress(OSError, ValueError):  # another thread saw the end
                _readable(self._report, min(left, 1.0))
        return code

    def send_signal(self, number: int) -> None:
        """Sends a signal, unless the process has ended."""
        if self.poll() is None:
            with suppress(ProcessLookupError):  # it ended at this moment
                os.kill(self.pid, number)

    def terminate(self) -> None:
        """Sends SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Sends SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def _number(self, event: str, seconds: float) -> int:
        """The number in the next line of the report. Raises TimeoutError."""
        while b"\n" not in self._text:
            if not _readable(self._report, seconds):
                raise TimeoutError("the fork server did not answer")
            part = os.read(self._report, 64)
            if not part:
                raise RuntimeError("the fork server has ended")
            self._text += part
        line, _, self._text = self._text.partition(b"\n")
        name, number = line.decode().split()
        if name != event:
            raise RuntimeError(f"the fork server reported {name} {number} instead of {event}")
        return int(number)


def _readable(file: int, seconds: float) -> bool:
    """Whether the file has data within a time. Unlike `select` for files above 1023, too."""
    poll = select.poll()
    poll.register(file, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


class _ForkServer:
    """The process that forks; started when first needed, ends with this process."""

    def __init__(self) -> None:
        self._control, theirs = socket.socketpair()
        self.owner = os.getpid()
        environment = {name: os.environ[name] for name in os.environ if not _of_interpreter(name)}
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, str(FORK_SERVER), str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env=environment,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        atexit.register(self.close)

    def close(self) -> None:
        """Ends the fork server, and no process that it has forked."""
        self._control.close()
        if self.owner == os.getpid():
            self._process.wait(10)

    def start(self, request: Mapping[str, Any], files: Sequence[IO[bytes]]) -> ForkedProcess:
        """Forks a process with these standard files."""
        report, theirs = os.pipe()
        with tempfile.TemporaryFile() as source:
            source.write(json.dumps(request).encode())
            source.seek(0)
            numbers = [file.fileno() for file in files]
            socket.send_fds(self._control, [b"+"], [source.fileno(), theirs, *numbers])
            os.close(theirs)
            return ForkedProcess(request["arguments"], report)


_lock = threading.Lock()
_server: _ForkServer | None = None


def start(
    arguments: Sequence[str],
    *,
    program: Sequence[str] | None = None,
    script: str | None = None,
    directory: Path | str,
    environment: Mapping[str, str],
    output: IO[bytes],
    errors: IO[bytes] | None = None,
    new_session: bool = False,
    costly_hashes: bool = False,
) -> "subprocess.Popen[bytes] | ForkedProcess":
    """Starts the program with these arguments, and with nothing on its standard input.

    `program`: another one, or the installed one as a new process. `script`: Python code that runs
    instead of the command line; the modules of the program may be loaded before. `costly_hashes`: a
    forked process hashes passwords at the cost of the real program, too.
    """
    if script is not None and program is not None:
        raise ValueError("give either a program or a script")
    if script is not None and not _can_fork(environment):
        program = (sys.executable, "-c", script)
    if program is not None or not _can_fork(environment):
        return subprocess.Popen(
            [*(program or PROGRAM), *arguments],
            cwd=directory,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors or output,
            start_new_session=new_session,
        )
    request = {
        "arguments": [*PROGRAM, *arguments],
        "directory": str(directory),
        "environment": dict(environment),
        "umask": _umask(),
        "new_session": new_session,
        "costly_hashes": costly_hashes,
        "script": script,
    }
    with Path(os.devnull).open("rb") as nothing:
        return _fork_server().start(request, (nothing, output, errors or output))


def run(
    arguments: Sequence[str | Path],
    *,
    script: str | None = None,
    environment: Mapping[str, str] | None = None,
    directory: Path | str = ".",
    timeout: float = 120.0,
) -> "subprocess.CompletedProcess[str]":
    """Runs a command of the program to its end, and returns its output."""
    words = [str(argument) for argument in arguments]
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        process = start(
            words,
            script=script,
            directory=directory,
            environment=os.environ if environment is None else environment,
            output=output,
            errors=errors,
        )
        try:
            code = process.wait(timeout)
        except BaseException:
            process.kill()
            raise
        return subprocess.CompletedProcess(words, code, _text(output), _text(errors))


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


def _can_fork(environment: Mapping[str, str]) -> bool:
    return (
        sys.platform == "linux"
        and os.environ.get("PRESTART") != "0"
        and environment.get("PYTHONPATH") == os.environ.get("PYTHONPATH")
        and not any(map(_of_interpreter, environment))
    )


def _of_interpreter(name: str) -> bool:
    return name.startswith(_OF_THE_INTERPRETER) and name not in _WITHOUT_EFFECT


def _umask() -> int:
    value = os.umask(0o77)
    os.umask(value)
    return value


def _fork_server() -> _ForkServer:
    global _server
    with _lock:
        if _server is None or _server.owner != os.getpid():
            _server = _ForkServer()
        return _server
