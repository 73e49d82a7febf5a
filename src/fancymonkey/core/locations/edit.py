"""Adds and changes locations: AddLocation, EditLocation."""

from collections.abc import Iterator
from dataclasses import replace

from fancymonkey.core.command import Command
from fancymonkey.core.immutable import dataclass
from fancymonkey.core.locations.locations import Location, first_location
from fancymonkey.core.model import Kind
from fancymonkey.core.outcomes import Accepted, Answer, Code, Refused
from fancymonkey.core.state import Key, State


@dataclass(frozen=True, slots=True, kw_only=True)
class AddLocation(Command):
    """Adds a location. Refused as `already_there` if its id is taken."""

    location: Location
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EditLocation(Command):
    """Replaces the fields of a location, except its id and whether it is active.

    Refused as `unknown_location` if there is none, as `stale` if it is not the `expected` one.
    """

    location: Location
    expected: Location | None = None
    reason: str = ""


def needs_location(command: AddLocation | EditLocation, state: State) -> Iterator[Key]:
    """The rows that the rules of this file read."""
    yield Location, command.location.key


def location_of(state: State, location_id: str) -> Location | None:
    """The location with this id, or None. The first location exists also without a row."""
    row = state.get(Location, location_id)
    first = first_location()
    return first if row is None and location_id == first.key else row


def unknown_location(location_id: str) -> Refused:
    """The refusal of an id that no location has."""
    return Refused(
        Code.UNKNOWN_LOCATION, f"There is no location {location_id}.", {"location": location_id}
    )


def add_location(state: State, command: AddLocation) -> Answer:
    """Applies an `AddLocation`."""
    location = command.location
    if location_of(state, location.key) is not None:
        return Refused(
            Code.ALREADY_THERE,
            f"Location {location.key} already exists.",
            {"location": location.key},
        )
    return _put(state, command, location)


def edit_location(state: State, command: EditLocation) -> Answer:
    """Applies an `EditLocation`."""
    present = location_of(state, command.location.key)
    if present is None:
        return unknown_location(command.location.key)
    if command.expected is not None and command.expected != present:
        return Refused(
            Code.STALE,
            "This location has changed since you saw it.",
            {"location": present.key},
        )
    after = replace(command.location, active=present.active, updated_at=present.updated_at)
    if after == present:
        return Accepted({"location": present.key, "revision": state.revision})
    return _put(state, command, after)


def _put(state: State, command: AddLocation | EditLocation, location: Location) -> Answer:
    stored = replace(location, updated_at=state.now)
    state.put(stored)
    state.book_event(Kind.LOCATION_EDITED, "", location.key, command, reason=command.reason)
    return Accepted({"location": stored.key, "revision": state.revision})
