"""The stock of a SKU: the totals over all its locations."""

from collections.abc import Iterable

from fancymonkey.core.immutable import dataclass
from fancymonkey.core.model import Level


@dataclass(frozen=True, slots=True)
class SkuStock:
    """The units of a SKU at all its locations together, and the promised ones among them.

    `updated_at` is the time of the latest change at any location, in ms, or 0. A SKU without a
    level has no units.
    """

    sku: str
    on_hand: int = 0
    reserved: int = 0
    allocated: int = 0
    incoming: int = 0
    backordered: int = 0
    short: int = 0
    updated_at: int = 0

    @property
    def available(self) -> int:
        """The units that can be sold now. Negative while a count is below the promised units."""
        return self.on_hand - self.reserved - self.allocated

    @classmethod
    def of(cls, sku: str, levels: Iterable[Level]) -> "SkuStock":
        """The totals of these levels, one a location."""
        on_hand = reserved = allocated = incoming = backordered = short = updated_at = 0
        for level in levels:
            on_hand += level.on_hand
            reserved += level.reserved
            allocated += level.allocated
            incoming += level.incoming
            backordered += level.backordered
            short += level.short
            updated_at = max(updated_at, level.updated_at)
        return cls(sku, on_hand, reserved, allocated, incoming, backordered, short, updated_at)
