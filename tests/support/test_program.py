"""A forked process of the program behaves as a new one."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import psutil
import pytest

from tests.support.processes import alive
from tests.support.program import PROGRAM, ForkedProcess, run, start
from tests.support.server import Server

ENVIRONMENT = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}

Launch = Callable[..., "subprocess.Popen[bytes] | ForkedProcess"]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Launch]:
    """Starts `serve` on a free port, with a log file; ends it after the test."""
    processes: list[subprocess.Popen[bytes] | ForkedProcess] = []

    def launch(**environment: str) -> "subprocess.Popen[bytes] | ForkedProcess":
        with (tmp_path / "log").open("wb") as log:
            process = start(
                ["serve", "--port", "0", "--data", "memory://"],
                directory=tmp_path,
                environment={**ENVIRONMENT, **environment},
                output=log,
                new_session=True,
            )
        processes.append(process)
        return process

    yield launch
    for process in processes:
        process.kill()
        process.wait(10)


@pytest.mark.parametrize(
    "words",
    [
        ["--version"],
        ["--help"],
        ["nonsense"],
        ["verify", "--data", "nowhere"],
        ["init", "--data", "shop"],
        ["check", "--file", "nowhere.json"],
    ],
    ids=" ".join,
)
def test_output_and_exit_code_are_those_of_a_new_process(words: list[str], tmp_path: Path) -> None:
    forked, new = tmp_path / "forked", tmp_path / "new"
    forked.mkdir()
    new.mkdir()
    answer = run(words, environment=ENVIRONMENT, directory=forked)
    expected = subprocess.run(
        [*PROGRAM, *words], cwd=new, env=ENVIRONMENT, capture_output=True, text=True, check=False
    )
    assert (answer.returncode, answer.stdout, answer.stderr) == (
        expected.returncode,
        expected.stdout,
        expected.stderr,
    )
    assert modes(forked) == modes(new)


def modes(folder: Path) -> dict[str, int]:
    """The files below a folder, with their modes."""
    return {str(path.relative_to(folder)): path.stat().st_mode for path in folder.rglob("*")}


def test_a_process_has_only_the_environment_that_it_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "elsewhere"))
    environment = {**ENVIRONMENT, "DATA_DIR": str(tmp_path / "here")}
    assert run(["init"], environment=environment).returncode == 0
    assert (tmp_path / "here").is_dir()
    assert not (tmp_path / "elsewhere").exists()
    del environment["DATA_DIR"]
    assert run(["init"], environment=environment, directory=tmp_path).returncode == 0
    assert (tmp_path / "data").is_dir()


def test_files_get_the_rights_of_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        for mask in (0o027, 0o002):
            os.umask(mask)
            folder = tmp_path / str(mask)
            words = ["storefront", "--to", str(folder), "--api", "https://shop.example"]
            answer = run(words, environment=ENVIRONMENT)
            assert answer.returncode == 0, answer.stderr
            rights = {path.stat().st_mode & 0o777 for path in folder.rglob("*") if path.is_file()}
            assert rights == {0o666 & ~mask}
            assert os.umask(mask) == mask  # this process keeps its own
    finally:
        os.umask(before)


def test_a_process_ends_by_signals_with_their_codes(serve: Launch) -> None:
    # Not SIGTERM: a server that has started ends in an orderly way, with 0.
    for number in (signal.SIGKILL, signal.SIGUSR2):
        process = serve()
        assert isinstance(process, ForkedProcess)
        assert process.poll() is None
        os.kill(process.pid, number)
        assert process.wait(30) == -number
        assert process.poll() == process.returncode == -number
        process.terminate()  # has no effect on a process that has ended


def test_waiting_ends_after_its_limit(serve: Launch) -> None:
    process = serve()
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.01)
    assert process.poll() is None


def test_each_process_leads_its_own_session_with_no_files_of_the_others(serve: Launch) -> None:
    first, second = serve(), serve()
    assert first.pid != second.pid
    for process in (first, second):
        assert os.getsid(process.pid) == process.pid
        files = files_of(process.pid)
        assert sum(name.endswith("/log") for name in files) == 2  # its output and its errors
    deadline = time.monotonic() + 30
    while shared_pipes(os.getpid(), first.pid, second.pid):  # the report is closed last
        assert time.monotonic() < deadline
        time.sleep(0.01)


def shared_pipes(*processes: int) -> set[str]:
    """The pipes that more than one of these processes has open; event loops have their own."""
    pipes = [
        {name for name in files_of(process) if name.startswith("pipe:")} for process in processes
    ]
    return {name for here in pipes for name in here if sum(name in those for those in pipes) > 1}


def files_of(process: int) -> list[str]:
    """The open files of a process, but those that it closes at this moment."""
    names = []
    for file in Path(f"/proc/{process}/fd").iterdir():
        with suppress(FileNotFoundError):
            names.append(str(file.readlink()))
    return names


@pytest.mark.parametrize("forked", [True, False])
def test_workers_are_processes_of_the_program(
    postgres_url: str, forked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not forked:
        monkeypatch.setenv("PRESTART", "0")
    env = {"ADMIN_PASSWORD": "correct-horse-battery"}
    with Server(database_url=postgres_url, workers=2, env=env) as server:
        deadline = time.monotonic() + 60
        while "is running at" not in server.log:  # until both workers serve
            assert time.monotonic() < deadline, server.log
            time.sleep(0.05)
        assert httpx.get(f"{server.url}/healthz").status_code == 200
        workers = psutil.Process(server.pid).children(recursive=True)
        assert len(workers) >= 2
        new = [worker for worker in workers if "spawn_main" in " ".join(worker.cmdline())]
        assert len(new) == (0 if forked else 2)
        # The pipe of the resource tracker of multiprocessing.
        assert len(shared_pipes(os.getpid(), *[worker.pid for worker in workers])) <= 1
    deadline = time.monotonic() + 30
    while any(map(alive, workers)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(alive, workers))


SCRIPT = """
import os, sys
from fancymonkey.cli import main
print("before", __name__, os.environ["WORD"], *sys.argv[1:])
main()
"""


@pytest.mark.parametrize("forked", [True, False])
def test_a_script_runs_instead_of_the_command_line(
    forked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not forked:
        monkeypatch.setenv("PRESTART", "0")
    environment = {**ENVIRONMENT, "WORD": "hello"}
    answer = run(["--version"], script=SCRIPT, environment=environment)
    version = run(["--version"], environment=environment).stdout
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout == f"before __main__ hello --version\n{version}"


LEFT_BEHIND = """
import asyncio, atexit, sys, threading, time
async def forgotten(): pass
class Last:
    def __del__(self): print("discarded")
