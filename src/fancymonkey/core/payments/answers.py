"""The answers to commands about payments, and the outcome of an effect in one text."""

from typing import Any

from fancymonkey.core.answers import CommandAnswer, FlatAnswer
from fancymonkey.core.holds.ended import Captured, Released
from fancymonkey.core.immutable import dataclass
from fancymonkey.core.payments.rows import IssueStatus


@dataclass(frozen=True, slots=True)
class PaymentNews(CommandAnswer):
    """The outcome of news. `unknown`: the payment is not known yet, so the news is kept for it."""

    outcome: str
    unknown: bool = False

    def stored(self) -> dict[str, Any]:
        """The answer as JSON for an `Outcome`."""
        return {"outcome": self.outcome, "unknown": self.unknown}


@dataclass(frozen=True, slots=True)
class CheckoutBegun(FlatAnswer):
    """The number of a new checkout, and its hold with the deadline. Times in ms."""

    number: int
    reservation_id: str
    expires_at: int | None
    at: int
    revision: int


@dataclass(frozen=True, slots=True)
class SessionAttached(FlatAnswer):
    """A hold whose checkout has a session of the payment provider. Times in ms."""

    reservation_id: str
    expires_at: int | None
    at: int
    revision: int


@dataclass(frozen=True, slots=True)
class PaymentAwaited(FlatAnswer):
    """A hold whose payment takes days, and its deadline in ms."""

    reservation_id: str
    expires_at: int | None


@dataclass(frozen=True, slots=True)
class IssueResolved(CommandAnswer):
    """A payment issue after a `ResolveIssue`, with its remaining units of each SKU.

    `revision` is None for an issue that was closed before.
    """

    issue_id: str
    progress: IssueStatus
    lines: tuple[tuple[str, int], ...]
    revision: int | None = None

    def stored(self) -> dict[str, Any]:
        """The answer as JSON for an `Outcome`."""
        answer = {
            "matter_id": self.issue_id,
            "progress": str(self.progress),
            "lines": [list(line) for line in self.lines],
        }
        return answer if self.revision is None else {**answer, "revision": self.revision}

    @classmethod
    def restored(cls, value: dict[str, Any]) -> "IssueResolved":
        """The answer of a stored one. Raises KeyError for another kind of answer."""
        lines = tuple((sku, quantity) for sku, quantity in value["lines"])
        progress = IssueStatus(value["progress"])
        return cls(value["matter_id"], progress, lines, value.get("revision"))


PAYMENT_NEWS = {"outcome", "unknown"}
"""The keys of a stored `PaymentNews`."""


def outcome_of(data: Any) -> str:
    """The outcome of an event whose effect has this answer."""
    if isinstance(data, PaymentNews):
        return data.outcome
    if isinstance(data, Captured) and data.outcome is not None:
        return data.outcome
    moved = isinstance(data, Captured | Released) and bool(data.lines)
    return "done" if moved else "no change"
