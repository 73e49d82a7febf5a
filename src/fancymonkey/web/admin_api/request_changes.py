"""The changes of a request, recorded for undo."""

from collections.abc import Sequence

from fancymonkey.core.outcomes import Answer, Refused
from fancymonkey.services.changes.change_runner import ChangeRunner, Maker
from fancymonkey.services.changes.request_key import RequestKey
from fancymonkey.web.context import AppContext
from fancymonkey.web.http.problems.refusals import refusal

__all__ = ["Maker", "RequestChanges", "raise_refused"]


class RequestChanges(ChangeRunner):
    """A change made over HTTP."""

    def __init__(
        self,
        context: AppContext,
        actor: str,
        action: str,
        reason: str = "",
        key: RequestKey | None = None,
        digest: str = "",
        dry_run: bool = False,
    ) -> None:
        super().__init__(context.engine, actor, action, reason, key, digest, dry_run)
        self.shop = context


def raise_refused(answers: Sequence[Answer]) -> None:
    """Raises Problem with the first refusal, if there is one."""
    for answer in answers:
        if isinstance(answer, Refused):
            raise refusal(answer)
