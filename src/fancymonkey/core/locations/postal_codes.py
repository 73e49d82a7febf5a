"""Postal codes: the coordinates of the longest known beginning of a code.

A table has the codes of a country that begin alike, and for each shorter beginning the mean of
the codes that have it, so that a code that is not known is still near.
"""

import re
from collections.abc import Iterable, Mapping

Point = tuple[float, float]
"""Latitude and longitude in degrees."""

Table = dict[str, Point]
"""Coordinates by code, or by the beginning of codes."""

_OTHERS = re.compile(r"[^A-Z0-9]")


def normal_code(text: str) -> str:
    """A postal code without spaces and hyphens, in capitals."""
    return _OTHERS.sub("", text.upper())


def longest_match(table: Mapping[str, Point], code: str) -> Point | None:
    """The coordinates of the longest beginning of the code that the table has, or None."""
    code = normal_code(code)
    for length in range(len(code), 0, -1):
        point = table.get(code[:length])
        if point is not None:
            return point
    return None


def with_beginnings(codes: Iterable[tuple[str, Point]]) -> Table:
    """The table of these codes, with the mean of the codes for each shorter beginning.

    A code that comes several times has the mean of its coordinates.
    """
    sums: dict[str, list[float]] = {}
    exact: dict[str, list[float]] = {}
    for text, (latitude, longitude) in codes:
        code = normal_code(text)
        for length in range(1, len(code) + 1):
            _add(exact if length == len(code) else sums, code[:length], latitude, longitude)
    means = sums | exact
    return {
        code: (round(latitude / count, 2), round(longitude / count, 2))
        for code, (latitude, longitude, count) in means.items()
    }


def compacted(table: Table, most: int) -> Table:
    """The table without its longest codes, until it has at most this number of entries.

    Their means stay under their beginnings.
    """
    longest = max(map(len, table), default=0)
    while len(table) > most and longest > 1:
        table = {code: point for code, point in table.items() if len(code) < longest}
        longest -= 1
    return table


def _add(sums: dict[str, list[float]], code: str, latitude: float, longitude: float) -> None:
    total = sums.setdefault(code, [0.0, 0.0, 0])
    total[0] += latitude
    total[1] += longitude
    total[2] += 1
