"""Finds holds by size, bundle, location, words and time."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass

from fancymonkey.core.model import Reservation, Status
from fancymonkey.core.state import FOREVER
from fancymonkey.engine.engine import Engine
from fancymonkey.engine.view.live_holds import HeldUnits
from fancymonkey.web.http.messages import Problem

SCANNED_MAX = 20_000
"""The most holds that one query of the past reads; the next page continues from there."""

PAUSE = 200

Live = tuple[int, str, int]
"""The end of a live hold, its id, and its units."""


@dataclass(frozen=True, slots=True)
class HoldFilter:
    """The holds that a caller wants: of SKUs (None: all) and at locations (empty: all)."""

    skus: Collection[str] | None = None
    locations: tuple[str, ...] = ()

    def units_of(self, hold: HeldUnits) -> int:
        """The number of units of a live hold that match."""
        return sum(
            units
            for (sku, location), units in hold.units.items()
            if (self.skus is None or sku in self.skus)
            and (not self.locations or location in self.locations)
        )

    def units_in_bundles(self, hold: Reservation) -> int:
        """The number of units in a hold that are parts of the wanted bundles."""
        bundles = {line.sku for line in hold.lines if line.sku in (self.skus or ())}
        parts = {part.sku for part in hold.parts or () if part.bundle in bundles}
        return sum(
            units.quantity
            for units in hold.allocations
            if units.sku in parts and (not self.locations or units.location in self.locations)
        )

    def is_there(self, hold: Reservation) -> bool:
        """Whether a hold has units at one of the locations."""
        return not self.locations or any(
            units.location in self.locations for units in hold.allocations
        )

    def fits(self, hold: Reservation) -> bool:
        """Whether a hold has units, or bundles, of the SKUs at one of the locations."""
        if not self.is_there(hold):
            return False
        if self.skus is None:
            return True
        units = [
            row
            for row in hold.allocations
            if row.sku in self.skus and (not self.locations or row.location in self.locations)
        ]
        return bool(units) or bool(self.units_in_bundles(hold))


async def id_called(engine: Engine, words: str) -> str | None:
    """The search text, if it is an id of a hold."""
    return None if await engine.store.reservation(words) is None else words


def skus_meant(engine: Engine, words: str, among: set[str] | None) -> set[str]:
    """The SKUs (among some) whose name, category, size or id contains every word."""
    view = engine.view
    wanted = words.lower().split()
    skus = set()
    for sku in view.items if among is None else among & view.items.keys():
        item = view.items[sku]
        product = view.products.get(item.product_id)
        names = ("", "") if product is None else (product.name, product.category or "")
        text = "\n".join((sku, item.size, *names)).lower()
        if all(word in text for word in wanted):
            skus.add(sku)
    return skus


def live_holds(engine: Engine, chosen: HoldFilter) -> list[Live]:
    """The live holds in the view with units of the SKUs, the one that ends first in front."""
    now = engine.clock()
    rows = []
    for id_, hold in engine.view.holds.items():
        until = FOREVER if hold.until is None else hold.until
        if until <= now:
            continue
        units = chosen.units_of(hold)
        if units:
            rows.append((until, id_, units))
    return sorted(rows)


async def live_holds_of(engine: Engine, chosen: HoldFilter) -> list[Live]:
    """As `live_holds`, also those that have the SKUs as bundles. Raises StoreError.

    The view knows the parts of a hold and not its bundles, which may have been defined in another
    way when they were sold: for them the rows of the other holds are read.
    """
    live = live_holds(engine, chosen)
    if chosen.skus is None or not any(sku in engine.view.bundles.sales for sku in chosen.skus):
        return live
    known = {id_ for _, id_, _ in live}
    others = live_holds(engine, HoldFilter(None, chosen.locations))
    for number, (until, id_, _) in enumerate(others[:SCANNED_MAX]):
        hold = None if id_ in known else await engine.store.find(Reservation, id_)
        units = 0 if hold is None else chosen.units_in_bundles(hold)
        if units:
            live.append((until, id_, units))
        if not number % PAUSE:
            await asyncio.sleep(0)
    return sorted(live)


async def page_of(
    engine: Engine, live: list[Live], after: str | None, limit: int
) -> tuple[list[Reservation], str | None]:
    """A page of the live holds; `after` is the end of the previous page."""
    until, _, id_ = (after or "").partition(":")
    if after is not None and not (until.isascii() and until.isdigit()):
        raise Problem(422, "invalid_request", "`after` must be the `next` of the previous page.")
    later = [row for row in live if after is None or (row[0], row[1]) > (int(until[:20]), id_)]
    rows = []
    for _, hold_id, _ in later[:limit]:
        row = await engine.store.find(Reservation, hold_id)
        if row is not None:
            rows.append(row)
    last = later[limit - 1] if len(later) > limit else None
    return rows, None if last is None else f"{last[0]}:{last[1]}"


async def holds_begun(
    engine: Engine,
    since: int,
    status: Status,
    chosen: HoldFilter,
    after: str | None,
    limit: int,
) -> tuple[list[Reservation], str | None]:
    """Holds created at or after a time, with this status. Ids begin with the creation time."""
    after = after or f"res_{max(0, since):012x}"
    rows: list[Reservation] = []
    scanned = 0
    async for row in engine.store.scan(Reservation, after):
        if len(rows) == limit or scanned == SCANNED_MAX:
            return rows, after
        scanned, after = scanned + 1, row.reservation_id
        if not scanned % PAUSE:
            await asyncio.sleep(0)
        if row.status is status and row.created_at >= since and chosen.fits(row):
            rows.append(row)
    return rows, None
