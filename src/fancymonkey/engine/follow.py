"""Follows the ledger: passes its entries to a handler, in order and in portions.

The handler writes its effects and the new position in one transaction, and compares the stored
position with the expected one. So after a crash, or beside another process, no entry counts
twice and none is skipped.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from fancymonkey.core.model import Entry
from fancymonkey.engine.engine import Engine
from fancymonkey.engine.view.feed import REMEMBERED
from fancymonkey.errors import StoreError

log = logging.getLogger(__name__)

PORTION = 500
PAUSE_SECONDS = 0.02
"""The pause between two portions of a backlog, so that buyers go first."""
RETRY_SECONDS = 1.0
BACKLOG = REMEMBERED // 4
"""Entries that are handled before their time: later they would be read from the store."""
LOOK_SECONDS = 0.5
"""The time between two looks at the number of entries."""

Begin = Callable[[], Awaitable[int]]
"""Returns the stored position: the last revision that was handled."""
Handle = Callable[[list[Entry]], Awaitable[None]]
"""Handles entries, and stores the revision of the last one as the position."""


class Superseded(Exception):
    """Another process has moved the position in the meantime; nothing was written."""


class LedgerFollower:
    """Reads the ledger after a position. It reads no entry that the view does not have yet.

    The latest entries come from the feed, without a read of the store.
    """

    def __init__(
        self,
        engine: Engine,
        begin: Begin,
        handle: Handle,
        trim: Callable[[list[Entry]], list[Entry]] = list,
    ) -> None:
        self._engine = engine
        self._begin = begin
        self._handle = handle
        self._trim = trim
        self._position: int | None = None

    async def portion(self) -> bool:
        """Handles the next entries; returns whether there may be more.

        Raises the errors of the handler; then the position is read again before the next portion.
        """
        if self._position is None:
            self._position = await self._begin()
        entries = self._engine.feed.entries_after(self._position, PORTION)
        if not entries:  # without news too: the caller learns that the store can be read
            entries = await self._engine.store.entries_after(self._position, PORTION)
        more = len(entries) == PORTION
        if more:
            entries = self._trim(entries)
        shown = [entry for entry in entries if entry.revision <= self._engine.view.revision]
        if not shown:
            return False
        try:
            await self._handle(shown)
        except BaseException:
            self.forget()  # it may or may not be stored
            raise
        self._position = shown[-1].revision
        return more

    def forget(self) -> None:
        """Reads the stored position again before the next portion."""
        self._position = None

    async def run(self, every: float, fallback: float) -> None:
        """Follows until it is cancelled.

        It is woken by changes, at most once in `every` seconds, and looks by itself after
        `fallback` seconds.
        """
        with woken(self._engine) as wake_event:
            while True:
                wake_event.clear()
                try:
                    more = True
                    while more:
                        more = await self.portion()
                        await asyncio.sleep(PAUSE_SECONDS)
                except Superseded as error:
                    log.info("%s", error)
                    await asyncio.sleep(RETRY_SECONDS)
                except StoreError as error:
                    log.debug("a follower waits for the store: %s", error)
                    await asyncio.sleep(RETRY_SECONDS)
                except Exception:
                    log.exception("a follower of the ledger failed")
                    await asyncio.sleep(RETRY_SECONDS)
                else:
                    await self._rest(every)
                    await heard(wake_event, fallback)

    async def _rest(self, seconds: float) -> None:
        """Waits for a time (s), or until there are BACKLOG new entries."""
        while seconds > 0 and self._backlog < BACKLOG:
            await asyncio.sleep(min(seconds, LOOK_SECONDS))
            seconds -= LOOK_SECONDS

    @property
    def _backlog(self) -> int:
        """The entries after the position, if it is known."""
        return 0 if self._position is None else self._engine.view.revision - self._position


@contextmanager
def woken(engine: Engine) -> Iterator[asyncio.Event]:
    """An event that every change of the ledger sets, inside the block."""
    wake_event = asyncio.Event()
    engine.feed.wake_events.add(wake_event)
    try:
        yield wake_event
    finally:
        engine.feed.wake_events.discard(wake_event)


async def heard(wake_event: asyncio.Event, seconds: float) -> None:
    """Waits until the event is set, or for a time (s)."""
    # Not `wait_for`: it swallows a cancellation that comes together with the event.
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await wake_event.wait()
