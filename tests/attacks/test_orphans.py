"""Workers end when their parent process was killed, and free the port."""

import os
import signal
import time
from pathlib import Path

import pytest

from tests.support.server import Server

pytestmark = pytest.mark.slow

SECONDS = 5.0


def children(pid: int) -> list[int]:
    """The processes that this one has started."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def alive(pid: int) -> bool:
    """Whether the process runs; one that has ended and was not fetched does not."""
    try:
        return ") Z" not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGABRT])
@pytest.mark.parametrize("pause", [0.0, 1.0])
def test_a_new_start_succeeds_soon(postgres_url: str, number: signal.Signals, pause: float) -> None:
    with Server(database_url=postgres_url, workers=2) as server:
        started = children(server.pid)
        assert len(started) >= 2
        os.kill(server.pid, number)
        server.wait(10)
        deadline = time.monotonic() + 30
        time.sleep(pause)
        server.start()
        while any(map(alive, started)):
            assert time.monotonic() < deadline, "a worker has outlived its parent"
            time.sleep(0.05)
