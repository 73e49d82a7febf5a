"""Followers read the ledger after the commit, at their own pace, each entry at least once."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from fancymonkey.core.command import Command
from fancymonkey.core.model import Cursor, Entry
from fancymonkey.core.outcomes import Answer
from fancymonkey.core.records import MoveCursor
from fancymonkey.errors import StoreError
from fancymonkey.store.contract import Store

log = logging.getLogger(__name__)

Handler = Callable[[Sequence[Entry]], Awaitable[None]]
BATCH = 500
RETRY_SECONDS = 1.0


class Follower:
    """Hands every entry of the ledger to a handler, in order.

    The position is stored after the handler has returned, so that a crash repeats the last batch
    and never skips one. A handler that raises gets the same entries again.
    """

    def __init__(
        self,
        name: str,
        handler: Handler,
        store: Store,
        submit: Callable[[Command], Awaitable[Answer]],
    ) -> None:
        self.name = name
        self.position = 0
        self._handler = handler
        self.store = store
        self._submit = submit
        self._bell = asyncio.Event()
        self._bell.set()

    def ring(self) -> None:
        """Wakes the follower: there may be new entries."""
        self._bell.set()

    async def run(self) -> None:
        """Follows until it is cancelled."""
        known = False
        while True:
            await self._bell.wait()
            self._bell.clear()
            try:
                if not known:
                    self.position = await self._stored_position()
                    known = True
                while await self._step():
                    pass
            except StoreError as error:
                log.warning("follower %s waits for the store: %s", self.name, error)
                await self._retry()
            except Exception:
                log.exception("follower %s failed after entry %s", self.name, self.position)
                await self._retry()

    async def _retry(self) -> None:
        await asyncio.sleep(RETRY_SECONDS)
        self._bell.set()

    async def _step(self) -> bool:
        entries = await self.store.entries_after(self.position, BATCH)
        if not entries:
            return False
        await self._handler(entries)
        await self._submit(MoveCursor(name=self.name, revision=entries[-1].revision))
        self.position = entries[-1].revision
        return True

    async def _stored_position(self) -> int:
        async for row in self.store.scan(Cursor):
            if row.name == self.name:
                return row.revision
        return 0
