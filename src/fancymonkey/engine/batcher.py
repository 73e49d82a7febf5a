"""Group commit: what arrives while a transaction is in flight waits and goes together in the next.

There is no timer. A lone command pays one commit and nothing more; under load the batches grow by
themselves, and one sync of the disk serves all of them. A store whose disk is quick commits within
one turn of the event loop, and who waits is answered in the same turn.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from time import perf_counter

from fancymonkey.core.catalogue.products import AddProduct, UpsertProduct
from fancymonkey.core.changes.change_set import ChangeSet
from fancymonkey.core.command import Command
from fancymonkey.core.execute import CommandGroup, DryRun, SkuCommands, flatten
from fancymonkey.core.holds.reserve import Reserve
from fancymonkey.core.outcomes import Answer
from fancymonkey.engine.clock import Clock
from fancymonkey.engine.pending_answer import PendingAnswer
from fancymonkey.errors import Overloaded, StoreError, StoreUnavailable
from fancymonkey.store.contract import Commit, Store

log = logging.getLogger(__name__)

QUEUE_MAX = 8192
"""Commands that may wait; one more is refused with `Overloaded`."""

BATCH_MAX = 512
"""Commands in one transaction."""

WEIGHT_MAX = 1000
"""SKUs that the commands of one transaction may name together, unless a single one names more."""

LIGHT_MAX = 128
"""The same of a transaction that may hold up the event loop."""

_UNTOLD = StoreUnavailable("The service stopped before it had an answer.")
WIDE = (ChangeSet, SkuCommands, DryRun, CommandGroup, UpsertProduct, AddProduct)
Waiter = asyncio.Future[Answer] | PendingAnswer
Waiting = tuple[Command, int, Waiter]
Left = Callable[[], Awaitable[None]]
Published = Callable[[Sequence[Command], Commit], Awaitable[None] | None]
"""Shows a commit to everybody; what it returns is still to be waited for."""


class Batcher:
    """Takes commands one by one and runs them in batches, in the order in which they came."""

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
        """`published` gets each commit before anybody gets an answer; `revision` what is known."""
        self._revision = revision
        self.store = store
        self._clock = clock
        self._published = published
        self._queue: deque[Waiting] = deque()
        self._queue_max = queue_max
        self._batch_max = batch_max
        self._task: asyncio.Task[None] | None = None
        self._rung = False
        self._gate = asyncio.Lock()
        self._closed = False
        self.batches = 0
        self.commands = 0
        self.largest = 0
        self.commit_seconds = 0.0

    @property
    def waiting(self) -> int:
        """Commands that no transaction has taken yet."""
        return len(self._queue)

    def submit(self, command: Command) -> asyncio.Future[Answer]:
        """Queues a command; the future has its answer once that is durable.

        A caller that goes away does not take its command back: unless it had not begun yet, it
        may still be committed. Raises Overloaded, and StoreUnavailable after `close`.
        """
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._take(command, future)
        return future

    def pending(self, command: Command) -> PendingAnswer:
        """The same as `submit`, cheaper; it may be awaited once."""
        pending = PendingAnswer()
        self._take(command, pending)
        return pending

    def _take(self, command: Command, waiter: Waiter) -> None:
        if self._closed:
            raise StoreUnavailable("The service is shutting down.")
        if len(self._queue) >= self._queue_max:
            raise Overloaded("Too many requests are waiting. Try again in a second.")
        self._queue.append((command, _weight(command), waiter))
        if not self._rung and self._task is None:
            self._ring()

    def _ring(self) -> None:
        """A turn comes, after everything that is ready to run now and may still add to it."""
        self._rung = True
        asyncio.get_running_loop().call_soon(self._turn)

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """For the length of a block nothing is committed: what comes waits."""
        async with self._gate:
            yield

    async def close(self) -> None:
        """Takes nothing more, and returns when everything taken before has its answer."""
        self._closed = True
        await self.settle()

    async def settle(self) -> None:
        """Returns when nothing waits."""
        while self._task is not None or self._rung:
            await (asyncio.sleep(0) if self._task is None else asyncio.wait([self._task]))
        await asyncio.sleep(0)  # the last ones are just being told

    def _turn(self) -> None:
        """Commits what waits: here and now where that is quick, else in a task."""
        self._rung = False
        left: Left | None = None
        try:
            if not self._gate.locked():
                left = self._commit_now(self._next_batch())
        finally:
            if left is not None or self._queue:
                self._task = asyncio.create_task(self._drain(left), name="batcher")

    async def _drain(self, left: Left | None) -> None:
        """Does what is left of a batch, and then commits what came meanwhile."""
        try:
            while left is not None or self._queue:
                async with self._gate:
                    if left is None:
                        left = self._commit_now(self._next_batch())
                    if left is not None:
                        await left()
                        left = None
        finally:
            self._task = None
            if self._queue:
                self._ring()

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

    def _commit_now(self, batch: list[Waiting]) -> Left | None:
        """Commits a batch and tells everybody. What may take longer is returned, to be awaited."""
        if not batch:
            return None
        if sum(waiting[1] for waiting in batch) > LIGHT_MAX:
            return partial(self._commit, batch)
        started = perf_counter()
        commands = [waiting[0] for waiting in batch]
        try:
            commit = self.store.run_now(commands, self._clock(), self._revision())
        except StoreError as error:
            _fail(batch, error)
            return None
        except Exception:  # noqa: BLE001 - it left no trace, and `_commit` finds out whose fault
            commit = None
        if commit is None:
            return partial(self._commit, batch)
        rest = self._show(commands, commit)
        if rest is not None:
            return partial(self._finish, batch, commit, rest, started)
        self._count(batch, started)
        _tell(batch, commit.answers)
        return None

    async def _commit(self, batch: list[Waiting]) -> None:
        started = perf_counter()
        commands = [waiting[0] for waiting in batch]
        try:
            commit = await self.store.run(commands, self._clock(), self._revision())
        except StoreError as error:
            _fail(batch, error)
        except Exception as error:  # noqa: BLE001 - whatever it is, somebody waits for an answer
            await self._isolate(batch, error)
        except BaseException:
            _fail(batch, _UNTOLD)
            raise
        else:
            await self._finish(batch, commit, self._show(commands, commit), started)

    async def _finish(
        self, batch: list[Waiting], commit: Commit, rest: Awaitable[None] | None, started: float
    ) -> None:
        """Waits until a commit has been shown, and tells everybody."""
        try:
            if rest is not None:
                await rest
        except Exception:
            log.exception("a commit could not be shown")
        finally:
            self._count(batch, started)
            # Not here: the next transaction begins first, and is under way while these are told.
            asyncio.get_running_loop().call_soon(_tell, batch, commit.answers)

    def _show(self, commands: Sequence[Command], commit: Commit) -> Awaitable[None] | None:
        try:
            return self._published(commands, commit)
        except Exception:  # it is durable all the same, and may not run again
            log.exception("a commit could not be shown")
            return None

    def _count(self, batch: list[Waiting], started: float) -> None:
        self.batches += 1
        self.commands += len(batch)
        self.largest = max(self.largest, len(batch))
        self.commit_seconds += perf_counter() - started

    async def _isolate(self, batch: list[Waiting], error: Exception) -> None:
        """One command is at fault, and its transaction left no trace: its neighbours go on."""
        if len(batch) == 1:
            log.error("a command could not be run: %r", batch[0][0], exc_info=error)
            _fail(batch, error)
            return
        for waiting in batch:
            await self._commit([waiting])


def _weight(command: Command) -> int:
    """About how many SKUs the command names, with its parts."""
    if isinstance(command, Reserve):  # as nearly all are
        return len(command.lines)
    return sum(map(_own_weight, flatten((command,)))) if isinstance(command, WIDE) else 1


def _own_weight(command: Command) -> int:
    if isinstance(command, Reserve):
        return len(command.lines)
    return 1 + len(command.items) if isinstance(command, (UpsertProduct, AddProduct)) else 1


def _tell(batch: Sequence[Waiting], answers: Sequence[Answer]) -> None:
    try:
        for (_, _, waiter), answer in zip(batch, answers, strict=True):
            if not waiter.done():
                waiter.set_result(answer)
    finally:  # whatever happened in here, nobody waits for ever
        _fail(batch, _UNTOLD)


def _fail(batch: Sequence[Waiting], error: Exception) -> None:
    for _, _, waiter in batch:
        if not waiter.done():
            waiter.set_exception(error)
