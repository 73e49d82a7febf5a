"""The list of orders: a compact index in memory that follows the ledger, and searches in it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from fancymonkey.core.dates import DAY_MS
from fancymonkey.core.model import Cursor, Entry, Kind, Reservation, Status, split_sku
from fancymonkey.core.orders.erase import EraseBuyer
from fancymonkey.core.orders.open import AddPastOrders
from fancymonkey.core.orders.rows import Order, OrderBuyer, OrderStatus
from fancymonkey.core.outcomes import Code, Refused
from fancymonkey.core.records import MoveCursor
from fancymonkey.engine.engine import Engine
from fancymonkey.services.sales.order_json import part_of_order
from fancymonkey.services.sales.order_table import SUMMARY_FIELDS, OrderSummary, OrderTable
from fancymonkey.text import counted

PAST = "past-orders"
"""The cursor that records that holds paid before orders were recorded have their orders."""
ACTOR = "orders"
PORTION = 200
LISTED_MAX = 100
PAGE = 1000
BEHIND_MAX = 20_000
"""After more ledger entries than this, and than there are orders, the index is built again."""
SCANNED_MAX = 2000
"""The most orders that one search reads; the next page continues from there."""


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """The orders that a caller wants; empty fields do not narrow the choice.

    With `buyers` the words are also searched in names and addresses. `within` are the locations of
    a caller who may not see the others.
    """

    status: OrderStatus | None
    location: str | None
    words: str = ""
    buyers: bool = False
    within: tuple[str, ...] = ()


class OrderIndex:
    """Finds orders by status, location and words, the newest first.

    It is built at the first use. After that it reads the orders that later ledger entries name.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._table = OrderTable()
        self._revision: int | None = None
        self._lock = asyncio.Lock()

    async def page(
        self,
        wanted: OrderFilter,
        limit: int,
        start: int | None = None,
        *,
        oldest_first: bool = False,
    ) -> tuple[list[Order], int | None]:
        """Orders from `start` on, and the `start` of the next page (None: the end).

        The newest first: those with numbers below `start`. The oldest first: with it and above.
        """
        await self.refresh()
        orders: list[Order] = []
        scanned = 0
        while True:
            choice = (wanted.status, wanted.location, wanted.within)
            if oldest_first:
                summary = self._table.from_number(start or 0, *choice)
            else:
                summary = self._table.below(start, *choice)
            if summary is None:
                return orders, None
            if len(orders) == limit or scanned == SCANNED_MAX:
                return orders, summary.number + (not oldest_first)
            scanned += 1
            start = summary.number + oldest_first
            order = await self._engine.store.find(Order, summary.order_id)
            if order is not None and await self._matches(order, wanted):
                orders.append(order)

    async def to_ship(
        self, location: str | None, within: tuple[str, ...], limit: int
    ) -> list[Order]:
        """The earliest orders with units to ship there (None: anywhere)."""
        orders: list[Order] = []
        for status in (OrderStatus.TO_SHIP, OrderStatus.PARTLY_SHIPPED):
            wanted = OrderFilter(status, location, within=within)
            page, _ = await self.page(wanted, limit, oldest_first=True)
            orders += page
        return sorted(orders, key=lambda order: order.number)[:limit]

    async def by_name(self, name: str) -> Order | None:
        """The order with this id, number (also as `#12`) or payment id, or None."""
        digits = name.removeprefix("#")
        if digits.isascii() and digits.isdigit() and len(digits) < 16:
            await self.refresh()
            id_ = self._table.id_of(int(digits))
            return None if id_ is None else await self._engine.store.find(Order, id_)
        order = await self._engine.store.find(Order, name)
        if order is None:
            hold = await self._engine.store.reservation(name)
            if hold is not None:
                order = await self._engine.store.find(Order, hold.reservation_id)
        return order

    async def counts(self, within: tuple[str, ...] = ()) -> dict[OrderStatus, int]:
        """The number of orders of each status.

        Within some locations it counts the orders that have units there, by the status of these.
        """
        await self.refresh()
        return self._table.counts(within)

    async def open_at(self, location: str) -> list[int]:
        """The numbers of the orders that have open units at a location."""
        await self.refresh()
        return self._table.open_at(location)

    async def refresh(self) -> None:
        """Takes everything into the index that the view shows by now."""
        async with self._lock:
            shown = self._engine.view.revision
            behind_max = max(BEHIND_MAX, len(self._table))
            if self._revision is None or not 0 <= shown - self._revision <= behind_max:
                await add_past_orders(self._engine)
                shown = self._engine.view.revision
                table = OrderTable()
                async for fields in self._engine.store.scan_fields(Order, SUMMARY_FIELDS):
                    table.add(OrderSummary.of(*fields))
                table.sort()
                self._table = table
            else:
                async for id_ in self._changed(self._revision):
                    changed = await self._engine.store.find(Order, id_)
                    if changed is not None:
                        fields = changed.number, changed.order_id, changed.units
                        self._table.put(OrderSummary.of(*fields))
            self._revision = shown

    async def _changed(self, revision: int) -> AsyncIterator[str]:
        seen: set[str] = set()
        while revision < self._engine.view.revision:
            entries = await self._engine.store.entries_after(revision, PAGE)
            if not entries:
                return
            for entry in entries:
                id_ = entry.reservation_id
                if id_ is not None and id_ not in seen and _may_change_order(entry):
                    seen.add(id_)
                    yield id_
            revision = entries[-1].revision

    async def _matches(self, order: Order, wanted: OrderFilter) -> bool:
        words = wanted.words.lower().split()
        if not words:
            return True
        buyer = None
        if wanted.buyers:
            buyer = await self._engine.store.find(OrderBuyer, order.order_id)
        part = part_of_order(order, wanted.within)
        text = "\n".join(_texts(part, buyer, self._name)).lower()
        return all(_is_number(word, order) or word in text for word in words)

    def _name(self, product_id: str) -> str:
        product = self._engine.view.products.get(product_id)
        return "" if product is None else product.name


