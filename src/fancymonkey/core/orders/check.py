"""Checks orders: their units against the lines, and their allocations against the ledger."""

from collections.abc import Iterator

from fancymonkey.core.orders.rows import Order
from fancymonkey.core.orders.units import exploded, pre_built
from fancymonkey.core.plural import units

Key = tuple[str, str]


class OrderCheck:
    """The units that the ledger has allocated to each order, until they leave or are released."""

    def __init__(self) -> None:
        self._allocated: dict[str, dict[Key, int]] = {}

    def book(self, order_id: str, key: Key, change: int) -> None:
        """Takes the change of an entry."""
        units = self._allocated.setdefault(order_id, {})
        units[key] = units.get(key, 0) + change
        if not units[key]:
            del units[key]
            if not units:
                del self._allocated[order_id]

    def order(self, order: Order, revision: int) -> Iterator[str]:
        """Yields the faults of an order. It is not checked if it changed after `revision`."""
        ledger = self._allocated.pop(order.order_id, {})
        if order.revision > revision:
            return
        yield from unit_faults(order)
        ready = (
            {row.key: row.ready for row in order.units if row.ready} if order.on_shipment else {}
        )
        for key in sorted(ready.keys() | ledger.keys()):
            if ready.get(key, 0) != ledger.get(key, 0):
                yield (
                    f"{ready.get(key, 0)} of {key[0]} at {key[1]} wait to be shipped, "
                    f"{ledger.get(key, 0)} are allocated according to the ledger"
                )

    def missing(self) -> Iterator[str]:
        """Yields each order that has allocated units and no row."""
        yield from self._allocated


def unit_faults(order: Order) -> Iterator[str]:
    """Yields the faults in the numbers of an order's units."""
    sums: dict[str, int] = {}
    for row in order.units:
        sums[row.sku] = sums.get(row.sku, 0) + row.quantity
        label = f"{row.sku} at {row.location}"
        if min(row.quantity, row.shipped, row.cancelled, row.returned, row.backordered) < 0:
            yield f"{label}: a quantity is below zero"
        if row.open < row.backordered:
            yield f"{label}: more units have left or were cancelled than were ordered"
        if row.returned > row.shipped:
            yield f"{label}: {units(row.returned)} returned, but {row.shipped} shipped"
    if sums != exploded(order, order.lines, pre_built(order)):
        yield "its units are not those of its lines"
    sent: dict[Key, int] = {}
    for parcel in order.shipments:
        key = (parcel.sku, parcel.location)
        sent[key] = sent.get(key, 0) + parcel.quantity
    if order.shipments and sent != {row.key: row.shipped for row in order.units if row.shipped}:
        yield "its shipments are not its shipped units"
