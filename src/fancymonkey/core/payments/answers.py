"""The answers to news of a payment, and the outcome of an effect in one text."""

from typing import Any

from fancymonkey.core.answers import CommandAnswer
from fancymonkey.core.holds.ended import Captured, Released
from fancymonkey.core.immutable import dataclass


@dataclass(frozen=True, slots=True)
class PaymentNews(CommandAnswer):
    """The outcome of news. `unknown`: the payment is not known yet, so the news is kept for it."""

    outcome: str
    unknown: bool = False

    def stored(self) -> dict[str, Any]:
        """The answer as JSON for an `Outcome`."""
        return {"outcome": self.outcome, "unknown": self.unknown}


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
