"""Shares the event loop: many requests that arrive at once are started a few at a time.

Otherwise all received bytes are handled in one turn, and every other client waits for it:
sixty pages of one client, or the thousand requests that fit into one read.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any

BEGUN_MIN = 2
BEGUN_MAX = 16
"""Requests of the ASGI path that start in one turn: more as long as turns are short."""

SHORT_SECONDS = 0.001
LONG_SECONDS = 0.002
"""After a shorter turn one request more starts in the next one, after a longer one half of them."""

SECONDS = 0.0005
"""The time limit of a turn for received bytes that were not parsed at once."""


class Turns:
    """Waiting work: requests to start, and connections with more to parse."""

    def __init__(self) -> None:
        self._begun = 0
        self._most = BEGUN_MIN
        self._turn_at = 0.0
        self._to_begin: deque[Callable[[], None]] = deque()
        self._to_parse: deque[Callable[[], bool]] = deque()
        self._scheduled = False
        self._piece = asyncio.Lock()

    def begin(self, work: Callable[..., None], *arguments: Any) -> None:
        """Does the work in this turn or a later one, in order of arrival."""
        if not self._scheduled:
            self._schedule()
        if self._begun < self._most and not self._to_begin:
            self._begun += 1
            work(*arguments)
        else:
            self._to_begin.append(partial(work, *arguments))

    def parse(self, part: Callable[[], bool]) -> None:
        """Calls `part` in this turn or later ones until it returns False."""
        self._to_parse.append(part)
        self._schedule()

    async def piece(self) -> None:
        """Returns when a piece of something long may be written."""
        async with self._piece:
            await asyncio.sleep(0)

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._continue)

    def _continue(self) -> None:
        """A new turn."""
        self._scheduled = False
        now = perf_counter()
        if self._to_begin:
            self._adapt(now - self._turn_at)
        self._turn_at = now
        self._begun = 0
        while self._to_begin and self._begun < self._most:
            self._begun += 1
            self._to_begin.popleft()()
        over = perf_counter() + SECONDS
        while self._to_parse and perf_counter() < over:
            part = self._to_parse.popleft()
            if part():
                self._to_parse.append(part)
        if self._begun or self._to_begin or self._to_parse:
            self._schedule()

    def _adapt(self, seconds: float) -> None:
        """Sets how many requests start in a turn, by the length of the last one."""
        if seconds < SHORT_SECONDS:
            self._most = min(self._most + 1, BEGUN_MAX)
        elif seconds > LONG_SECONDS:
            self._most = max(self._most // 2, BEGUN_MIN)
