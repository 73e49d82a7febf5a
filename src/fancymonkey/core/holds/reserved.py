"""The answer to a `Reserve`."""

from itertools import starmap
from typing import Any

from fancymonkey.core.answers import CommandAnswer
from fancymonkey.core.immutable import dataclass
from fancymonkey.core.model import Allocation
from fancymonkey.core.stock.answers import MovedLine


@dataclass(frozen=True, slots=True)
class Reserved(CommandAnswer):
    """A hold after a `Reserve`: its deadline, and the lines of the command with the stock now.

    `allocations` are all units of the hold, `because` the reasons for their locations; None if
    only one location could serve it.
    """

    reservation_id: str
    session_id: str
    at: int
    expires_at: int | None
    lines: tuple[MovedLine, ...]
    revision: int
    allocations: tuple[Allocation, ...] | None = None
    because: tuple[str, ...] = ()

    def stored(self) -> dict[str, Any]:
        """The answer as JSON for an `Outcome`."""
        answer: dict[str, Any] = {
            "reservation_id": self.reservation_id,
            "session_id": self.session_id,
            "at": self.at,
            "expires_at": self.expires_at,
            "lines": list(self.lines),
            "revision": self.revision,
        }
        if self.allocations is not None:
            answer["allocations"] = [
                (row.sku, row.quantity, row.location) for row in self.allocations
            ]
            answer["because"] = list(self.because)
        return answer

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
            tuple(starmap(Allocation, value["allocations"])) if "allocations" in value else None,
            tuple(value.get("because", ())),
        )
