"""Turns of the event loop, shared out: many requests at once are begun a few at a time.

All that has come is otherwise done in one turn, and whoever comes next waits for all of it:
sixty pages of one client, or the thousand requests that fit into one read.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from time import perf_counter

BEGUN_MAX = 2
"""Requests that begin in one turn, of those that do not go the short way."""

SECONDS = 0.0015
"""How long a turn goes on with what has come and was not parsed at once."""


class Turns:
    """What waits for its turn: requests to begin, and connections with more to parse."""

    def __init__(self) -> None:
        self._begun = 0
        self._to_begin: deque[Callable[[], None]] = deque()
        self._to_parse: deque[Callable[[], bool]] = deque()
        self._scheduled = False
        self._piece = asyncio.Lock()

    def begin(self, work: Callable[[], None]) -> None:
        """Does the work in this turn or a later one, in the order in which it came."""
        if self._begun < BEGUN_MAX and not self._to_begin:
            self._begun += 1
            work()
        else:
            self._to_begin.append(work)
        self._schedule()

    def parse(self, part: Callable[[], bool]) -> None:
        """Calls `part` in this turn or later ones until it returns False: nothing is left."""
        self._to_parse.append(part)
        self._schedule()

    async def piece(self) -> None:
        """Returns when it is this one's turn to write a piece of something long."""
        async with self._piece:
            await asyncio.sleep(0)

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._go_on)

    def _go_on(self) -> None:
        """A new turn."""
        self._scheduled = False
        self._begun = 0
        while self._to_begin and self._begun < BEGUN_MAX:
            self._begun += 1
            self._to_begin.popleft()()
        over = perf_counter() + SECONDS
        while self._to_parse and perf_counter() < over:
            part = self._to_parse.popleft()
            if part():
                self._to_parse.append(part)
        if self._begun or self._to_begin or self._to_parse:
            self._schedule()
