"""Adds and changes locations: AddLocation, EditLocation."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Protocol

from fancymonkey.core.command import Command
from fancymonkey.core.immutable import dataclass
from fancymonkey.core.ledger import Author
from fancymonkey.core.locations.answers import LocationChanged
from fancymonkey.core.locations.locations import Location
from fancymonkey.core.locations.lookup import location_of, unknown_location
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

    Refused as `unknown_location` if it does not exist, and as `stale` if it is not the `expected`
    one.
    """

    location: Location
    expected: Location | None = None
    reason: str = ""


class LocationCommand(Author, Protocol):
    """A command that changes a location."""

    @property
    def reason(self) -> str:
        """The owner's reason for the change, or an empty text."""
        ...


def needs_location(command: AddLocation | EditLocation, state: State) -> Iterator[Key]:
    """The rows that the rules of this file read."""
    yield Location, command.location.key


def add_location(state: State, command: AddLocation) -> Answer:
    """Applies an `AddLocation`."""
    location = command.location
    if location_of(state, location.key) is not None:
        return Refused(
            Code.ALREADY_THERE,
            f"Location {location.key} already exists.",
            {"location": location.key},
        )
    return put_location(state, command, location)


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
        return Accepted(LocationChanged(present.key, state.revision))
    return put_location(state, command, after)


def put_location(state: State, command: LocationCommand, location: Location) -> Answer:
    """Stores a location, and books the change. The answer names it."""
    stored = replace(location, updated_at=state.now)
    state.put(stored)
    state.book_event(Kind.LOCATION_EDITED, "", location.key, command, reason=command.reason)
    return Accepted(LocationChanged(stored.key, state.revision))
