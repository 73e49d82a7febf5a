"""The answers to commands about locations."""

from typing import Any

from fancymonkey.core.answers import CommandAnswer, FlatAnswer
from fancymonkey.core.immutable import dataclass


@dataclass(frozen=True, slots=True)
class LocationChanged(FlatAnswer):
    """The id of a location after a command that added, edited, closed or reopened it."""

    location: str
    revision: int


@dataclass(frozen=True, slots=True)
class RoutingRulesSet(CommandAnswer):
    """The order of the routing rules after a `SetRoutingRules`."""

    rules: tuple[str, ...]
    revision: int

    def stored(self) -> dict[str, Any]:
        """The answer as JSON for an `Outcome`."""
        return {"rules": list(self.rules), "revision": self.revision}

    @classmethod
    def restored(cls, value: dict[str, Any]) -> "RoutingRulesSet":
        """The answer of a stored one. Raises KeyError for another kind of answer."""
        return cls(tuple(value["rules"]), value["revision"])