def _may_change_order(entry: Entry) -> bool:
    """Whether an entry of a hold may be one of its order: one that begins or just ends has none."""
    ends = entry.reserved < 0 and entry.kind in (Kind.RELEASED, Kind.EXPIRED)
    return entry.reserved <= 0 and not ends


def _is_number(word: str, order: Order) -> bool:
    """Whether a word is the number of the order: `17` and `#17`, and not that of order 170."""
    return word.removeprefix("#") == str(order.number)


def _texts(order: Order, buyer: OrderBuyer | None, name: Callable[[str], str]) -> list[str]:
    """The texts of an order in which words are searched."""
    texts = [order.order_id, order.payment_id or "", order.intent or ""]
    for line in order.lines:
        texts += [line.sku, name(split_sku(line.sku)[0])]
    texts += [parcel.tracking_number for parcel in order.shipments]
    if buyer is not None:
        texts += [buyer.name, buyer.email, buyer.city, buyer.postal_code]
    return texts


async def orders_to_ship_at(index: OrderIndex, location: str) -> Refused | None:
    """The refusal to close a location from which orders are to be shipped, or None."""
    numbers = await index.open_at(location)
    if not numbers:
        return None
    return Refused(
        Code.LOCATION_IN_USE,
        f"{counted(len(numbers), 'order')} are to be shipped from there. Ship or move them first."
        if len(numbers) > 1
        else "An order is to be shipped from there. Ship or move it first.",
        {
            "location": location,
            "counts": {"orders": len(numbers)},
            "orders": numbers[:LISTED_MAX],
        },
    )


async def add_past_orders(engine: Engine) -> int:
    """Adds orders for holds paid before orders were recorded, once; returns how many."""
    if await engine.store.find(Cursor, PAST) is not None:
        return 0
    past = sorted(
        [
            (hold.ended_at or hold.created_at, hold.reservation_id)
            async for hold in engine.store.scan(Reservation)
            if hold.status is Status.CAPTURED
        ]
    )
    for start in range(0, len(past), PORTION):
        ids = tuple(id_ for _, id_ in past[start : start + PORTION])
        await engine.submit(AddPastOrders(holds=ids, actor=ACTOR))
    await engine.submit(MoveCursor(name=PAST, revision=engine.view.revision, actor=ACTOR))
    return len(past)


async def erase_old_buyers(engine: Engine, days: int) -> int:
    """Erases the personal data of orders that are older than this; returns how many."""
    before = engine.clock() - days * DAY_MS
    old = [
        buyer.order_id
        async for buyer in engine.store.scan(OrderBuyer)
        if buyer.erased_at is None and buyer.stored_at < before
    ]
    for id_ in old:
        await engine.submit(EraseBuyer(order_id=id_, actor="erase-buyers"))
    return len(old)
