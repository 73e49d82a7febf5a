"""A listening socket of several processes: the one that decides gets the connections."""

import asyncio
import errno
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from fancymonkey.web.server import shared_listener
from fancymonkey.web.server.processor_load import IDLE, ProcessorLoad
from fancymonkey.web.server.shared_listener import SharedListener, SharedListening

CONNECTIONS = 20


class Greeter(asyncio.Protocol):
    """Sends the name of its process, and closes."""

    def __init__(self, name: bytes) -> None:
        self.name = name

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        transport.write(self.name)
        transport.close()


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound


Listen = Callable[[str, Callable[[], bool]], SharedListener]


@pytest.fixture
async def listening(listener: socket.socket) -> AsyncIterator[Listen]:
    """Starts the part of one process."""
    with ExitStack() as stack:

        def start(name: str, others_first: Callable[[], bool]) -> SharedListener:
            own = stack.enter_context(listener.dup())  # as in a process of its own
            shared = SharedListener(own, lambda: Greeter(name.encode()), others_first)
            shared.start(100)
            stack.callback(shared.close)
            return shared

        yield start


async def name_of(listener: socket.socket) -> str:
    """The process that takes a new connection."""
    reader, writer = await asyncio.open_connection(*listener.getsockname())
    name = await asyncio.wait_for(reader.read(), 20)
    writer.close()
    return name.decode()


async def test_the_process_that_decides_gets_the_connections(
    listener: socket.socket, listening: Listen
) -> None:
    listening("follower", lambda: True)
    decider = listening("decider", lambda: False)
    streak = 0
    async with asyncio.timeout(60):
        while streak < CONNECTIONS:  # on a busy machine a few may have waited for long
            streak = streak + 1 if await name_of(listener) == "decider" else 0
    decider.close()
    await decider.wait_closed()


async def test_others_take_connections_that_the_decider_leaves(
    listener: socket.socket, listening: Listen
) -> None:
    """As after its end, and while it is stopped."""
    follower = listening("follower", lambda: True)
    names = await asyncio.gather(*[name_of(listener) for _ in range(CONNECTIONS)])
    assert names == ["follower"] * CONNECTIONS
    follower.close()
    follower.close()  # has no effect


async def test_a_closed_listener_accepts_nothing_and_leaves_the_socket_to_others(
    listener: socket.socket, listening: Listen
) -> None:
    ended = listening("ended", lambda: True)
    listening("other", lambda: False)
    waiting = asyncio.create_task(name_of(listener))
    await asyncio.sleep(0)
    ended.close()  # perhaps during its pause
    assert await waiting == "other"
    assert await name_of(listener) == "other"


class FullListener:
    """A socket whose system has no file left for some attempts."""

    def __init__(self, real: socket.socket) -> None:
        self._real = real
        self.failures = 3

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)

    def accept(self) -> object:
        if self.failures:
            self.failures -= 1
            raise OSError(errno.EMFILE, "Too many open files")
        return self._real.accept()


async def test_connections_wait_while_the_system_has_no_files(
    listener: socket.socket,
    listening: Listen,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(shared_listener, "NO_FILES_SECONDS", 0.01)
    shared = listening("late", lambda: False)
    full = shared._listener = FullListener(shared._listener)  # type: ignore[assignment]
    assert await name_of(listener) == "late"
    assert full.failures == 0
    assert caplog.text.count("Too many open files") == 3


class Loop(SharedListening, asyncio.SelectorEventLoop):
    """The loop of a worker without uvloop."""


def test_a_loop_shares_only_a_socket_that_it_was_given(listener: socket.socket) -> None:
    loop = Loop()

    async def serve() -> None:
        assert loop.welcomes() == 0  # it listens to nothing yet
        own = await loop.create_server(lambda: Greeter(b"own"), "127.0.0.1", 0)
        assert not isinstance(own, SharedListener)
        assert await name_of(own.sockets[0]) == "own"
        assert loop.welcomes() == 0
        shared = await loop.create_server(lambda: Greeter(b"shared"), sock=listener, backlog=5)
        assert isinstance(shared, SharedListener)
        assert await name_of(listener) == "shared"
        number = loop.welcomes()
        assert number
        asked: list[int] = []
        loop.leaves = lambda socket_: bool(asked.append(socket_))
        assert await name_of(listener) == "shared"
        assert set(asked) == {number}  # the number is that of the other processes too
        shared.close()
        own.close()

    loop.run_until_complete(serve())
    loop.close()


# -- the load --------------------------------------------------------------------------------------


class Machine:
    """A machine whose time passes when the test says it."""

    def __init__(self, directory: Path) -> None:
        self.statistics = directory / "stat"
        self.now = self.used = self.idle = 0.0
        self._write()

    def _write(self) -> None:
        idle = round(self.idle * 100)
        self.statistics.write_text(f"cpu  1 2 3 {idle} 0 7 8 9 0 0\ncpu0 1 2 3 4\n", "ascii")

    def load(self) -> ProcessorLoad:
        return ProcessorLoad(self.statistics, lambda: self.now, lambda: self.used)

    def run(self, load: ProcessorLoad, *, busy: float, idle: float, seconds: int = 5) -> None:
        for _ in range(2 * seconds):
            self.now += 0.5
            self.used += 0.5 * busy
            self.idle += 0.5 * idle
            self._write()
            load.measure()


def test_others_help_a_busy_process_only_on_idle_processors(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    load = machine.load()
    assert not load.can_be_shared
    machine.run(load, busy=0.95, idle=0.1)  # the machine is busy: others would only add work
    assert not load.can_be_shared
    machine.run(load, busy=0.95, idle=6.0)
    assert load.can_be_shared
    machine.run(load, busy=0.3, idle=6.5)
    assert not load.can_be_shared


def test_a_moment_of_load_does_not_count(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    load = machine.load()
    machine.now += 0.01
    machine.used += 0.01
    load.measure()
    assert (load.busy, load.idle) == (0.0, 0.0)


@pytest.mark.parametrize(("count", "shared"), [(1, False), (2, False), (8, True)])
def test_a_system_without_idle_times_is_judged_by_its_processors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, shared: bool
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: count)
    machine = Machine(tmp_path)
    machine.statistics = tmp_path / "missing"
    load = machine.load()
    monkeypatch.setattr(machine, "_write", lambda: None)
    machine.run(load, busy=1.0, idle=0.0)
    assert load.can_be_shared is shared
    assert shared == (load.idle > IDLE)
