"""When a size becomes low, out, or is back: told once, however often holds come and go. Pure.

Low counts what can be bought now, so a hold may make a size low. Out and back count what is not
sold yet, and no hold moves that: the two always alternate.
"""

from dataclasses import dataclass
from enum import StrEnum

from msgspec import Struct


class Band(StrEnum):
    """How a size stands."""

    FINE = "fine"
    LOW = "low"
    OUT = "out"


class Watched(Struct):
    """How a size stood when it was looked at last.

    `told` is at how many unsold units it was told low, until that number changes.
    """

    band: Band
    told: int | None = None


@dataclass(frozen=True, slots=True)
class Stand:
    """How a size stands now: what can be bought, what is not sold yet (held units too)."""

    available: int
    unsold: int
    threshold: int


def margin(threshold: int) -> int:
    """How far above its threshold a size has to come before it can be low again."""
    return max(2, (threshold + 1) // 2)


def begin(now: Stand) -> Watched:
    """How a size stands that was never looked at: nothing is told of it."""
    if now.unsold <= 0:
        return Watched(Band.OUT)
    return Watched(Band.LOW, now.unsold) if _low(now) else Watched(Band.FINE)


def cross(old: Watched, now: Stand) -> tuple[Watched, str | None]:
    """How it stands now, and what to tell: `stock.low`, `stock.out`, `stock.back` or nothing."""
    if now.unsold <= 0:
        return Watched(Band.OUT), None if old.band is Band.OUT else "stock.out"
    if old.band is Band.OUT:
        return begin(now), "stock.back"
    if _low(now):
        # The same units were told of already: what lies between is holds that came and went.
        new = old.band is Band.FINE and old.told != now.unsold
        return Watched(Band.LOW, now.unsold if new else old.told), "stock.low" if new else None
    if old.band is Band.FINE or now.available >= now.threshold + margin(now.threshold):
        return Watched(Band.FINE, old.told if old.told == now.unsold else None), None
    return old, None


def _low(now: Stand) -> bool:
    return now.threshold > 0 and now.available <= now.threshold
