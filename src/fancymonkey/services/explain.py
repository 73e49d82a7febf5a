"""Explains a SKU's stock: its entries one after the other, and their sums."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from fancymonkey.core.ledger import InvariantBroken, evolve
from fancymonkey.core.locations.accounts import split_account
from fancymonkey.core.locations.locations import Location
from fancymonkey.core.model import Entry, Item, Kind, Level, Product, Reservation
from fancymonkey.core.stock.sku_stock import SkuStock
from fancymonkey.text import counted, joined
from fancymonkey.timestamps import iso

CHANGES = {
    "on_hand": "on hand",
    "reserved": "reserved",
    "allocated": "allocated",
    "incoming": "incoming",
    "backordered": "backordered",
    "short": "short",
}
"""The quantities of a level and their names for people."""

PAUSE = 500
"""Entries read before other tasks run."""


@dataclass(slots=True)
class KindMovement:
    """The total movement of all entries of one kind."""

    kind: Kind
    entries: int = 0
    change: dict[str, int] = field(default_factory=dict)

    def add(self, entry: Entry) -> None:
        """Counts an entry."""
        self.entries += 1
        for name in CHANGES:
            moved = self.change.get(name, 0) + getattr(entry, name)
            if moved or name in self.change:
                self.change[name] = moved


@dataclass(slots=True)
class StockExplanation:
    """A SKU's entries with the level after each, and the level at the end.

    `lines` are the latest entries from `since` on (ms), up to the deque's limit; `steps` are the
    sums of all entries from `since` on by kind, beginning at `opening`.
    """

    product: Product
    item: Item
    lines: deque[tuple[Entry, Level]]
    location: str | None
    """Only the entries at this location, in every state; None: all."""
    since: int | None = None
    total: int = 0
    levels: dict[str, Level] = field(default_factory=dict)
    opening: SkuStock = field(default_factory=lambda: SkuStock(""))
    steps: dict[Kind, KindMovement] = field(default_factory=dict)
    over: int = 0
    """Units reserved by holds past their deadline that are not booked as expired yet."""
    broken: str | None = None
    routed: dict[str, Reservation] = field(default_factory=dict)
    """The holds of the lines that have a route, by id."""
    names: dict[str, Location] = field(default_factory=dict)
    """The locations by id."""

    @property
    def closing(self) -> SkuStock:
        """The totals over all locations after the entries that were read."""
        return SkuStock.of(self.item.sku, self.levels.values())

    async def follow(self, entries: AsyncIterator[Entry]) -> None:
        """Reads the SKU's history, with pauses for other tasks."""
        read = 0
        async for entry in entries:
            if self.location not in (None, split_account(entry.location)[0]):
                continue
            level = self.levels.get(entry.location) or Level(entry.sku, entry.location)
            try:
                level = evolve(level, entry)
            except InvariantBroken as error:
                self.broken = self.broken or str(error)
            self.levels[entry.location] = level
            if self.since is not None and entry.at < self.since:
                self.opening = self.closing
            else:
                self.steps.setdefault(entry.kind, KindMovement(entry.kind)).add(entry)
                self.lines.append((entry, level))
                self.total += 1
            read += 1
            if not read % PAUSE:
                await asyncio.sleep(0)

    def sentence(self, as_of: int | None) -> str:
        """The stock as a sentence."""
        stock = self.closing
        less = [f"{stock.reserved} reserved"] if stock.reserved else []
        less += [f"{stock.allocated} allocated"] if stock.allocated else []
        when = "now" if as_of is None else f"at {iso(as_of)}"
        words = f"{stock.available} available {when}: {stock.on_hand} on hand"
        words += f" less {joined(less)}." if less else ", none of them promised."
        if self.over:
            words += (
                f" {counted(self.over, 'reserved unit')} belong to expired holds and no longer"
                f" count, so {stock.available + self.over} can be sold."
            )
        if stock.backordered:
            words += f" {stock.backordered} sold and not delivered yet."
        if stock.short:
            words += f" {stock.short} promised and not there."
        return words
