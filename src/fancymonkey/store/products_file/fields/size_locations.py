"""The units of a size by location in products.json: read, and written.

`"locations": {"berlin": {"stock": 8, "reserved": 2}}` stands beside the totals `stock` and
`reserved` in a size that has, or had, units at another location than the default one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fancymonkey.core.locations.accounts import is_for_sale
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Level
from fancymonkey.store.products_file.fields.field_names import intended
from fancymonkey.store.products_file.fields.field_reader import FieldReader
from fancymonkey.store.products_file.lossless_json import NULL, Branch, Leaf

LOCATIONS = "locations"
UNIT_FIELDS = ("stock", "reserved")


@dataclass(frozen=True, slots=True)
class LocationUnits:
    """The units of a size at a location, and the held ones among them."""

    stock: int = 0
    reserved: int = 0


def read_locations(source: FieldReader, size: Branch) -> dict[str, LocationUnits]:
    """The units by location; empty if the size names none. Raises DataError."""
    node = source.field(size, LOCATIONS)
    if node is None:
        return {}
    if not isinstance(node, Branch) or not node.is_object:
        if source.lenient:
            return {}  # a field of the owner's own, in a file of an older version
        expected = f'an object such as {{"{DEFAULT_LOCATION}": {{"stock": 5, "reserved": 0}}}}'
        raise source.error(f"{LOCATIONS} must be {expected}", node)
    units: dict[str, LocationUnits] = {}
    for slot in node.slots:
        there = source.about(f"{source.who}, location {slot.name}")
        if not isinstance(slot.node, Branch) or not slot.node.is_object:
            if source.lenient:
                return {}
            raise there.error("a location must be an object with stock", slot.node)
        if not source.lenient:
            _check_fields(there, slot.node)
        units[slot.name] = LocationUnits(*(there.whole(slot.node, name, 0) for name in UNIT_FIELDS))
    return units


def _check_fields(source: FieldReader, node: Branch) -> None:
    for slot in node.slots:
        if slot.name in UNIT_FIELDS:
            continue
        near = intended(slot.name, UNIT_FIELDS)
        more = f"; probably {near} is meant" if near else "; it has only stock and reserved"
        raise source.error(f"{slot.name} is not a field of a location{more}", slot.node)
    if source.field(node, "stock") is None:
        raise source.error("stock is missing; write its value", node)


def total_stock(locations: Mapping[str, LocationUnits]) -> int:
    """The units on hand at all locations together."""
    return sum(units.stock for units in locations.values())


def listed_levels(levels: Iterable[Level], closed: Iterable[str]) -> tuple[Level, ...]:
    """The levels that a size lists by location; none while only the default location has units.

    `closed` locations are listed only while they have units. The default location comes first.
    """
    for_sale = [level for level in levels if is_for_sale(level.location)]
    hidden = set(closed)
    listed = [
        level
        for level in for_sale
        if level.location == DEFAULT_LOCATION
        or level.on_hand
        or level.reserved
        or level.location not in hidden
    ]
    if all(level.location == DEFAULT_LOCATION for level in listed):
        return ()
    if all(level.location != DEFAULT_LOCATION for level in listed):
        listed.append(Level(listed[0].sku, DEFAULT_LOCATION))
    return tuple(
        sorted(listed, key=lambda level: (level.location != DEFAULT_LOCATION, level.location))
    )


def put_locations(size: Branch, levels: Iterable[Level], old: Branch | None) -> None:
    """Sets the units by location of a size; without levels, removes them."""
    units = {level.location: LocationUnits(level.on_hand, level.reserved) for level in levels}
    put_units(size, units, old)


def put_units(size: Branch, units: Mapping[str, LocationUnits], old: Branch | None = None) -> None:
    """The same, with the units by location."""
    node = Branch("{}")
    for location, there in units.items():
        fields = Branch("{}")
        fields.put("stock", Leaf(str(there.stock)))
        if there.reserved or _shows_reserved(old, location):
            fields.put("reserved", Leaf(str(there.reserved)))
        node.put(location, fields)
    if node.slots:
        size.put(LOCATIONS, node)
    else:
        size.slots = [slot for slot in size.slots if slot.name != LOCATIONS or _is_own(slot.node)]


def _is_own(node: Leaf | Branch) -> bool:
    """Whether it is a field of the owner's own, of an older version."""
    return not (isinstance(node, Leaf) and node.text == NULL)


def _shows_reserved(old: Branch | None, location: str) -> bool:
    """Whether a `reserved` of 0 is written: always, unless the owner has left it out."""
    locations = None if old is None else old.get(LOCATIONS)
    there = locations.get(location) if isinstance(locations, Branch) else None
    return not isinstance(there, Branch) or there.get("reserved") is not None
