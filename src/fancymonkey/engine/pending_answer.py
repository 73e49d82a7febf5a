"""The answer to one command, while it is not there yet."""

import asyncio
import logging
from collections.abc import Callable, Generator
from contextvars import Context
from typing import Any

from fancymonkey.core.outcomes import Answer

log = logging.getLogger(__name__)


class PendingAnswer:
    """Awaited like a Future of asyncio's, once.

    Whoever waits without a task (`then`) goes on at the moment in which the answer is there; a task
    does so in the event loop's next turn. Of a Future it has what tasks need of one.
    """

    __slots__ = ("_answer", "_asyncio_future_blocking", "_cancelled", "_error", "_then")

    def __init__(self) -> None:
        self._asyncio_future_blocking = False
        self._answer: Answer | None = None
        self._error: Exception | None = None
        self._cancelled = False
        self._then: Callable[[], object] | None = None

    def __await__(self) -> Generator[Any, None, Answer]:
        if not self.done():
            self._asyncio_future_blocking = True
            yield self
        return self.result()

    def then(self, go_on: Callable[[], object]) -> None:
        """Calls `go_on` once the answer is there."""
        self._then = go_on

    def add_done_callback(
        self, callback: Callable[["PendingAnswer"], object], *, context: Context | None = None
    ) -> None:
        """Calls back in the event loop's next turn after the answer is there, as a Future does."""
        loop = asyncio.get_running_loop()
        self._then = lambda: loop.call_soon(callback, self, context=context)
        if self.done():
            self._then()

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """The loop of the task that asks."""
        return asyncio.get_running_loop()

    def done(self) -> bool:
        """Whether there is nothing to wait for any more."""
        return self._answer is not None or self._error is not None or self._cancelled

    def cancelled(self) -> bool:
        """Whether nobody wants the answer."""
        return self._cancelled

    def cancel(self, msg: object = None) -> bool:
        """Whoever waited has gone. The command may run all the same."""
        if self.done():
            return False
        self._cancelled = True
        self._tell()
        return True

    def result(self) -> Answer:
        """The answer. Raises what the store raised, or CancelledError."""
        if self._answer is not None:
            return self._answer
        raise self._error or asyncio.CancelledError

    def set_result(self, answer: Answer) -> None:
        """The answer is there."""
        self._answer = answer
        self._tell()

    def set_exception(self, error: Exception) -> None:
        """There will be no answer."""
        self._error = error
        self._tell()

    def _tell(self) -> None:
        then, self._then = self._then, None
        if then is not None:
            try:
                then()
            except Exception:  # others of the same batch are still to be told
                log.exception("who waited for an answer has failed over it")
