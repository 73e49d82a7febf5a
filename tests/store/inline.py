"""Work for threads, done at once: for tests that repeat a run once per operation of the disk.

The order of the operations is the same in each run, and no time goes into thousands of threads.
"""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import pytest

P = ParamSpec("P")
T = TypeVar("T")


async def _to_thread(work: Callable[P, T], /, *args: P.args, **more: P.kwargs) -> T:
    return work(*args, **more)


def _run_in_executor(
    loop: asyncio.AbstractEventLoop, _executor: object, work: Callable[..., T], *args: object
) -> "asyncio.Future[T]":
    future: asyncio.Future[T] = loop.create_future()
    try:
        future.set_result(work(*args))
    except Exception as error:
        future.set_exception(error)
    return future


@pytest.fixture
def no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing runs in a thread."""
    monkeypatch.setattr(asyncio, "to_thread", _to_thread)
    monkeypatch.setattr(asyncio.BaseEventLoop, "run_in_executor", _run_in_executor)
