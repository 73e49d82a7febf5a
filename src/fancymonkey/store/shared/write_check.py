"""Whether a store can write: as its latest batch went and, after one that failed, by a probe."""

import asyncio
from collections.abc import Awaitable, Callable

from fancymonkey.errors import StoreError

PROBE_SECONDS = 5.0
"""While nothing can be written, so often a write is tried for whoever asks."""


class Ability:
    """Remembers why the latest write failed until a batch or a probe goes well."""

    def __init__(self, probe: Callable[[], Awaitable[None]]) -> None:
        """`probe` writes something that changes nothing. It raises StoreError."""
        self.failed: str | None = None
        self._probe = probe
        self._next = 0.0

    async def check(self) -> str | None:
        """Why nothing can be written now, or None."""
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
