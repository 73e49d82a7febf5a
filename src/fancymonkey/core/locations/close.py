"""Closes and reopens locations: CloseLocation, ReopenLocation."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from fancymonkey.core.command import Command
from fancymonkey.core.documents.document import Document
from fancymonkey.core.immutable import dataclass
from fancymonkey.core.locations.answers import LocationChanged
from fancymonkey.core.locations.edit import put_location
from fancymonkey.core.locations.locations import Location, first_location
from fancymonkey.core.locations.lookup import location_of, unknown_location
from fancymonkey.core.model import Level
from fancymonkey.core.outcomes import Accepted, Answer, Code, Refused
from fancymonkey.core.state import Key, State

MOST_LISTED = 100
"""The most levels that a refusal lists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseLocation(Command):
    """Makes a location inactive: it keeps its history and is not used.

    `levels` are the SKUs and accounts with a level there, as far as the caller knows them. Refused
    as `location_in_use` while one of them has units, and for the first location, because requests
    without a location use it. `seen` are documents, by folder and name, with the version that the
    caller has seen: refused as `stale` if one has changed. A closed location stays closed.
    """

    location_id: str
    levels: tuple[tuple[str, str], ...] = ()
    reason: str = ""
    seen: tuple[tuple[str, str, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReopenLocation(Command):
    """Makes a closed location active again. An active location stays as it is."""

    location_id: str
    reason: str = ""


def needs_close(command: CloseLocation, state: State) -> Iterator[Key]:
    """The rows that closing reads."""
    yield Location, command.location_id
    for key in command.levels:
        yield Level, key
    for folder, name, _ in command.seen:
        yield Document, (folder, name)


def needs_reopen(command: ReopenLocation, state: State) -> Iterator[Key]:
    """The rows that reopening reads."""
    yield Location, command.location_id


def close_location(state: State, command: CloseLocation) -> Answer:
    """Applies a `CloseLocation`."""
    location = location_of(state, command.location_id)
    if location is None:
        return unknown_location(command.location_id)
    if location.key == first_location().key:
        return Refused(
            Code.LOCATION_IN_USE,
            "Requests that name no location mean the first one. It cannot be closed.",
            {"location": location.key},
        )
    for folder, name, version in command.seen:
        document = state.get(Document, (folder, name))
        if (0 if document is None else document.version) != version:
            return Refused(Code.STALE, "Something changed there at the same moment. Try again.")
    levels = (state.get(Level, key) for key in command.levels)
    open_levels = [level for level in levels if level is not None and has_units(level)]
    if open_levels:
        return Refused(
            Code.LOCATION_IN_USE,
            f"{location.name} still has units. Sell, transfer or correct them first.",
            {
                "location": location.key,
                "stock": [_listed(row) for row in open_levels][:MOST_LISTED],
            },
        )
    return _set_active(state, command, location, active=False)


def reopen_location(state: State, command: ReopenLocation) -> Answer:
    """Applies a `ReopenLocation`."""
    location = location_of(state, command.location_id)
    if location is None:
        return unknown_location(command.location_id)
    return _set_active(state, command, location, active=True)


def has_units(level: Level) -> bool:
    """Whether an account has, promises, expects or owes a unit."""
    return any((level.on_hand, level.reserved, level.allocated, level.incoming, level.backordered))


def _set_active(
    state: State, command: CloseLocation | ReopenLocation, location: Location, *, active: bool
) -> Answer:
    if location.active == active:
        return Accepted(LocationChanged(location.key, state.revision))
    return put_location(state, command, replace(location, active=active))


def _listed(level: Level) -> dict[str, Any]:
    return {
        "sku": level.sku,
        "account": level.location,
        "onHand": level.on_hand,
        "reserved": level.reserved,
        "allocated": level.allocated,
        "incoming": level.incoming,
        "backordered": level.backordered,
    }
