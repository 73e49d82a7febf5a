"""A process that has loaded the program and forks a process for each start of it.

Loading the program's modules takes over a second of CPU time, and the tests start it hundreds of
times. `tests/support/program.py` starts this file and sends it requests: one byte with the files
that FILES names. The child runs the command line as a new process would: with its own environment,
directory, session, signals, standard files and random numbers. It ends as a new one, but does not
take its modules apart: see `end`. A request may have a script, which runs instead of the command
line. Workers of the program are forked as well.
"""

import atexit
import gc
import json
import multiprocessing.util
import os
import select
import signal
import socket
import sys
import threading
import time
from contextlib import suppress
from functools import partial
from importlib import import_module
from io import TextIOWrapper
from types import ModuleType
from typing import Any

FILES = ("request", "report", "stdin", "stdout", "stderr")
"""The files of a request. `report` gets a line `started PID`, then a line `ended CODE`."""

LIBRARIES = (
    *("apsw", "asyncpg", "httpx", "stripe", "uvloop", "uvicorn.lifespan.on", "uvicorn.loops.auto"),
    *("fancymonkey.web.app", "fancymonkey.web.server.fast_path"),
    *("fancymonkey.web.server.websocket", "fancymonkey.services.demo_payments"),
    *("fancymonkey.store.json.store", "fancymonkey.store.sqlite.store"),
    *("fancymonkey.store.postgres.store", "fancymonkey.backup.restore"),
)
"""Modules that commands load when they run, in addition to the commands."""


def load() -> None:
    """Loads the program."""
    from fancymonkey.cli import COMMANDS

    gc.disable()
    for name in (*(command.partition(":")[0] for command in COMMANDS.values()), *LIBRARIES):
        import_module(name)
    import_module("httpx").Client().close()  # reads the certificates, for all children
    gc.enable()
    gc.freeze()  # so that a child does not copy the memory of these objects


def next_child(control: socket.socket) -> list[int]:
    """Forks a child for each request; returns its files, in the child only.

    Ends this process when the other side has closed the socket.
    """
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    reports: dict[int, int] = {}
    while True:
        ready, _, _ = select.select([control.fileno(), woken], [], [])
        if woken in ready:
            os.read(woken, 4096)
            _report_ended(reports)
        if control.fileno() not in ready:
            continue
        message, files, _, _ = socket.recv_fds(control, 1, len(FILES))
        if not message:
            os._exit(0)
        child = os.fork()
        if child == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            return files
        report = files[FILES.index("report")]
        reports[child] = report
        for file in files:
            if file != report:
                os.close(file)


def _report_ended(reports: dict[int, int]) -> None:
    while reports:
        child, status = os.waitpid(-1, os.WNOHANG)
        if child == 0:
            return
        report = reports.pop(child)
        with suppress(BrokenPipeError):  # the test does not ask for it any more
            os.write(report, b"ended %d\n" % os.waitstatus_to_exitcode(status))
        os.close(report)


def _make_hashes_cheap() -> None:
    """Makes password hashes with small numbers: a login costs 0.1 s of CPU time otherwise."""
    from argon2 import PasswordHasher

    from fancymonkey.accounts import passwords

    # As in hashes.py, which this process does not load.
    cheap = partial(PasswordHasher, time_cost=1, memory_cost=64, parallelism=1)
    vars(passwords)["PasswordHasher"] = cheap


def become(files: list[int]) -> str | None:
    """Makes this process the one that the request describes. Returns the script of the request."""
    request_file, report, *standard = files
    with os.fdopen(os.dup(request_file), "rb") as source:
        request = json.load(source)
    for number, file in enumerate(standard):
        os.dup2(file, number)
    if request["new_session"]:
        os.setsid()
    os.umask(request["umask"])
    os.chdir(request["directory"])
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    sys.argv = request["arguments"]
    if not request["costly_hashes"]:
        _make_hashes_cheap()
    sys.stdin = open(0, encoding="utf-8")  # noqa: SIM115
    sys.stdout = TextIOWrapper(open(1, "wb", 0), "utf-8", write_through=True)  # noqa: SIM115
    sys.stderr = TextIOWrapper(open(2, "wb", 0), "utf-8", "backslashreplace", write_through=True)  # noqa: SIM115
    # Processes that this one starts load the program's file, not this one.
    main = sys.modules["__main__"] = ModuleType("__main__")
    main.__file__ = sys.argv[0]
    sys.path.insert(0, os.path.dirname(sys.argv[0]))  # noqa: PTH120
    os.closerange(3, report)
    os.closerange(report + 1, os.sysconf("SC_OPEN_MAX"))
    os.write(report, b"started %d\n" % os.getpid())
    os.close(report)
    vars(multiprocessing.util)["spawnv_passfds"] = start_worker
    script: str | None = request["script"]
    return script


new_process = multiprocessing.util.spawnv_passfds


def start_worker(path: bytes, arguments: list[str], files: list[Any]) -> int:
    """Starts what `multiprocessing` starts; forks a worker from this process. Returns its id.

    A new worker would load the program again. Like a new one, the forked worker has only the
    standard files and those that are passed on, and the usual effects of signals.
    """
    if "--multiprocessing-fork" not in arguments:
        return int(new_process(path, arguments, files))
    child = os.fork()
    if child:
        return child
    try:
        for number in signal.valid_signals():
            if callable(signal.getsignal(number)):
                signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        first = 3
        for file in sorted(map(int, files)):
            os.closerange(first, file)
            first = max(first, file + 1)
        os.closerange(first, os.sysconf("SC_OPEN_MAX"))
        sys.argv = arguments[-2:]
        sys.argv[0] = "-c"
        exec(arguments[-2], {})  # `spawn_main`, with the numbers of its files
    except SystemExit as end:
        os._exit(end.code if isinstance(end.code, int) else 1)
    finally:
        os._exit(1)


def end(code: int) -> None:
    """Ends this process with its threads, exit handlers, garbage and output, as Python ends one.

    Python also takes all modules apart. In a forked process this copies the memory that it shares
    with its parent: 0.09 s of CPU time for each process.
    """
    vars(threading)["_shutdown"]()  # waits for threads
    vars(atexit)["_run_exitfuncs"]()
    gc.collect()  # such as a coroutine without an await, which prints a warning
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    import_module("missing_modules").search_missing_modules_once()
    import_module("tls_contexts").make_certificates_load_once()
    del sys.path[0]  # the folder of this file
    load()
    text = become(next_child(socket.socket(fileno=int(sys.argv[1]))))
    code = 0
    try:
        if text is None:
            import_module("fancymonkey.cli").main()
        else:
            exec(text, vars(sys.modules["__main__"]))
    except SystemExit as request:
        if not isinstance(request.code, int | None):
            raise  # Python prints it
        code = request.code or 0
    end(code & 0xFF)
