"""The numbers, ids, states and locations of all orders, in some 60 bytes each.

An order itself is read from the store when it is shown. Memory has no object for each of them: the
orders of years would need hundreds of megabytes.
"""

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import Self

from fancymonkey.core.orders.rows import OrderStatus, OrderUnits, status_of

SUMMARY_FIELDS = ("number", "order_id", "units")
"""The fields of an order that its summary needs."""
Parts = tuple[tuple[str, OrderStatus], ...]
"""The locations of an order, each with the status of the units there."""

_OPEN = frozenset({OrderStatus.TO_SHIP, OrderStatus.PARTLY_SHIPPED})
_LEFT = frozenset({OrderStatus.PARTLY_SHIPPED, OrderStatus.SHIPPED, OrderStatus.RETURNED})
_STATUSES = tuple(OrderStatus)
_CODES = {status: code for code, status in enumerate(_STATUSES)}


@dataclass(frozen=True, slots=True)
class OrderSummary:
    """The part of an order that filters read: the status of its units at each location."""

    number: int
    order_id: str
    status: OrderStatus
    parts: Parts

    @classmethod
    def of(cls, number: int, order_id: str, units: tuple[OrderUnits, ...]) -> Self:
        """The summary of an order with these `SUMMARY_FIELDS`."""
        status, places = status_of(units), {row.location for row in units}
        if len(places) == 1:
            return cls(number, order_id, status, ((units[0].location, status),))
        by_location: dict[str, list[OrderUnits]] = {}
        for row in units:
            by_location.setdefault(row.location, []).append(row)
        parts = [(place, status_of(tuple(rows))) for place, rows in by_location.items()]
        return cls(number, order_id, status, tuple(parts))

    @property
    def locations(self) -> tuple[str, ...]:
        """The locations of its open units."""
        return open_locations(self.parts)


def open_locations(parts: Parts) -> tuple[str, ...]:
    """The locations that have units to ship."""
    return tuple(place for place, status in parts if status in _OPEN)


def status_within(parts: Parts, within: Collection[str]) -> OrderStatus | None:
    """The status of the units at these locations together; None if there are none."""
    statuses = {status for place, status in parts if place in within}
    if not statuses:
        return None
    left = not statuses.isdisjoint(_LEFT)
    if not statuses.isdisjoint(_OPEN):
        return OrderStatus.PARTLY_SHIPPED if left else OrderStatus.TO_SHIP
    if not left:
        return OrderStatus.CANCELLED
    return OrderStatus.SHIPPED if OrderStatus.SHIPPED in statuses else OrderStatus.RETURNED


