"""The answer to an undo."""

from typing import Any

from fancymonkey.core.answers import CommandAnswer
from fancymonkey.core.immutable import dataclass


@dataclass(frozen=True, slots=True)
class RestoredRow:
    """A product or size (`key`) that was restored, and its changes by field."""

    key: str
    changes: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class FailedRestore:
    """A product or size (`key`) that could not be restored, and the reason for people."""

    key: str
    reason: str


@dataclass(frozen=True, slots=True)
class UndoAnswer(CommandAnswer):
    """The rows of a portion of a change set after an `Undo`, and the id of the new change set."""

    rows: tuple[RestoredRow, ...]
    failed: tuple[FailedRestore, ...]
    change_id: str
    revision: int

    def stored(self) -> dict[str, Any]:
        """The answer as JSON for an `Outcome`."""
        return {
            "rows": [{"key": row.key, "changes": row.changes} for row in self.rows],
            "failed": [{"key": row.key, "reason": row.reason} for row in self.failed],
            "act": self.change_id,
            "revision": self.revision,
        }

    @classmethod
    def restored(cls, value: dict[str, Any]) -> "UndoAnswer":
        """The answer of a stored one. Raises KeyError for another kind of answer."""
        return cls(
            tuple(RestoredRow(row["key"], row["changes"]) for row in value["rows"]),
            tuple(FailedRestore(row["key"], row["reason"]) for row in value["failed"]),
            value["act"],
            value["revision"],
        )
