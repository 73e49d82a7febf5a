"""Finds the location that a command names, and refuses unknown and closed ones."""

from collections.abc import Iterator

from fancymonkey.core.locations.locations import Location, first_location
from fancymonkey.core.outcomes import Code, Refused
from fancymonkey.core.state import Key, State


def location_of(state: State, location_id: str) -> Location | None:
    """The location with this id, or None. The first location exists also without a row."""
    row = state.get(Location, location_id)
    if row is not None:
        return row
    first = first_location()
    return first if location_id == first.key else None


def unknown_location(location_id: str) -> Refused:
    """The refusal of an id that no location has."""
    return Refused(
        Code.UNKNOWN_LOCATION, f"There is no location {location_id}.", {"location": location_id}
    )


def needs_open_location(location_id: str) -> Iterator[Key]:
    """The row that `closed_location` reads. The first location is always there and open."""
    if location_id != first_location().key:
        yield Location, location_id


def closed_location(state: State, location_id: str) -> Refused | None:
    """The refusal of a location that takes no units because it is closed or unknown, or None."""
    if location_id == first_location().key:
        return None
    location = state.get(Location, location_id)
    if location is None:
        return unknown_location(location_id)
    if location.active:
        return None
    return Refused(Code.LOCATION_CLOSED, f"{location.name} is closed.", {"location": location.key})