cycle = [Last()]
cycle.append(cycle)
del cycle
forgotten()
atexit.register(print, "exit handler")
threading.Thread(target=lambda: (threading.main_thread().join(), print("thread"))).start()
print("output")
"""
ENDS = {
    "return": "",
    "number": "sys.exit(3)",
    "none": "sys.exit()",
    "true": "sys.exit(True)",
    "above-255": "sys.exit(259)",
    "below-0": "sys.exit(-1)",
    "text": "sys.exit('a text')",
    "error": "raise OSError('an error')",
    "interrupt": "raise KeyboardInterrupt",
}


@pytest.mark.parametrize("statement", ENDS.values(), ids=ENDS)
def test_threads_handlers_and_garbage_end_as_in_a_new_process(
    statement: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def outcome() -> tuple[int, list[str], str]:
        answer = run([], script=LEFT_BEHIND + statement, environment=ENVIRONMENT)
        lines = sorted(answer.stdout.splitlines())  # garbage is collected at any time
        return answer.returncode, lines, without_places(answer.stderr)

    forked = outcome()
    monkeypatch.setenv("PRESTART", "0")
    assert forked == outcome()
    assert "was never awaited" in forked[2]
    assert forked[1] == ["discarded", "exit handler", "output", "thread"]


def without_places(text: str) -> str:
    """An output without the places of a traceback, which differ."""
    return "\n".join(line for line in text.splitlines() if not line.startswith("  "))


def test_settings_of_the_interpreter_need_a_new_process(
    serve: Launch, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(serve(), ForkedProcess)
    assert isinstance(serve(PYTHONDEVMODE="1"), subprocess.Popen)
    monkeypatch.setenv("PRESTART", "0")
    assert isinstance(serve(), subprocess.Popen)


@pytest.mark.parametrize("costly", [False, True])
def test_hashes_are_cheap_only_in_tests_that_do_not_need_their_cost(
    tmp_path: Path, costly: bool
) -> None:
    body = {"name": "owner", "password": "correct-horse-battery"}
    env = {"ADMIN_PASSWORD": body["password"]}
    with Server(data=tmp_path, env=env, costly_hashes=costly) as server:
        answer = httpx.post(f"{server.url}/api/admin/login", json=body, timeout=60)
        assert answer.status_code == 200
    stored = (tmp_path / "logs" / "inventory-changes.log").read_text()
    assert ("$m=65536,t=3,p=4$" in stored) is costly
    assert ("$m=64,t=1,p=1$" in stored) is not costly
