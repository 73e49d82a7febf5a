"""Locations that products.json names: unknown ones, lost ones, and those of a new store."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from fancymonkey.core.locations.edit import AddLocation
from fancymonkey.core.locations.locations import DEFAULT_LOCATION, Location
from fancymonkey.store.products_file.edits.bundle_edits import ACTOR, CAUSE
from fancymonkey.store.products_file.edits.likely_location import likely_location
from fancymonkey.store.products_file.fields.size_locations import LOCATIONS
from fancymonkey.store.products_file.lossless_json import Branch
from fancymonkey.store.products_file.read import Described, Size

_ID = re.compile(r"[a-z0-9]([a-z0-9_-]{0,38}[a-z0-9])?")

Mistake = tuple[int, str]
"""A place in the file, and the text."""


def location_mistakes(
    node: Branch, size: Size, versions: Sequence[Size], known: Mapping[str, Location], *, new: bool
) -> Iterator[Mistake]:
    """Unknown and lost locations of a size. A `new` store takes any valid id."""
    locations = node.get(LOCATIONS)
    had = bool(versions) and all(_has_units_elsewhere(version) for version in versions)
    if not isinstance(locations, Branch) or not locations.slots:
        if had:
            yield node.at, f"{LOCATIONS} was there before and is missing; write its values"
        return
    for slot in locations.slots:
        fault = _fault(slot.name, known, new=new)
        if fault is not None:
            yield slot.node.at, fault
    for location in versions[-1].locations if versions else ():
        had = all(version.stock_at(location) > 0 for version in versions)
        if had and location not in size.locations:
            text = f"location {location} was there before and is missing; write its stock, or 0"
            yield locations.at, text


def _has_units_elsewhere(version: Size) -> bool:
    return any(units.stock for id_, units in version.locations.items() if id_ != DEFAULT_LOCATION)


def _fault(location: str, known: Mapping[str, Location], *, new: bool) -> str | None:
    if location in known:
        return None
    near = likely_location(location, known.values())
    if near is not None and not (new and _ID.fullmatch(location)):
        return f"there is no location {location!r}; probably {near} is meant"
    if not _ID.fullmatch(location):
        return (
            f"{location!r} is not a valid id of a location: it has 1 to 40 small letters, digits, "
            "hyphens or underscores"
        )
    if new:
        return None
    return f"there is no location {location!r}; add it first, on the page Locations"


def new_locations(file: Iterable[Described]) -> list[AddLocation]:
    """The commands that add the locations of a file to a new store, named as their ids."""
    ids = dict.fromkeys(
        location for described in file for size in described.sizes for location in size.locations
    )
    return [
        AddLocation(location=Location(id_, id_), actor=ACTOR, cause=CAUSE)
        for id_ in ids
        if id_ != DEFAULT_LOCATION
    ]


def reserved_units(size: Size, versions: Sequence[Described]) -> int:
    """By how many units `reserved` of a size, or of its locations, was edited."""
    known = [old for version in versions for old in version.sizes if old.item.sku == size.item.sku]
    edited = _difference(size.reserved, [version.reserved for version in known])
    if edited:
        return edited
    return sum(
        _difference(
            units.reserved,
            [version.locations[id_].reserved for version in known if id_ in version.locations],
        )
        for id_, units in size.locations.items()
    )


def _difference(reserved: int, known: Sequence[int]) -> int:
    ours = known or [0]
    return 0 if reserved in ours else abs(reserved - ours[-1])
