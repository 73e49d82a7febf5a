"""The locations that an account or a key is limited to."""

from collections.abc import Container, Sequence

from fancymonkey.accounts.model import BadLocations, Right

LOCATIONS_MAX = 100
"""The most locations of one account or key."""


def checked_locations(ids: Sequence[str], right: Right, known: Container[str]) -> tuple[str, ...]:
    """The locations without repetitions. Raises BadLocations.

    An owner has the whole shop: accounts, payments and products belong to no location.
    """
    locations = tuple(dict.fromkeys(ids))
    if locations and right is Right.ADMIN:
        raise BadLocations("An owner cannot be limited to locations. Choose another role or right.")
    if len(locations) > LOCATIONS_MAX:
        raise BadLocations(f"An account can have at most {LOCATIONS_MAX} locations.")
    for location in locations:
        if location not in known:
            raise BadLocations(f"There is no location {location[:100]}.")
    return locations


def includes(limit: Sequence[str], locations: Sequence[str]) -> bool:
    """Whether an account with this limit may do everything that these locations allow."""
    return not limit or (bool(locations) and set(locations) <= set(limit))
