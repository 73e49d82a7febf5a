"""Decides when a size becomes low, out or back in stock: once, even if holds begin and end. Pure.

Low counts available units, so a hold may make a size low. Out and back count unsold units, which
holds do not change: the two always alternate.
"""

from dataclasses import dataclass
from enum import StrEnum

from msgspec import Struct, field

from fancymonkey.core.stock.status import at_threshold
from fancymonkey.settings.event_names import EventName


class StockBand(StrEnum):
    """The stock status of a size."""

    FINE = "fine"
    LOW = "low"
    OUT = "out"


class KnownBand(Struct):
    """The stock status of a size at the last check.

    `reported` is the number of unsold units at which it was reported low, until that changes.
    """

    band: StockBand
    reported: int | None = field(default=None, name="told")


class SharedBands:
    """Makes equal statuses one object: a million sizes have few different ones."""

    def __init__(self) -> None:
        self._bands: dict[tuple[StockBand, int | None], KnownBand] = {}

    def of(self, band: KnownBand) -> KnownBand:
        """The first of the equal statuses that were passed."""
        return self._bands.setdefault((band.band, band.reported), band)


@dataclass(frozen=True, slots=True)
class StockNow:
    """The current stock of a size: available units, and unsold units including held ones."""

    available: int
    unsold: int
    threshold: int


def margin(threshold: int) -> int:
    """The distance above its threshold that a size must reach before it can be reported low
    again.
    """
    return max(2, (threshold + 1) // 2)


def begin(now: StockNow) -> KnownBand:
    """The status of a size that was never checked before: nothing is reported."""
    if now.unsold <= 0:
        return KnownBand(StockBand.OUT)
    return KnownBand(StockBand.LOW, now.unsold) if _low(now) else KnownBand(StockBand.FINE)


def cross(old: KnownBand, now: StockNow) -> tuple[KnownBand, EventName | None]:
    """Returns the new status and the event: `stock.low`, `stock.out`, `stock.restocked` or None."""
    if now.unsold <= 0:
        return KnownBand(StockBand.OUT), None if old.band is StockBand.OUT else EventName.STOCK_OUT
    if old.band is StockBand.OUT:
        return begin(now), EventName.STOCK_RESTOCKED
    if _low(now):
        # The same unsold units were already reported: only holds have come and gone since.
        new = old.band is StockBand.FINE and old.reported != now.unsold
        return KnownBand(
            StockBand.LOW, now.unsold if new else old.reported
        ), EventName.STOCK_LOW if new else None
    if old.band is StockBand.FINE or now.available >= now.threshold + margin(now.threshold):
        return KnownBand(StockBand.FINE, old.reported if old.reported == now.unsold else None), None
    return old, None


def begin_or_cross(
    old: KnownBand | None, now: StockNow, most: int, sold_out: bool
) -> tuple[KnownBand, EventName | None]:
    """The same for a size that may be new (`old` is None), and had at most `most` units since.

    A new size that a drop sells within a second was not low before.
    """
    if old is None and not sold_out and most > 0 and not at_threshold(most, now.threshold):
        old = KnownBand(StockBand.FINE)
    return (begin(now), None) if old is None else cross(old, now)


def _low(now: StockNow) -> bool:
    return at_threshold(now.available, now.threshold)
