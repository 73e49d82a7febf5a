"""The future answer to one command, cheaper than a Future of asyncio."""

import asyncio
import logging
from collections.abc import Callable, Generator
from contextvars import Context
from typing import Any

from fancymonkey.core.outcomes import Answer

log = logging.getLogger(__name__)


class PendingAnswer:
    """Is awaited like a Future of asyncio, but only once.

    A callback set with `then` runs as soon as the answer arrives; a waiting task continues in the
    event loop's next turn. The class has only those members of a Future that tasks use.
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
        """Calls `go_on` once the answer arrives."""
        self._then = go_on

    def add_done_callback(
        self, callback: Callable[["PendingAnswer"], object], *, context: Context | None = None
    ) -> None:
        """Calls back in the event loop's turn after the answer has arrived, as a Future does."""
        loop = asyncio.get_running_loop()
        self._then = lambda: loop.call_soon(callback, self, context=context)
        if self.done():
            self._then()

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """The event loop of the calling task."""
        return asyncio.get_running_loop()

    def done(self) -> bool:
        """Whether there is an answer, an error or a cancellation."""
        return self._answer is not None or self._error is not None or self._cancelled

    def cancelled(self) -> bool:
        """Whether the waiting caller was cancelled."""
        return self._cancelled

    def cancel(self, msg: object = None) -> bool:
        """Gives the answer up; False if it was there already. The command may still run."""
        if self.done():
            return False
        self._cancelled = True
        self._notify()
        return True

    def result(self) -> Answer:
        """The answer. Raises the error of the store, or CancelledError."""
        if self._answer is not None:
            return self._answer
        raise self._error or asyncio.CancelledError

    def set_result(self, answer: Answer) -> None:
        """Sets the answer and calls back."""
        self._answer = answer
        self._notify()

    def set_exception(self, error: Exception) -> None:
        """Sets an error in place of the answer and calls back."""
        self._error = error
        self._notify()

    def _notify(self) -> None:
        then, self._then = self._then, None
        if then is not None:
            try:
                then()
            except Exception:  # the other callers of the batch must still get their answers
                log.exception("a callback of a finished command raised")
