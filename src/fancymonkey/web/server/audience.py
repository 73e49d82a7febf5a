"""The audience of a live view: one message for all who have seen the same, a few times a second.

Nothing waits in a queue for a listener. Each has the number of the last round that it has seen, and
gets the latest state of all that changed since, once its earlier messages have been read.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from fancymonkey.engine.view.feed import Feed, LevelChange
from fancymonkey.web.server.live_message import LiveMessage
from fancymonkey.web.server.pace import Pace, Portions, cost_of
from fancymonkey.web.server.wires import Wire

log = logging.getLogger(__name__)

SEND_SECONDS = 5.0
"""A listener that reads no message for this time is dropped: it may reconnect and resume."""

SEND_RATE = 16 * 1024
"""The minimum rate for reading a long message, in bytes per second, in addition."""

KEEPALIVE_SECONDS = 15.0
"""The longest time without a byte on a quiet stream."""

LATE_SECONDS = 0.25
"""The time between two checks of listeners that had not read their last message."""

ROUNDS_MAX = 32
"""Rounds that are remembered one by one; older ones are merged."""

Encode = Callable[[LevelChange], Awaitable[LiveMessage]]


@dataclass(slots=True)
class Round:
    """The changes between one message to all and the next."""

    number: int
    revision: int
    """The revision that the view had reached at its start."""
    fresh: bool
    skus: set[str]


@dataclass(slots=True, eq=False)
class LiveListener:
    """A listener: the last round that it has seen, and whether it reads."""

    wire: Wire
    seen: int
    written_at: float
    unread: int = 0
    """The size of its last message in bytes."""
    late_since: float | None = None
    """The time at which it first had unread output; None while it reads."""


class Audience:
    """The listeners of one view."""

    def __init__(self, feed: Feed, encode: Encode, pace: Pace) -> None:
        self._feed = feed
        self._encode = encode
        self._pace = pace
        self._listeners: dict[LiveListener, None] = {}
        self._late: dict[LiveListener, None] = {}
        self._rounds: deque[Round] = deque()
        self._number = 0
        self._skus: set[str] = set()
        self._fresh = False
        self._signal = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._signs_at = 0.0
        self._looks_at = 0.0

    def __len__(self) -> int:
        return len(self._listeners)

    def join(self, wire: Wire, message: LiveMessage) -> LiveListener:
        """Adds a listener, and writes its first message: the state of this moment."""
        now = asyncio.get_running_loop().time()
        wire.write(message)
        listener = LiveListener(wire, self._number, now, message.size)
        self._listeners[listener] = None
        if wire.busy:
            self._note_late(listener)
            self._signal.set()
        if self._task is None:
            self._start(now)
        return listener

    def leave(self, listener: LiveListener) -> None:
        """Removes a listener; a second call does nothing."""
        self._listeners.pop(listener, None)
        self._late.pop(listener, None)
        if not self._listeners and self._task is not None:
            self._stop()

    def ring(self, skus: set[str] | None) -> None:
        """Marks SKUs as changed; None means that everything may have changed."""
        if skus is None:
            self._fresh = True
        else:
            self._skus |= skus
        self._signal.set()

    def close(self) -> None:
        """Ends the connections of all listeners."""
        for listener in list(self._listeners):
            listener.wire.end()

    @property
    def changed(self) -> bool:
        """Whether something has changed since the last round."""
        return self._fresh or bool(self._skus)

    def _start(self, now: float) -> None:
        self._feed.followers[self] = None
        self._signs_at = now + KEEPALIVE_SECONDS / 3
        self._task = asyncio.create_task(self._run(), name="live audience")

    def _stop(self) -> None:
        assert self._task is not None
        self._feed.followers.pop(self, None)
        self._task.cancel()
        self._task = None
        self._skus, self._fresh = set(), False
        self._rounds.clear()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._wait(loop)
            try:
                if self.changed:
                    await self._send_round(loop)
                else:
                    await self._look_around(loop)
            except Exception:
                log.exception("a live message could not be sent")
                self._late.update(self._listeners)  # they get it at the next check
                self._looks_at = loop.time() + LATE_SECONDS

    async def _wait(self, loop: asyncio.AbstractEventLoop) -> None:
        """Returns when a round or a check is due."""
        while True:
            now = loop.time()
            looks_at = self._looks_at if self._late else self._signs_at
            if self.changed:
                due = now + self._pace.wait(now)
                if due <= now:
                    return
                await asyncio.sleep(due - now)  # no change makes it earlier
            elif looks_at <= now:
                return
            else:
                self._signal.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(looks_at - now):
                        await self._signal.wait()

    async def _send_round(self, loop: asyncio.AbstractEventLoop) -> None:
        """Sends what has changed to all listeners that have read their earlier messages."""
        began = loop.time()
        self._number += 1
        revision = self._feed.revision
        self._rounds.append(Round(self._number, revision, self._fresh, self._skus))
        self._skus, self._fresh = set(), False
        self._forget_rounds()
        cost = await self._visit(list(self._listeners), loop)
        self._pace.sent(began, cost)

    async def _look_around(self, loop: asyncio.AbstractEventLoop) -> None:
        """Checks late listeners, and all of them when signs of life are due."""
        now = loop.time()
        everybody = now >= self._signs_at
        if everybody:
            self._signs_at = now + KEEPALIVE_SECONDS / 3
        self._looks_at = now + LATE_SECONDS
        await self._visit(list(self._listeners if everybody else self._late), loop)

    async def _visit(self, listeners: list[LiveListener], loop: asyncio.AbstractEventLoop) -> float:
        """Writes to listeners what they have not seen, a few in each turn; returns its cost (s)."""
        messages: dict[int, LiveMessage] = {}
        writes = size = 0
        portions: Portions | None = None
        left = 0
        for listener in listeners:
            if listener.seen < self._number and listener.seen not in messages:
                messages[listener.seen] = await self._message_since(listener.seen)
            if not left:
                if portions is None:
                    largest = max((message.size for message in messages.values()), default=0)
                    portions = Portions(len(listeners), largest, loop.time())
                else:
                    await asyncio.sleep(0)
                left = portions.next(loop.time())
            left -= 1
            if listener in self._listeners:
                written = self._serve(listener, messages.get(listener.seen), loop.time())
                writes, size = writes + (written >= 0), size + max(0, written)
        encoding = sum(message.seconds for message in messages.values())
        return encoding + cost_of(writes, size)

    def _serve(self, listener: LiveListener, message: LiveMessage | None, now: float) -> int:
        """Writes a message or a sign of life if the listener reads; returns its size, or -1."""
        wire = listener.wire
        if not wire.ready:
            self._check_late(listener, now)
            return -1
        listener.late_since = None
        self._late.pop(listener, None)
        if message is not None:
            wire.write(message)
            listener.seen, listener.written_at, listener.unread = self._number, now, message.size
            if wire.busy:
                self._note_late(listener)
            return message.size
        if now - listener.written_at >= KEEPALIVE_SECONDS * 2 / 3:
            wire.sign_of_life()
            listener.written_at = now
        return -1

    def _note_late(self, listener: LiveListener) -> None:
        if not self._late:
            self._looks_at = asyncio.get_running_loop().time() + LATE_SECONDS
        self._late[listener] = None

    def _check_late(self, listener: LiveListener, now: float) -> None:
        """Drops a listener that has not read its last message for too long."""
        self._note_late(listener)
        if listener.late_since is None:
            listener.late_since = now
        elif now - listener.late_since > SEND_SECONDS + listener.unread / SEND_RATE:
            self.leave(listener)
            listener.wire.abort()

    async def _message_since(self, seen: int) -> LiveMessage:
        """The message for those who have seen a round: the latest state of all changes since."""
        missed = [each for each in self._rounds if each.number > seen]
        skus = frozenset().union(*(each.skus for each in missed))
        fresh = any(each.fresh for each in missed)
        return await self._encode(LevelChange(missed[-1].revision, fresh, skus))

    def _forget_rounds(self) -> None:
        """Forgets rounds that all have seen, and merges the oldest of many."""
        oldest = min((listener.seen for listener in self._listeners), default=self._number)
        rounds = self._rounds
        while rounds and rounds[0].number <= oldest:
            rounds.popleft()
        while len(rounds) > ROUNDS_MAX:
            first = rounds.popleft()
            rounds[0].skus = rounds[0].skus | first.skus
            rounds[0].fresh = rounds[0].fresh or first.fresh
