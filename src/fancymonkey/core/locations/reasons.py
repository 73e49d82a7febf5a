"""The reasons of a route in words."""

from collections.abc import Callable, Mapping

from fancymonkey.core.locations.routing import Alternative, RoutingRule
from fancymonkey.core.locations.search import EXACT


def compared(count: int) -> list[str]:
    """A sentence if `count` locations are too many to compare all of them."""
    return [f"Of {count} locations, the best {EXACT} were compared."] if count > EXACT else []


def difference(rule: RoutingRule | None, names: str, ours: Alternative, theirs: Alternative) -> str:
    """The first rule by which a solution is better than the next one, at the locations `names`."""
    if rule is None:
        return f"Equal to {names} by every rule; the first id counts."
    return _REASONS[rule](names, ours, theirs)


_REASONS: Mapping[RoutingRule, Callable[[str, Alternative, Alternative], str]] = {
    RoutingRule.SAME_COUNTRY: lambda names, ours, theirs: (
        f"Ships within the buyer's country; that is not known of {names}."
    ),
    RoutingRule.FEWEST_PARCELS: lambda names, ours, theirs: (
        f"{_parcels(ours)}; {names} would need {_parcels(theirs)}."
    ),
    RoutingRule.NEAREST: lambda names, ours, theirs: (
        f"Nearest: {_km(ours)}; {names} would be {_km(theirs)}."
    ),
    RoutingRule.PRIORITY: lambda names, ours, theirs: f"Has priority over {names}.",
    RoutingRule.MOST_STOCK: lambda names, ours, theirs: f"Has more stock than {names}.",
}


def _parcels(solution: Alternative) -> str:
    return "1 parcel" if solution.parcels == 1 else f"{solution.parcels} parcels"


def _km(solution: Alternative) -> str:
    return "an unknown distance" if solution.km is None else f"{solution.km:g} km"
