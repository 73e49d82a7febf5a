"""The answer to a `Reserve`."""

from typing import Any

from fancymonkey.core.answers import CommandAnswer
from fancymonkey.core.immutable import dataclass
from fancymonkey.core.stock.answers import MovedLine


@dataclass(frozen=True, slots=True)
class Reserved(CommandAnswer):
    """A hold after a `Reserve`: its deadline, and the lines of the command with the stock now."""

    reservation_id: str
    session_id: str
    at: int
    expires_at: int | None
    lines: tuple[MovedLine, ...]
    revision: int

    def stored(self) -> dict[str, Any]:
        """The answer as JSON for an `Outcome`."""
        return {
            "reservation_id": self.reservation_id,
            "session_id": self.session_id,
            "at": self.at,
            "expires_at": self.expires_at,
            "lines": list(self.lines),
            "revision": self.revision,
        }

    @classmethod
    def restored(cls, value: dict[str, Any]) -> "Reserved":
        """The answer of a stored one. Raises KeyError for another kind of answer."""
        return cls(
            value["reservation_id"],
            value["session_id"],
            value["at"],
            value["expires_at"],
            tuple(map(tuple, value["lines"])),
            value["revision"],
        )
