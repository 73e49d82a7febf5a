"""When a size becomes low, out, or is back: told once, however often holds come and go. Pure.

Low counts what can be bought now, so a hold may make a size low. Out and back count what is not
sold yet, and no hold moves that: the two always alternate.
"""

from dataclasses import dataclass
from enum import StrEnum

from msgspec import Struct


class StockBand(StrEnum):
    """How a size stands."""

    FINE = "fine"
    LOW = "low"
    OUT = "out"


class KnownBand(Struct):
    """How a size stood when it was looked at last.

    `told` is at how many unsold units it was told low, until that number changes.
    """

    band: StockBand
    told: int | None = None


@dataclass(frozen=True, slots=True)
class StockNow:
    """How a size stands now: what can be bought, what is not sold yet (held units too)."""

    available: int
    unsold: int
    threshold: int


def margin(threshold: int) -> int:
    """How far above its threshold a size has to come before it can be low again."""
    return max(2, (threshold + 1) // 2)


def begin(now: StockNow) -> KnownBand:
    """How a size stands that was never looked at: nothing is told of it."""
    if now.unsold <= 0:
        return KnownBand(StockBand.OUT)
    return KnownBand(StockBand.LOW, now.unsold) if _low(now) else KnownBand(StockBand.FINE)


def cross(old: KnownBand, now: StockNow) -> tuple[KnownBand, str | None]:
    """How it stands now, and what to tell: `stock.low`, `stock.out`, `stock.back` or nothing."""
    if now.unsold <= 0:
        return KnownBand(StockBand.OUT), None if old.band is StockBand.OUT else "stock.out"
    if old.band is StockBand.OUT:
        return begin(now), "stock.back"
    if _low(now):
        # The same units were told of already: what lies between is holds that came and went.
        new = old.band is StockBand.FINE and old.told != now.unsold
        return KnownBand(
            StockBand.LOW, now.unsold if new else old.told
        ), "stock.low" if new else None
    if old.band is StockBand.FINE or now.available >= now.threshold + margin(now.threshold):
        return KnownBand(StockBand.FINE, old.told if old.told == now.unsold else None), None
    return old, None


def _low(now: StockNow) -> bool:
    return now.threshold > 0 and now.available <= now.threshold
