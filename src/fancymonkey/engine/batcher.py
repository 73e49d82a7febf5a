"""Group commit: commands that arrive during a transaction wait and share the next one.

There is no timer. A single command costs exactly one commit; under load the batches grow by
themselves, and one sync of the disk serves all of their commands. A store with a fast disk commits
within one turn of the event loop, and its callers get their answers in the same turn.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from time import perf_counter
from typing import Protocol

from fancymonkey.core.catalogue.products import AddProduct, UpsertProduct
from fancymonkey.core.changes.change_set import ChangeSet
from fancymonkey.core.command import Command
from fancymonkey.core.documents.put import PutDocuments
from fancymonkey.core.execute import CommandGroup, DryRun, SkuCommands, flatten
from fancymonkey.core.holds.reserve import Reserve
from fancymonkey.core.outcomes import Answer
from fancymonkey.engine.clock import Clock
from fancymonkey.engine.pending_answer import PendingAnswer
from fancymonkey.errors import Overloaded, StoreError, StoreUnavailable
from fancymonkey.store.contract import Commit, Store

log = logging.getLogger(__name__)

QUEUE_MAX = 8192
"""The most commands that may wait; the next one is refused with `Overloaded`."""

BATCH_MAX = 512
"""The most commands in one transaction."""

WEIGHT_MAX = 1000
"""The most SKUs that the commands of one transaction may name, unless one command names more."""

LIGHT_MAX = 128
"""The same limit for a transaction that runs in the event loop and blocks it."""

_NO_ANSWER = StoreUnavailable("The service stopped before it had an answer.")
WIDE = (ChangeSet, SkuCommands, DryRun, CommandGroup, UpsertProduct, AddProduct, PutDocuments)
Waiter = asyncio.Future[Answer] | PendingAnswer
Waiting = tuple[Command, int, Waiter]
Remainder = Callable[[], Awaitable[None]]
Published = Callable[[Sequence[Command], Commit], Awaitable[None] | None]
"""Publishes a commit to the view and the feed; the awaitable it returns, if any, is awaited."""


class DeciderRoute(Protocol):
    """The way to another server that decides. While it is `open`, commands go there."""

    @property
    def open(self) -> bool:
        """Whether new commands go there."""
        ...

    @property
    def ready(self) -> bool:
        """Whether it takes another batch now. `Batcher.wake` is called when that changes."""
        ...

    @property
    def busy(self) -> bool:
        """Whether answers are awaited."""
        ...

    async def wait(self) -> None:
        """Returns after the next answer."""
        ...

    def forward(self, batch: list[Waiting]) -> bool:
        """Sends a batch; False, without effect, if it has to be decided here."""
        ...


class Batcher:
    """Takes commands one by one and runs them in batches, in the order of arrival."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        revision: Callable[[], int],
        published: Published,
        *,
        queue_max: int = QUEUE_MAX,
        batch_max: int = BATCH_MAX,
    ) -> None:
        """`published` gets each commit before any caller gets its answer.

        `revision` returns the revision that the view shows.
        """
        self._revision = revision
        self.store = store
        self._clock = clock
        self._published = published
        self._queue: deque[Waiting] = deque()
        self._queue_max = queue_max
        self._batch_max = batch_max
        self._task: asyncio.Task[None] | None = None
        self._turn_scheduled = False
        self._gate = asyncio.Lock()
        self._closed = False
        self.route: DeciderRoute | None = None
        """The way to another server that decides, if there is one."""
        self.batches = 0
        self.commands = 0
        self.largest = 0
        self.commit_seconds = 0.0

    @property
    def waiting(self) -> int:
        """The number of commands that no transaction has taken yet."""
        return len(self._queue)

    def submit(self, command: Command) -> asyncio.Future[Answer]:
        """Queues a command; the future gets its answer once the effect is durable.

        Cancelling the future withdraws only a command that no transaction has taken yet; any other
        may still be committed. Raises Overloaded, and StoreUnavailable after `close`.
        """
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.take(command, future)
        return future

    def pending(self, command: Command) -> PendingAnswer:
        """The same as `submit` at a lower cost; the answer may be awaited only once."""
        pending = PendingAnswer()
        self.take(command, pending)
        return pending

    def take(self, command: Command, waiter: Waiter) -> None:
        """Queues a command whose answer goes to this waiter. Raises as `submit` does."""
        if self._closed:
            raise StoreUnavailable("The service is shutting down.")
        if len(self._queue) >= self._queue_max:
            raise Overloaded("Too many requests are waiting. Try again in a second.")
        self._queue.append((command, _weight(command), waiter))
        if not self._turn_scheduled and self._task is None:
            self._schedule_turn()
            if self._forwards and not self.route.busy:  # type: ignore[union-attr]
                self.begin()

    def begin(self) -> None:
        """Begins the next turn now: what waits was gathered already, or others follow it soon."""
        if self._turn_scheduled:
            self._turn()

    def _schedule_turn(self) -> None:
        """Schedules a turn after all callbacks that are ready now and may still add commands."""
        self._turn_scheduled = True
        asyncio.get_running_loop().call_soon(self._turn)

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Commits nothing inside the block: commands that arrive wait."""
        async with self._gate:
            yield

    async def close(self) -> None:
        """Takes no more commands, and returns when all earlier ones have their answers."""
        self._closed = True
        await self.settle()

    async def settle(self) -> None:
        """Returns when no command waits."""
        while True:
            if self._task is not None:
                await asyncio.wait([self._task])
            elif self._turn_scheduled:
                await asyncio.sleep(0)
            elif self.route is not None and self.route.busy:
                await self.route.wait()
            else:
                break
        await asyncio.sleep(0)  # the callbacks with the last answers run in this turn

    def _turn(self) -> None:
        """Commits the waiting commands: at once where that is fast, else in a task."""
        if not self._turn_scheduled:  # `begin` was earlier
            return
        self._turn_scheduled = False
        remainder: Remainder | None = None
        try:
            if not self._gate.locked():
                remainder = self._forward() if self._forwards else self._decide()
        finally:
            if remainder is not None or (self._queue and not self._forwards):
                self._task = asyncio.create_task(self._drain(remainder), name="batcher")

    @property
    def _forwards(self) -> bool:
        return self.route is not None and self.route.open and not self._gate.locked()

    def _forward(self) -> Remainder | None:
        """Sends the waiting commands to the server that decides; as `_decide` if one cannot go."""
        assert self.route is not None
        while self._queue and self.route.ready:
            batch = self._next_batch()
            if batch and not self.route.forward(batch):
                return self._commit_now(batch)
        return None

    def _decide(self) -> Remainder | None:
        return self._commit_now(self._next_batch())

    def wake(self) -> None:
        """Looks again at the waiting commands: the route has changed."""
        if self._queue and not self._turn_scheduled and self._task is None:
            self._schedule_turn()

    def take_back(self, batch: Sequence[Waiting]) -> None:
        """Puts commands back that have not run: they are the next ones."""
        self._queue.extendleft(reversed(batch))
        self.wake()

    async def _drain(self, remainder: Remainder | None) -> None:
        """Finishes a batch, and then commits the commands that arrived in the meantime."""
        try:
            while remainder is not None or (self._queue and not self._forwards):
                async with self._gate:
                    if remainder is None:
                        remainder = self._decide()
                    if remainder is not None:
                        await remainder()
                        remainder = None
        finally:
            self._task = None
            if self._queue:
                self._schedule_turn()

    def _next_batch(self) -> list[Waiting]:
        batch: list[Waiting] = []
        weight = 0
        while self._queue and len(batch) < self._batch_max:
            weight += self._queue[0][1]
            if batch and weight > WEIGHT_MAX:
                break
            waiting = self._queue.popleft()
            if not waiting[2].cancelled():
                batch.append(waiting)
        return batch

    def _commit_now(self, batch: list[Waiting]) -> Remainder | None:
        """Commits a batch and answers its callers; returns slower work for the caller to await."""
        if not batch:
            return None
        if len(batch) > LIGHT_MAX or sum([waiting[1] for waiting in batch]) > LIGHT_MAX:
            return partial(self._commit, batch)
        started = perf_counter()
        commands = [waiting[0] for waiting in batch]
        try:
            commit = self.store.run_now(commands, self._clock(), self._revision())
        except StoreError as error:
            _fail(batch, error)
            return None
        except Exception:  # noqa: BLE001 - nothing was written; `_commit` isolates the command
            commit = None
        if commit is None:
            return partial(self._commit, batch)
        shown = self._show(commands, commit)
        if shown is not None:
            return partial(self._finish, batch, commit, shown, started)
        self._count(batch, started)
        _answer_all(batch, commit.answers)
        return None

    async def _commit(self, batch: list[Waiting]) -> None:
        started = perf_counter()
        commands = [waiting[0] for waiting in batch]
        try:
            commit = await self.store.run(commands, self._clock(), self._revision())
        except StoreError as error:
            _fail(batch, error)
        except Exception as error:  # noqa: BLE001 - callers wait for an answer in any case
            await self._isolate(batch, error)
        except BaseException:
            _fail(batch, _NO_ANSWER)
            raise
        else:
            await self._finish(batch, commit, self._show(commands, commit), started)

    async def _finish(
        self, batch: list[Waiting], commit: Commit, shown: Awaitable[None] | None, started: float
    ) -> None:
        """Waits until a commit has been published, and answers its callers."""
        try:
            if shown is not None:
                await shown
        except Exception:
            log.exception("a commit could not be published to the view")
        finally:
            self._count(batch, started)
            # Scheduled, so that the next transaction starts first and runs during the callbacks.
            asyncio.get_running_loop().call_soon(_answer_all, batch, commit.answers)

    def _show(self, commands: Sequence[Command], commit: Commit) -> Awaitable[None] | None:
        try:
            return self._published(commands, commit)
        except Exception:  # the commit is durable and must not run again
            log.exception("a commit could not be published to the view")
            return None

    def _count(self, batch: list[Waiting], started: float) -> None:
        self.batches += 1
        self.commands += len(batch)
        self.largest = max(self.largest, len(batch))
        self.commit_seconds += perf_counter() - started

    async def _isolate(self, batch: list[Waiting], error: Exception) -> None:
        """Runs each command of a failed batch alone, so that only the faulty one fails."""
        if len(batch) == 1:
            log.error("a command could not be run: %r", batch[0][0], exc_info=error)
            _fail(batch, error)
            return
        for waiting in batch:
            await self._commit([waiting])


def _weight(command: Command) -> int:
    """The approximate number of SKUs, or documents, that the command and its parts name."""
    if isinstance(command, Reserve):  # the most frequent command by far
        return len(command.lines)
    return sum(map(_own_weight, flatten((command,)))) if isinstance(command, WIDE) else 1


def _own_weight(command: Command) -> int:
    if isinstance(command, Reserve):
        return len(command.lines)
    if isinstance(command, PutDocuments):
        return len(command.drafts)
    return 1 + len(command.items) if isinstance(command, (UpsertProduct, AddProduct)) else 1


def _answer_all(batch: Sequence[Waiting], answers: Sequence[Answer]) -> None:
    try:
        for (_, _, waiter), answer in zip(batch, answers, strict=True):
            if not waiter.done():
                waiter.set_result(answer)
    finally:  # after an error here no caller may wait forever
        _fail(batch, _NO_ANSWER)


def _fail(batch: Sequence[Waiting], error: Exception) -> None:
    for _, _, waiter in batch:
        if not waiter.done():
            waiter.set_exception(error)
