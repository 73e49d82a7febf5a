"""An event loop without clock and I/O: time is a number, and a seed makes every random decision."""

import asyncio
import random
from asyncio import base_events
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


TURNS = 300_000
"""More turns of the loop than any day needs."""


class Deadlock(AssertionError):
    """All tasks wait, and nothing will happen."""


class Endless(AssertionError):
    """A task never ends."""


class _Waiting:
    """Replaces the selector of a loop: time advances instead of waiting."""

    def __init__(self, loop: "SimLoop") -> None:
        self._loop = loop

    def select(self, timeout: float | None) -> list[Any]:
        if timeout is None:
            raise Deadlock("everybody waits")
        self._loop.now += timeout
        self._loop.count()
        return []

    def close(self) -> None:
        pass


class SimLoop(base_events.BaseEventLoop):
    """Runs what is ready in an order that the seed decides; waits for nothing in real time."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.now = 0.0
        self.random = random.Random(seed)
        self.problems: list[str] = []
        self.turns = 0
        self._selector = _Waiting(self)
        self._clock_resolution = 1e-9
        self.set_exception_handler(self._trouble)

    def time(self) -> float:
        return self.now

    def count(self) -> None:
        """Ends what never ends."""
        self.turns += 1
        if self.turns > TURNS:
            self.turns = -TURNS  # let the other tasks end
            raise Endless(f"{TURNS} turns, and no end")

    def _trouble(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self.problems.append(f"{context.get('message')}: {context.get('exception')!r}")

    def _process_events(self, event_list: list[Any]) -> None:
        pass

    def _write_to_self(self) -> None:
        pass

    def _run_once(self) -> None:
        ready: deque[Any] = self._ready  # type: ignore[attr-defined]
        if len(ready) > 1:
            shuffled = list(ready)
            self.random.shuffle(shuffled)
            ready.clear()
            ready.extend(shuffled)
        super()._run_once()  # type: ignore[misc]


def simulate(work: Callable[[], Coroutine[Any, Any, T]], seed: int = 0) -> T:
    """Runs a coroutine in virtual time. Exceptions without a handler are failures as well."""
    loop = SimLoop(seed)
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        result = runner.run(work())
    assert not loop.problems, loop.problems
    return result


def virtual_loop() -> SimLoop:
    """The running loop, with its type."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SimLoop)
    return loop
