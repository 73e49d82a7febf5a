"""The pick list and the packing slips of orders, from their JSON: here and for a remote command."""

from collections.abc import Iterable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from fancymonkey.pdf.papers import PickList, PickRow, Slip, SlipRow
from fancymonkey.text import counted, joined
from fancymonkey.timestamps import in_ms, local_day

PAPER_ORDERS_MAX = 200
"""The most orders in one file."""

OrderJson = dict[str, Any]


def ready(units: OrderJson) -> int:
    """The units of an allocation that are there and have not left."""
    count: int = units["open"] - units["backordered"]
    return count


def pick_lists(orders: Iterable[OrderJson], location: str | None) -> list[PickList]:
    """One pick list for each location, with the units of all orders together, by SKU."""
    rows: dict[str, dict[str, tuple[OrderJson, dict[int, int]]]] = {}
    names: dict[str, str] = {}
    for order in orders:
        names |= {place["id"]: place["name"] for place in order["locations"]}
        for units in order["allocations"]:
            if ready(units) > 0 and location in (None, units["location"]):
                of_location = rows.setdefault(units["location"], {})
                _, numbers = of_location.setdefault(sku_of(units), (units, {}))
                number = order["number"]
                numbers[number] = numbers.get(number, 0) + ready(units)
    return [
        PickList(_list_title(names.get(place, place), of_location.values()), _rows(of_location))
        for place, of_location in sorted(rows.items())
    ]


def _list_title(name: str, rows: Iterable[tuple[OrderJson, dict[int, int]]]) -> str:
    units = sum(sum(numbers.values()) for _, numbers in rows)
    return f"Pick list, {name}: {counted(units, 'unit')}"


def _rows(
    of_location: dict[str, tuple[OrderJson, dict[int, int]]],
) -> tuple[PickRow, ...]:
    return tuple(
        PickRow(
            sum(numbers.values()),
            product_of(units),
            sku,
            ", ".join(
                f"#{number}" if count == 1 else f"#{number}\u00a0×\u00a0{count}"
                for number, count in sorted(numbers.items())
            ),
        )
        for sku, (units, numbers) in sorted(of_location.items())
    )


def packing_slips(orders: Iterable[OrderJson], zone: ZoneInfo, location: str | None) -> list[Slip]:
    """The slips of parcels: for each order, one for each location that has units to ship.

    An order without any such unit has a slip for each of its shipments.
    """
    slips: list[Slip] = []
    for order in orders:
        to_ship = _to_ship(order)
        for place, rows in sorted(to_ship.items()):
            if location in (None, place):
                slips.append(_slip(order, place, rows, zone, _rest(order, place)))
        if not to_ship:
            for shipment in order["shipments"]:
                if location in (None, shipment["location"]):
                    lines = [(line, line["quantity"]) for line in shipment["lines"]]
                    slips.append(_slip(order, shipment["location"], lines, zone, ()))
    return slips


def _to_ship(order: OrderJson) -> dict[str, list[tuple[OrderJson, int]]]:
    """The units that are ready to leave, by location."""
    by_location: dict[str, list[tuple[OrderJson, int]]] = {}
    for units in order["allocations"]:
        if ready(units) > 0:
            by_location.setdefault(units["location"], []).append((units, ready(units)))
    return by_location


def _slip(
    order: OrderJson,
    location: str,
    lines: Sequence[tuple[OrderJson, int]],
    zone: ZoneInfo,
    remarks: tuple[str, ...],
) -> Slip:
    return Slip(
        number=order["number"],
        ordered_on=local_day(in_ms(order["orderedAt"]), zone).isoformat(),
        sender=_sender(order, location),
        recipient=_recipient(order["buyer"]),
        rows=tuple(
            SlipRow(count, product_of(line), sku_of(line), _bundle_note(order, line))
            for line, count in lines
        ),
        remarks=remarks,
    )


def _rest(order: OrderJson, location: str) -> tuple[str, ...]:
    """Remarks on the units of the order that are not in this parcel."""
    others = sum(ready(units) for units in order["allocations"] if units["location"] != location)
    waiting = sum(units["backordered"] for units in order["allocations"])
    shipped = sum(units["shipped"] for units in order["allocations"])
    remarks = []
    if shipped:
        remarks.append(f"Shipped before: {counted(shipped, 'unit')}.")
    if others:
        remarks.append(f"In another parcel: {counted(others, 'unit')}.")
    if waiting:
        remarks.append(f"Shipped later: {counted(waiting, 'unit')}.")
    return tuple(remarks)


def _sender(order: OrderJson, location: str) -> tuple[str, ...]:
    for place in order["locations"]:
        if place["id"] == location:
            town = f"{place['postalCode']} {place['country']}".strip()
            return tuple(filter(None, (place["name"], place["address"], town)))
    return ()


def _recipient(buyer: OrderJson | None) -> tuple[str, ...]:
    if buyer is None:
        return ()
    town = f"{buyer['postalCode']} {buyer['city']}".strip()
    lines = (buyer["name"], buyer["line1"], buyer["line2"], town, buyer["state"], buyer["country"])
    return tuple(filter(None, lines))


def _bundle_note(order: OrderJson, line: OrderJson) -> str:
    """The bundles of the order that a SKU is a part of, in words."""
    names = {sku_of(row): product_of(row) for row in order["lines"]}
    bundles = [
        names.get(part["bundle"], part["bundle"])
        for part in order["parts"]
        if sku_of(part) == sku_of(line)
    ]
    return f"part of {joined(dict.fromkeys(bundles))}" if bundles else ""


def sku_of(row: OrderJson) -> str:
    """The SKU of a row of an order."""
    return f"{row['productId']}/{row['size']}"


def product_of(row: OrderJson) -> str:
    """The name of the product, and the size."""
    return f"{row['name'] or row['productId']}, {row['size']}"


def as_pdf(papers: Sequence[PickList] | Sequence[Slip], paper: str) -> tuple[bytes, int]:
    """The papers as a PDF file, and how many characters a mark replaces in it.

    It takes milliseconds a page: call it in a thread.
    """
    from fancymonkey.pdf.files import packing_slips_pdf, pick_list_pdf

    lists = [row for row in papers if isinstance(row, PickList)]
    if lists:
        return pick_list_pdf(lists, paper)
    return packing_slips_pdf([row for row in papers if isinstance(row, Slip)], paper)
