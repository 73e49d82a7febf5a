"""The second attempt at a command whose first one may still be running on another server."""

from fancymonkey.core.outcomes import Refused
from fancymonkey.engine.batcher import Waiter
from fancymonkey.engine.pending_answer import PendingAnswer
from fancymonkey.errors import StoreUnavailable

UNKNOWN = (
    "The server that decides did not answer, and the outcome is unknown. Send the same again, with "
    "the same ids."
)


class SecondAttempt(PendingAnswer):
    """Passes its answer on to the caller of the first attempt, except for a refusal.

    The store recognises a command that has run, so a success is the one of either attempt. A
    refusal leaves nothing in the store: the first attempt may still run after it, and succeed. So
    the caller gets the error that reports the outcome as unknown.
    """

    __slots__ = ("_caller",)

    def __init__(self, caller: Waiter) -> None:
        super().__init__()
        self._caller = caller
        self.then(self._pass_on)

    def cancelled(self) -> bool:
        """Whether the caller was cancelled. The batcher then drops the command."""
        if self._caller.cancelled():
            self.cancel()
        return super().cancelled()

    def _pass_on(self) -> None:
        if self._caller.done():
            return
        if self._error is not None:
            self._caller.set_exception(self._error)
        elif isinstance(self._answer, Refused):
            self._caller.set_exception(StoreUnavailable(UNKNOWN))
        elif self._answer is not None:
            self._caller.set_result(self._answer)
