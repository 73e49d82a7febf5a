"""Tracks whether a store can write: by its latest batch and, after a failure, by a probe."""

import asyncio
from collections.abc import Awaitable, Callable

from fancymonkey.errors import StoreError

PROBE_SECONDS = 5.0
"""The shortest time between two probes while nothing can be written."""


class WriteCheck:
    """Remembers why the latest write failed, until a batch or a probe succeeds."""

    def __init__(self, probe: Callable[[], Awaitable[None]]) -> None:
        """`probe` makes a write without effect. It raises StoreError."""
        self.failed: str | None = None
        self._probe = probe
        self._next = 0.0

    async def check(self) -> str | None:
        """The reason why nothing can be written now, or None."""
        now = asyncio.get_running_loop().time()
        if self.failed is None or now < self._next:
            return self.failed
        self._next = now + PROBE_SECONDS
        try:
            await self._probe()
        except StoreError as error:
            self.failed = str(error)
        else:
            self.failed = None
        return self.failed
