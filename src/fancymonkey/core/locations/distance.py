"""The distance between two points of the Earth."""

from decimal import Decimal
from math import asin, cos, radians, sin, sqrt

EARTH_RADIUS_KM = 6371.0088
"""The mean radius of the Earth: (2a + b) / 3 of WGS 84."""

Point = tuple[Decimal, Decimal]
"""Latitude and longitude in decimal degrees."""


def distance_km(start: Point, end: Point) -> float:
    """The great-circle distance, by the haversine formula, also across the 180th meridian."""
    latitude, other = radians(start[0]), radians(end[0])
    half = sin((other - latitude) / 2) ** 2
    half += cos(latitude) * cos(other) * sin(radians(end[1] - start[1]) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * asin(sqrt(min(1.0, half)))
