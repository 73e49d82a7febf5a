"""The connection to the server that decides: sends commands there, and shows the commits.

An answer is delivered once this server's view has its revision. If the connection ends before an
answer arrives, this server cannot know whether the command has run. A command that the store
recognises when it comes again is then decided here; any other gets an error that reports the
outcome as unknown. No command is ever sent twice.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import msgspec

from fancymonkey.core.command import Command
from fancymonkey.core.execute import RecordEvent
from fancymonkey.core.holds.end import Expire
from fancymonkey.core.outcomes import Answer
from fancymonkey.engine.batcher import Waiting
from fancymonkey.engine.cluster.codec import (
    Failed,
    pack_commands,
    sendable,
    unpack_answers,
    unpack_commit,
)
from fancymonkey.engine.cluster.frames import (
    Answers,
    CommandBatch,
    CommitMessage,
    Frame,
    Heartbeat,
    Leaving,
    LinkLost,
    MessageChannel,
    NotRun,
    Readers,
)
from fancymonkey.engine.cluster.peer_clock import PeerClock
from fancymonkey.engine.cluster.second_attempt import UNKNOWN, SecondAttempt
from fancymonkey.engine.engine import Engine
from fancymonkey.errors import StoreUnavailable

log = logging.getLogger(__name__)

AT_ONCE = 2
"""The number of batches without an answer: while it is reached, further commands wait for the next
one."""
SUSPECT_SECONDS = 0.3
"""After this silence of the decider, new commands are decided here."""
WELCOME_SECONDS = 1.0
"""A decider takes new connections for this time after its last sign of life: it may be busy."""
LOST_SECONDS = 0.8
"""After this silence the connection is given up."""
IDLE_LOST_SECONDS = 3.5
"""After this silence a connection to another machine is given up, also while nothing is awaited."""
READING_SECONDS = 2.0
"""Clients count as readers of this server for this time after their last request."""
WATCH_SECONDS = 0.05
BELL_SECONDS = 0.02
"""The time for which a notification of the database waits for the decider's own message."""


