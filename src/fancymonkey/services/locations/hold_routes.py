"""The reasons for the locations of a hold, as JSON and in words, for web and commands."""

from collections.abc import Iterable, Mapping

from typing_extensions import TypedDict

from fancymonkey.core.locations.locations import Location
from fancymonkey.core.model import Entry, Kind, Reservation
from fancymonkey.core.route_option import RouteOption
from fancymonkey.store.contract import Store
from fancymonkey.text import counted, joined

Names = Mapping[str, Location]
"""The locations by id."""


class RouteOptionOut(TypedDict):
    """A way to serve a hold: its locations, parcels, and kilometres where they are known."""

    locations: list[str]
    parcels: int
    km: int | None


class HoldRoute(TypedDict):
    """The way that was chosen for a hold, the reasons, and the other ways."""

    because: list[str]
    chosen: RouteOptionOut
    alternatives: list[RouteOptionOut]


def route_json(hold: Reservation) -> HoldRoute | None:
    """The route of a hold; None if there was no choice, or its buyer's data was erased."""
    if not hold.route:
        return None
    chosen, *others = hold.route
    return {
        "because": chosen.because.splitlines(),
        "chosen": _option_json(chosen),
        "alternatives": [_option_json(option) for option in others],
    }


def _option_json(option: RouteOption) -> RouteOptionOut:
    ids = option.ids
    return {"locations": ids, "parcels": len(ids), "km": option.km}


def route_in_words(hold: Reservation, names: Names) -> list[str]:
    """The reasons for the locations of a hold, and the price of each alternative."""
    if not hold.route:
        return []
    chosen, *others = hold.route
    cost = f"Chosen: {_cost(chosen, names)}."
    return [
        *chosen.because.splitlines(),
        cost,
        *(f"Instead: {_cost(option, names)}." for option in others),
    ]


def _cost(option: RouteOption, names: Names) -> str:
    location_names = joined(names[id_].name if id_ in names else id_ for id_ in option.ids)
    parcels = counted(len(option.ids), "parcel")
    km = "distance not known" if option.km is None else f"{option.km} km"
    return f"{location_names}, {parcels}, {km}"


async def routed_holds(store: Store, entries: Iterable[Entry]) -> dict[str, Reservation]:
    """The holds with a route that these entries began, by id. Raises StoreError."""
    ids = {
        entry.reservation_id
        for entry in entries
        if entry.kind is Kind.RESERVED and entry.reservation_id is not None
    }
    holds = [await store.find(Reservation, id_) for id_ in sorted(ids)]
    return {hold.reservation_id: hold for hold in holds if hold is not None and hold.route}
