"""The locations of a shop in memory, by priority, and which of them buyers see."""

from collections.abc import Iterable, Mapping

from fancymonkey.core.locations.accounts import is_for_sale
from fancymonkey.core.locations.locations import Location, first_location

LOCATIONS = ""
"""Stands for the locations among SKUs and products: entries about them have no SKU."""


def in_order(rows: Iterable[Location]) -> dict[str, Location]:
    """The locations by id, sorted by priority. The first location exists also without a row."""
    first = first_location()
    locations = {first.key: first, **{row.key: row for row in rows}}
    return {
        row.key: row for row in sorted(locations.values(), key=lambda row: (row.priority, row.key))
    }


def sells_online(locations: dict[str, Location], account: str) -> bool:
    """Whether buyers see the units of an account."""
    if not is_for_sale(account):
        return False
    location = locations.get(account)
    return location is not None and location.active and location.sells_online


def online_locations(locations: dict[str, Location]) -> set[str]:
    """The ids of the locations that sell online."""
    return {id_ for id_ in locations if sells_online(locations, id_)}


def skus_at(
    locations: set[str], accounts: Mapping[str, Iterable[str]], lists: Iterable[Iterable[str]]
) -> set[str]:
    """The SKUs that have an account of one of these locations.

    `accounts` has the accounts of each SKU, `lists` the different values of it. These are few, so
    that a location without stock costs the same in a shop of any size.
    """
    if all(locations.isdisjoint(names) for names in lists):
        return set()
    return {sku for sku, names in accounts.items() if not locations.isdisjoint(names)}