class Link:
    """A route of the batcher to the server that decides."""

    def __init__(
        self,
        engine: Engine,
        channel: MessageChannel,
        timer: Callable[[], float],
        clock: PeerClock | None = None,
    ) -> None:
        """`timer` returns seconds that also pass while the process is stopped.

        `clock` is that of the decider, by default the same.
        """
        self._engine, self._batcher, self._channel = engine, engine.batcher, channel
        self._timer = timer
        self._clock = clock or PeerClock(shared=True)
        self._batches: dict[int, list[Waiting]] = {}
        self._number = 0
        self._leaving = False
        self._suspect = False
        self._heard = 0.0
        self._beat = Heartbeat(0.0)
        """The latest sign of life of the decider."""
        self._beat_at = float("-inf")
        self._listens = True
        """Whether this server listens to the database, and not the decider in its place."""
        self._readers = Readers(present=True)
        """The last report to the decider about the clients of this server."""
        self._requests, self._requested = -1, 0.0
        """The number of requests at the last look, and the time of the last new one."""
        self._changed = asyncio.Event()
        self._slow: asyncio.Task[None] | None = None
        """Work that later messages wait for."""
        self._waiting: deque[Frame] = deque()
        self.silent = False
        """Whether it ended because the decider gave no sign of life."""
        self.forwarded = 0
        """The number of commands that were sent."""

    @property
    def open(self) -> bool:
        """Whether new commands go to the decider."""
        return not (self._leaving or self._suspect)

    @property
    def ready(self) -> bool:
        """Whether another batch may be sent now."""
        return self.open and len(self._batches) < AT_ONCE

    @property
    def busy(self) -> bool:
        """Whether answers are awaited."""
        return bool(self._batches)

    def leaves(self, socket: int) -> bool:
        """Whether the decider takes the connections of the listening socket with this number."""
        recent = self._timer() - self._beat_at < WELCOME_SECONDS
        return recent and self.open and self._beat.welcomes == socket

    def _share_listening(self, now: float) -> None:
        """Leaves it to a decider on this machine to listen to the database, while it does so.

        Each notification costs two processes a switch, and the decider's commits arrive here
        anyway.
        """
        reported = (
            not self._channel.remote
            and self._beat.revision is not None
            and now - self._beat_at < SUSPECT_SECONDS
            and not self._leaving
        )
        if reported == self._listens:
            self._listens = not reported
            self._engine.store.listen(self._listens)

    def _report_readers(self, now: float) -> None:
        """Reports to the decider when clients begin to read here, or no longer do."""
        requests = self._engine.feed.requests()
        if requests != self._requests or len(self._engine.feed):
            self._requests, self._requested = requests, now
        readers = Readers(now - self._requested < READING_SECONDS)
        if readers != self._readers:
            self._readers = readers
            self._channel.send(readers)

    async def wait(self) -> None:
        """Returns after the next answer or the end of the connection."""
        self._changed.clear()
        await self._changed.wait()

    def forward(self, batch: list[Waiting]) -> bool:
        """Sends a batch to the decider; False, without effect, if it has to be decided here."""
        commands = [command for command, _, _ in batch]
        if not all(map(sendable, commands)):
            return False
        try:
            packed = msgspec.Raw(pack_commands(commands))
        except (ValueError, OverflowError, TypeError):  # a number or a text without an encoding
            return False
        now = self._timer()
        if not self._batches:
            self._heard = now
        self._number += 1
        self._batches[self._number] = batch
        self.forwarded += len(batch)
        self._channel.send(CommandBatch(self._number, self._clock.reached(now), packed))
        return True

    async def run(self) -> None:
        """Receives until the connection ends. Afterwards no command waits for it any more."""
        self._heard = self._timer()
        watch = asyncio.get_running_loop().create_task(self._watch())
        self._channel.pass_to(self._hear)
        try:
            error = await self._channel.ended()
            log.warning("the connection to the server that decides has ended: %s", error)
        finally:
            self._leaving = True
            watch.cancel()
            if self._slow is not None:
                self._slow.cancel()
            self._channel.abort()
            self._share_listening(float("inf"))
            self._give_up()

    def _hear(self, message: Frame) -> None:
        self._heard = now = self._timer()
        if isinstance(message, Heartbeat):
            self._clock.heard(message.at, now)
            self._beat, self._beat_at = message, now
            self._share_listening(now)
        if self._suspect:
            self._suspect = False
            self._batcher.wake()
        try:
            if self._slow is not None:
                self._waiting.append(message)
            else:
                self._take(message)
        except (msgspec.DecodeError, ValueError, KeyError, TypeError) as error:
            raise LinkLost(f"a message that cannot be read: {error!r}") from error

    def leave(self) -> None:
        """Sends no more commands; sent ones still get their answers."""
        self._leaving = True
        self._batcher.wake()

    def end(self) -> None:
        """Closes the connection at once."""
        self._leaving = True
        self._channel.abort()

    def _take(self, message: Frame) -> None:
        """Acts on a message; raises LinkLost. Where the view is behind, later messages wait."""
        if isinstance(message, CommitMessage):
            commit = unpack_commit(message.commit)
            if commit.entries[0].revision > self._engine.view.revision + 1:
                self._later(self._catch_up(commit.entries[0].revision - 1, message))
                return
            if self._engine.view.bundles:  # their counts are not sent, but read again
                commit = replace(commit, own=0, changed={})
            shown = self._engine.publish((), commit)
            self._engine.lag = max(0, self._engine.clock() - commit.entries[-1].at)
            if shown is not None:
                self._later(shown)
        elif isinstance(message, Answers):
            if message.revision > self._engine.view.revision:
                self._later(self._catch_up(message.revision, message))
                return
            self._deliver(message.number, message.answers)
        elif isinstance(message, NotRun):
            self._leaving = True
            self._batcher.take_back(self._batches.pop(message.number))
            self._wake()
        elif isinstance(message, Leaving):
            self.leave()
        elif isinstance(message, Heartbeat):
            if (message.revision or 0) > self._engine.view.revision:
                self._later(self._engine.catch_up(message.revision or 0))
        else:
            raise LinkLost("an unexpected message")
        if self._leaving and not self._batches:
            raise LinkLost("the decider leaves, and every answer is here")

    async def _catch_up(self, revision: int, message: CommitMessage | Answers) -> None:
        """Reads entries that the decider has not sent, and then acts on the message."""
        await self._engine.catch_up(revision)
        if isinstance(message, CommitMessage) or self._engine.view.revision >= message.revision:
            self._waiting.appendleft(message)
        else:
            raise LinkLost("an answer of a later revision than the ledger's")

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        self._slow = asyncio.get_running_loop().create_task(work)
        self._slow.add_done_callback(self._continue)

    def _continue(self, done: asyncio.Task[None]) -> None:
        """Acts on the messages that have arrived in the meantime."""
        self._slow = None
        try:
            if done.cancelled() or done.exception() is not None:
                raise LinkLost("the view could not catch up")
            while self._waiting and self._slow is None:
                self._take(self._waiting.popleft())
        except (LinkLost, msgspec.DecodeError, ValueError, KeyError, TypeError) as error:
            log.info("the connection to the decider is given up: %r", error)
            self._channel.abort()

    def _deliver(self, number: int, packed: msgspec.Raw) -> None:
        batch = self._batches.pop(number)
        answers: list[Answer | Failed] = []
        try:
            answers = unpack_answers(packed, [command for command, _, _ in batch])
            for waiting, answer in zip(batch, answers, strict=True):
                if waiting[2].done() or isinstance(answer, StoreUnavailable):
                    continue
                if isinstance(answer, Exception):
                    waiting[2].set_exception(answer)
                else:
                    waiting[2].set_result(answer)
        finally:
            self._end_unknown(batch)  # after an error here, no caller may wait forever
            self._wake()
        if any(isinstance(answer, StoreUnavailable) for answer in answers):
            raise LinkLost("the decider cannot reach the store")

    def _give_up(self) -> None:
        batches, self._batches = self._batches, {}
        for batch in batches.values():
            self._end_unknown(batch)
        self._wake()

    def _end_unknown(self, batch: list[Waiting]) -> None:
        """Decides here what can be repeated; reports the outcome of the rest as unknown."""
        again: list[Waiting] = []
        for command, weight, caller in batch:
            if caller.done():
                continue
            if repeatable(command):
                again.append((command, weight, SecondAttempt(caller)))
            else:
                caller.set_exception(StoreUnavailable(UNKNOWN))
        self._batcher.take_back(again)

    def _wake(self) -> None:
        self._changed.set()
        self._batcher.wake()

    async def _watch(self) -> None:
        """Notices a decider that gives no sign of life while answers are awaited."""
        before = self._timer()
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            now = self._timer()
            late = now - before > SUSPECT_SECONDS  # this process itself did not run
            before = now
            self._share_listening(now)
            self._report_readers(now)
            if late:
                self._heard = max(self._heard, now - SUSPECT_SECONDS)
            if not self._batches:
                if self._channel.remote and now - self._heard > IDLE_LOST_SECONDS:
                    self._channel.abort()
                    return
                continue
            if now - self._heard > LOST_SECONDS:
                self.silent = True
                self._channel.abort()
                return
            if now - self._heard > SUSPECT_SECONDS and not self._suspect:
                self._suspect = True
                self._batcher.wake()


def repeatable(command: Command) -> bool:
    """Whether the command has one effect, however often it runs."""
    return command.command_id is not None or isinstance(command, (RecordEvent, Expire))
