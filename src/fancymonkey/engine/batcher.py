"""Group commit: what arrives while a transaction is in flight waits and goes together in the next.

There is no timer. A lone command pays one commit and nothing more; under load the batches grow by
themselves, and one sync of the disk serves all of them.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from fancymonkey.core.act import Act
from fancymonkey.core.command import Command
from fancymonkey.core.execute import Chain, DryRun, Many, flatten
from fancymonkey.core.outcomes import Answer
from fancymonkey.engine.clock import Clock
from fancymonkey.errors import Overloaded, StoreError, StoreUnavailable
from fancymonkey.store.base import Commit, Store

log = logging.getLogger(__name__)

QUEUE_MAX = 8192
"""Commands that may wait; one more is refused with `Overloaded`."""

BATCH_MAX = 512
"""Commands in one transaction."""

WEIGHT_MAX = 1000
"""SKUs that the commands of one transaction may name together, unless a single one names more."""

COMPOSED = (Act, Chain, DryRun, Many)
Waiter = tuple[Command, int, asyncio.Future[Answer]]


class Batcher:
    """Takes commands one by one and runs them in batches, in the order in which they came."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        revision: Callable[[], int],
        published: Callable[[Sequence[Command], Commit], Awaitable[None]],
        *,
        queue_max: int = QUEUE_MAX,
        batch_max: int = BATCH_MAX,
    ) -> None:
        """`published` gets each commit before anybody gets an answer; `revision` what is known."""
        self._revision = revision
        self.store = store
        self._clock = clock
        self._published = published
        self._queue: deque[Waiter] = deque()
        self._queue_max = queue_max
        self._batch_max = batch_max
        self._task: asyncio.Task[None] | None = None
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
        if self._closed:
            raise StoreUnavailable("The service is shutting down.")
        if len(self._queue) >= self._queue_max:
            raise Overloaded("Too many requests are waiting. Try again in a second.")
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._queue.append((command, _weight(command), future))
        if self._task is None:
            self._task = asyncio.create_task(self._drain(), name="batcher")
        return future

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
        while self._task is not None:
            await asyncio.wait([self._task])

    async def _drain(self) -> None:
        try:
            while self._queue:
                async with self._gate:
                    batch = self._next_batch()
                    try:
                        await self._commit(batch)
                    finally:  # whatever happened in here, nobody waits for ever
                        error = StoreUnavailable("The service stopped before it had an answer.")
                        _fail(batch, error)
        finally:
            self._task = None
            if self._queue:
                self._task = asyncio.create_task(self._drain(), name="batcher")

    def _next_batch(self) -> list[Waiter]:
        batch: list[Waiter] = []
        weight = 0
        while self._queue and len(batch) < self._batch_max:
            weight += self._queue[0][1]
            if batch and weight > WEIGHT_MAX:
                break
            waiter = self._queue.popleft()
            if not waiter[2].cancelled():
                batch.append(waiter)
        return batch

    async def _commit(self, batch: list[Waiter]) -> None:
        if not batch:
            return
        loop = asyncio.get_running_loop()
        started = loop.time()
        commands = [waiter[0] for waiter in batch]
        try:
            commit = await self.store.run(commands, self._clock(), self._revision())
        except StoreError as error:
            _fail(batch, error)
            return
        except Exception as error:  # noqa: BLE001 - whatever it is, somebody waits for an answer
            await self._isolate(batch, error)
            return
        try:
            await self._published(commands, commit)
        except Exception:  # it is durable all the same, and may not run again
            log.exception("a commit could not be shown")
        self.batches += 1
        self.commands += len(batch)
        self.largest = max(self.largest, len(batch))
        self.commit_seconds += loop.time() - started
        for (_, _, future), answer in zip(batch, commit.answers, strict=True):
            if not future.done():
                future.set_result(answer)

    async def _isolate(self, batch: list[Waiter], error: Exception) -> None:
        """One command is at fault, and its transaction left no trace: its neighbours go on."""
        if len(batch) == 1:
            log.error("a command could not be run: %r", batch[0][0], exc_info=error)
            _fail(batch, error)
            return
        for waiter in batch:
            await self._commit([waiter])


def _weight(command: Command) -> int:
    """About how many SKUs the command touches."""
    return sum(1 for _ in flatten((command,))) if isinstance(command, COMPOSED) else 1


def _fail(batch: Sequence[Waiter], error: Exception) -> None:
    for _, _, future in batch:
        if not future.done():
            future.set_exception(error)