class OrderTable:
    """A row of columns for each order, sorted by number."""

    def __init__(self) -> None:
        self._numbers = array("q")
        self._starts = array("Q")
        """The offset of each order's id in `_ids`, and its length (bytes) in `_lengths`."""
        self._lengths = array("H")
        self._ids = bytearray()
        self._codes = bytearray()
        self._places = array("I")
        """The parts of each order, as a position in `_sets`."""
        self._sets: list[Parts] = [()]
        self._positions: dict[Parts, int] = {(): 0}
        self._counts: Counter[tuple[int, int]] = Counter()
        """The number of orders with each status and set of parts."""
        self._sorted = True

    def __len__(self) -> int:
        return len(self._numbers)

    def add(self, row: OrderSummary) -> None:
        """Adds an order that is not there yet, in any order; `sort` must follow."""
        self._sorted = self._sorted and (not self._numbers or self._numbers[-1] < row.number)
        code, place = self._values(row)
        self._numbers.append(row.number)
        self._add_id(row.order_id)
        self._codes.append(code)
        self._places.append(place)
        self._counts[code, place] += 1

    def sort(self) -> None:
        """Sorts the rows that `add` has added. Of rows with one number the last one stays."""
        if self._sorted:
            return
        numbers = self._numbers
        order = sorted(range(len(numbers)), key=numbers.__getitem__)
        pairs = zip(order, [*order[1:], -1], strict=True)
        order = [slot for slot, after in pairs if after < 0 or numbers[slot] != numbers[after]]
        self._numbers = array("q", [numbers[slot] for slot in order])
        self._starts = array("Q", [self._starts[slot] for slot in order])
        self._lengths = array("H", [self._lengths[slot] for slot in order])
        self._codes = bytearray([self._codes[slot] for slot in order])
        self._places = array("I", [self._places[slot] for slot in order])
        self._counts = Counter(zip(self._codes, self._places, strict=True))
        self._sorted = True

    def put(self, row: OrderSummary) -> None:
        """Adds an order, or replaces its status and locations."""
        slot = bisect_left(self._numbers, row.number)
        if slot == len(self._numbers):
            self.add(row)
            return
        code, place = self._values(row)
        if self._numbers[slot] == row.number:
            self._counts[self._codes[slot], self._places[slot]] -= 1
            self._codes[slot], self._places[slot] = code, place
        else:  # a lower number that comes later: rare
            self._add_id(row.order_id)
            self._starts.insert(slot, self._starts.pop())
            self._lengths.insert(slot, self._lengths.pop())
            self._numbers.insert(slot, row.number)
            self._codes.insert(slot, code)
            self._places.insert(slot, place)
        self._counts[code, place] += 1

    def id_of(self, number: int) -> str | None:
        """The id of the order with this number."""
        slot = bisect_left(self._numbers, number)
        known = slot < len(self._numbers) and self._numbers[slot] == number
        return self._id(slot) if known else None

    def below(
        self,
        number: int | None,
        status: OrderStatus | None,
        location: str | None,
        within: Collection[str] = (),
    ) -> OrderSummary | None:
        """The order with the highest number below `number` (None: of all) that fits, or None.

        `status` and `location` None: any. `within` some locations, the status is that of the units
        there, and an order without any does not fit.
        """
        slot = len(self) if number is None else bisect_left(self._numbers, number)
        places, code = self._fitting(status, location, within)
        if places is not None and not places:
            return None
        while True:
            slot = self._codes.rfind(code, 0, slot) if code else slot - 1
            if slot < 0:
                return None
            if places is None or self._places[slot] in places:
                return self._row(slot)

    def from_number(
        self,
        number: int,
        status: OrderStatus | None,
        location: str | None,
        within: Collection[str] = (),
    ) -> OrderSummary | None:
        """The order with the lowest number from this one on that fits, as in `below`, or None."""
        slot = bisect_left(self._numbers, number) - 1
        places, code = self._fitting(status, location, within)
        if places is not None and not places:
            return None
        while True:
            slot = self._codes.find(code, slot + 1) if code else slot + 1
            if slot < 0 or slot >= len(self):
                return None
            if places is None or self._places[slot] in places:
                return self._row(slot)

    def _fitting(
        self, status: OrderStatus | None, location: str | None, within: Collection[str]
    ) -> tuple[set[int] | None, bytes]:
        """The positions of the sets that fit (None: all), and the code of the status, if it counts.

        Most searches for a rare order end here: no set is left.
        """
        places = None if location is None else self._with(location)
        if within:
            seen = {
                place
                for place, parts in enumerate(self._sets)
                if (own := status_within(parts, within)) is not None and status in (None, own)
            }
            return seen if places is None else places & seen, b""
        if not self._any(status, places):
            return set(), b""
        return places, b"" if status is None else bytes((_CODES[status],))

    def counts(self, within: Collection[str] = ()) -> dict[OrderStatus, int]:
        """The number of orders by status; within locations by the status of the units there."""
        by_status = dict.fromkeys(OrderStatus, 0)
        for (code, place), count in self._counts.items():
            own = status_within(self._sets[place], within) if within else _STATUSES[code]
            if own is not None:
                by_status[own] += count
        return by_status

    def open_at(self, location: str) -> list[int]:
        """The numbers of the orders with open units at a location, ascending."""
        places = self._with(location)
        if not self._any(None, places):
            return []
        pairs = zip(self._numbers, self._places, strict=True)
        return [number for number, place in pairs if place in places]

    def _row(self, slot: int) -> OrderSummary:
        status, parts = _STATUSES[self._codes[slot]], self._sets[self._places[slot]]
        return OrderSummary(self._numbers[slot], self._id(slot), status, parts)

    def _id(self, slot: int) -> str:
        start = self._starts[slot]
        return self._ids[start : start + self._lengths[slot]].decode()

    def _add_id(self, order_id: str) -> None:
        text = order_id.encode()
        self._starts.append(len(self._ids))
        self._lengths.append(len(text))
        self._ids += text

    def _values(self, row: OrderSummary) -> tuple[int, int]:
        place = self._positions.get(row.parts)
        if place is None:
            place = self._positions[row.parts] = len(self._sets)
            self._sets.append(row.parts)
        return _CODES[row.status], place

    def _with(self, location: str) -> set[int]:
        """The positions of the sets with open units at this location."""
        sets = enumerate(self._sets)
        return {place for place, parts in sets if location in open_locations(parts)}

    def _any(self, status: OrderStatus | None, places: set[int] | None) -> bool:
        """Whether any order fits. Most searches for a rare one end here."""
        return any(
            count and status in (None, _STATUSES[code]) and (places is None or place in places)
            for (code, place), count in self._counts.items()
        )
