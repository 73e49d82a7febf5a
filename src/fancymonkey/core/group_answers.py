"""The answers to commands that run other commands."""

from typing import Any

from fancymonkey.core.answers import CommandAnswer, stored
from fancymonkey.core.holds.ended import EndedHold
from fancymonkey.core.immutable import dataclass
from fancymonkey.core.outcomes import Accepted, Answer, Refused
from fancymonkey.core.stock.answers import StockAnswer


@dataclass(frozen=True, slots=True)
class SkuChange(CommandAnswer):
    """The stock of a SKU after a change and before it, and the holds that the change has ended.

    `before` is None for a new SKU.
    """

    stock: StockAnswer
    before: StockAnswer | None
    ended: tuple[EndedHold, ...]

    def stored(self) -> dict[str, Any]:
        """The answer as JSON for an `Outcome`."""
        return {
            **self.stock.stored(),
            "before": None if self.before is None else self.before.stored(),
            "ended": [hold.stored() for hold in self.ended],
        }

    @classmethod
    def restored(cls, value: dict[str, Any]) -> "SkuChange":
        """The answer of a stored one. Raises KeyError for another kind of answer."""
        before = value["before"]
        return cls(
            StockAnswer.restored(value),
            None if before is None else StockAnswer.restored(before),
            tuple(map(EndedHold.restored, value["ended"])),
        )


@dataclass(frozen=True, slots=True)
class GroupAnswer(CommandAnswer):
    """The answer of each command of a group, in their order."""

    rows: tuple[Answer, ...]
    revision: int

    def stored(self) -> dict[str, Any]:
        """The answer as JSON for an `Outcome`."""
        return {"rows": [_row(row) for row in self.rows], "revision": self.revision}

    @property
    def refused(self) -> Refused | None:
        """The first refusal."""
        return next((row for row in self.rows if isinstance(row, Refused)), None)

    @property
    def all_refused(self) -> bool:
        """Whether no command was accepted."""
        return all(isinstance(row, Refused) for row in self.rows)


@dataclass(frozen=True, slots=True)
class ChangeSetAnswer(CommandAnswer):
    """The answer to the command of a change set, and the id of the change set.

    `change_id` is None if nothing changed.
    """

    answer: Any
    change_id: str | None

    def stored(self) -> dict[str, Any]:
        """The answer as JSON for an `Outcome`."""
        return {**stored(self.answer), "act": self.change_id}


@dataclass(frozen=True, slots=True)
class EventAnswer(CommandAnswer):
    """The outcome of an event, whether it is new (`first`), and the answer to its effect."""

    outcome: str
    first: bool
    effect: Any = None

    def stored(self) -> dict[str, Any]:
        """The answer as JSON for an `Outcome`."""
        return {"outcome": self.outcome, "first": self.first, "effect": stored(self.effect)}


def _row(answer: Answer) -> dict[str, Any]:
    """An answer of a group as JSON."""
    if isinstance(answer, Accepted):
        return {"accepted": stored(answer.data)}
    return {
        "refused": str(answer.code),
        "message": answer.message,
        "detail": stored(answer.detail),
    }
