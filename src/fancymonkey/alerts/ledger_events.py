"""Makes webhook events from ledger entries: numbers of sizes, holds, sales."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

from fancymonkey.alerts.events import AlertEvent, event_type
from fancymonkey.alerts.order_events import order_events
from fancymonkey.alerts.stock_thresholds import StockNow
from fancymonkey.core.locations.accounts import is_for_sale
from fancymonkey.core.model import Entry, Kind, Reservation, Status, split_sku
from fancymonkey.core.stock.status import StockRow
from fancymonkey.engine.engine import Engine
from fancymonkey.settings.event_names import EventName
from fancymonkey.text import counted

PRODUCTS_AT_ONCE = 50
"""Products whose stock is computed in one turn of the event loop, about two milliseconds."""
HEAD_START_SECONDS = 0.1
"""The live feed has this time before the sizes of several portions are looked at."""
PAUSE_SECONDS = 0.005
"""The pause between two portions."""
PAUSES_SECONDS = 1.0
"""The most that all these pauses take together."""

HOLDS = {
    Kind.RESERVED,
    Kind.EXTENDED,
    Kind.RELEASED,
    Kind.EXPIRED,
    Kind.CAPTURED,
    Kind.SOLD,
    Kind.ALLOCATED,
}
PAID = (Kind.CAPTURED, Kind.SOLD, Kind.ALLOCATED)
ABOUT_HOLDS = {
    EventName.HOLD_CREATED,
    EventName.HOLD_CHANGED,
    EventName.HOLD_ENDED,
    EventName.ORDER_CAPTURED,
}


def whole(entries: list[Entry]) -> list[Entry]:
    """The entries without an incomplete movement of a hold at the end.

    Returns all entries if nothing else is left, so that the reader always advances.
    """
    end, last = len(entries), entries[-1]
    if last.reservation_id is None:
        return entries
    while end and (entries[end - 1].reservation_id, entries[end - 1].at) == (
        last.reservation_id,
        last.at,
    ):
        end -= 1
    return entries[:end] or entries


def touched_products(engine: Engine, entries: Iterable[Entry]) -> tuple[set[str], list[str]]:
    """The SKUs that the entries concern, with the bundles of parts, and their products in order."""
    skus = engine.view.bundles.with_bundles({entry.sku for entry in entries})
    return skus, sorted({split_sku(sku)[0] for sku in skus})


def touched_rows(engine: Engine, skus: set[str], products: Iterable[str]) -> Iterator[StockRow]:
    """The current rows of the sizes of these products that are on sale and among the SKUs."""
    for row in engine.view.stocked(products):
        if row.item.sku in skus or row.item.product_id in skus:
            yield row


async def touched(engine: Engine, entries: Iterable[Entry]) -> AsyncIterator[list[StockRow]]:
    """The current rows of the sizes on sale that the entries concern, portion by portion.

    A part may be in a thousand bundles: the live feed goes first, and buyers in between.
    """
    skus, products = touched_products(engine, entries)
    portions = -(-len(products) // PRODUCTS_AT_ONCE)
    if portions > 1:
        await asyncio.sleep(HEAD_START_SECONDS)
    for start in range(0, len(products), PRODUCTS_AT_ONCE):
        if start:
            await asyncio.sleep(min(PAUSE_SECONDS, PAUSES_SECONDS / portions))
        yield list(touched_rows(engine, skus, products[start : start + PRODUCTS_AT_ONCE]))


def most_on_hand(entries: Iterable[Entry]) -> dict[str, int]:
    """The most units that each size had for sale at one time during these entries."""
    units: dict[str, dict[str, int]] = {}
    most: dict[str, int] = {}
    for entry in entries:
        if is_for_sale(entry.location):
            at = units.setdefault(entry.sku, {})
            at[entry.location] = max(0, entry.on_hand_after)
            most[entry.sku] = max(most.get(entry.sku, 0), sum(at.values()))
    return most


def stock_now(row: StockRow) -> StockNow:
    """The stock numbers that decide which event a size causes."""
    stock = row.stock
    return StockNow(stock.available, stock.unsold, row.item.low_stock_threshold)


def numbers(row: StockRow) -> dict[str, Any]:
    """A size with its numbers, as every event about stock has it."""
    stock, item = row.stock, row.item
    return {
        "productId": item.product_id,
        "size": item.size,
        "sku": item.sku,
        "skuId": item.sku_id,
        "name": row.product.name,
        "stock": stock.on_hand,
        "reserved": stock.reserved,
        "available": stock.available,
        "backordered": stock.backordered,
        "lowStockThreshold": item.low_stock_threshold,
        "soldOut": item.sold_out,
    }


async def moves(engine: Engine, entries: list[Entry], wanted: set[str]) -> list[AlertEvent]:
    """The events of these ledger entries, of the `wanted` types. Raises StoreError."""
    events: list[AlertEvent] = []
    last = entries[-1]
    if EventName.STOCK_CHANGED in wanted:
        async for rows in touched(engine, entries):
            events += [_stock_changed(row, last) for row in rows]
    if wanted & ABOUT_HOLDS:
        groups: dict[tuple[str, int, str], list[Entry]] = {}
        for entry in entries:
            if entry.reservation_id and entry.kind in HOLDS and not _of_order(entry):
                group = (entry.reservation_id, entry.at, entry.kind)
                groups.setdefault(group, []).append(entry)
        for (id_, _, _), some in groups.items():
            hold = await engine.store.find(Reservation, id_)
            if hold is not None:
                events += [event for event in _of_hold(hold, some) if event.type in wanted]
    events += [
        event async for event in order_events(engine, entries, wanted) if event.type in wanted
    ]
    return events


def _stock_changed(row: StockRow, last: Entry) -> AlertEvent:
    key = f"{row.item.sku}@{last.revision}"
    title = f"{row.product.name}, {row.item.size}: {row.stock.available} available"
    data = {**numbers(row), "revision": last.revision}
    return event_type(EventName.STOCK_CHANGED, last.at, key, title, **data)


def _of_order(entry: Entry) -> bool:
    """Whether an entry concerns an order after its payment: its hold has ended before."""
    if entry.kind is Kind.ALLOCATED:
        return entry.backordered < 0
    return entry.kind is Kind.RELEASED and not entry.reserved


def _of_hold(hold: Reservation, entries: list[Entry]) -> Iterator[AlertEvent]:
    first = entries[0]
    kind, key = first.kind, f"{hold.reservation_id}@{first.revision}"
    data: dict[str, Any] = {
        "holdId": hold.reservation_id,
        "lines": [line for line in map(_line, entries) if line["quantity"]],
    }
    if kind in PAID:
        late = not first.reserved
        order = {**data, "paymentId": hold.payment_id, "late": late}
        title = "Paid late" if late else "Paid"
        yield event_type(
            EventName.ORDER_CAPTURED, first.at, key, f"{title}: {_units(data)}", **order
        )
        if not late:
            ended = {**data, "why": "captured"}
            yield event_type(EventName.HOLD_ENDED, first.at, key, f"Paid: {_units(data)}", **ended)
        return
    given_back = kind is Kind.RELEASED and hold.status is Status.RELEASED
    if kind is Kind.EXPIRED or (given_back and first.at >= (hold.ended_at or 0)):
        ended = {**data, "why": str(kind)}
        yield event_type(
            EventName.HOLD_ENDED, first.at, key, f"Hold ended: {_units(data)}", **ended
        )
        return
    fresh = kind is Kind.RESERVED and first.at <= hold.created_at
    type_ = EventName.HOLD_CREATED if fresh else EventName.HOLD_CHANGED
    until = next((entry.until for entry in reversed(entries) if entry.until), None)
    more = {**data, "expiresAt": until or hold.expires_at}
    title = "Hold extended" if kind is Kind.EXTENDED else f"Held: {_units(data)}"
    yield event_type(type_, first.at, key, title, **more)


def _line(entry: Entry) -> dict[str, Any]:
    product_id, size = split_sku(entry.sku)
    sold = entry.kind in PAID
    units = entry.allocated - entry.on_hand + entry.backordered if sold else entry.reserved
    line = {"productId": product_id, "size": size, "sku": entry.sku, "quantity": units}
    return {**line, "backordered": entry.backordered} if sold else line


def _units(data: dict[str, Any]) -> str:
    count = sum(abs(line["quantity"]) for line in data["lines"])
    return counted(count, "unit")
