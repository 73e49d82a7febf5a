"""Finds the location that a person probably means by an unknown id."""

from collections.abc import Iterable
from difflib import get_close_matches
from functools import lru_cache

from fancymonkey.core.keys import skeleton
from fancymonkey.core.locations.locations import Location

_CLOSE = 0.7
"""The least share of equal letters of two ids that are taken for each other."""


def likely_location(text: str, locations: Iterable[Location]) -> str | None:
    """The id of the location whose id or name looks most like the text, or None."""
    return _likely(text[:200], tuple((row.key, row.name) for row in locations))


@lru_cache(maxsize=256)
def _likely(text: str, locations: tuple[tuple[str, str], ...]) -> str | None:
    """The same, with ids and names. A cache, because a file repeats its mistakes."""
    looks: dict[str, str] = {}
    for location, name in locations:
        looks.setdefault(_look(location), location)
        looks.setdefault(_look(name), location)
    close = get_close_matches(_look(text), looks, 1, _CLOSE)
    return looks[close[0]] if close else None


def _look(text: str) -> str:
    return "".join(char for char in skeleton(text) if char.isalnum())
