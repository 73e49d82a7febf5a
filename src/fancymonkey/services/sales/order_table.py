"""The numbers, ids, states and locations of all orders, in some 60 bytes each.

An order itself is read from the store when it is shown. Memory has no object for each of them: the
orders of years would need hundreds of megabytes.
"""

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from fancymonkey.core.orders.rows import OrderStatus, OrderUnits, status_of

SUMMARY_FIELDS = ("number", "order_id", "units")
"""The fields of an order that its summary needs."""
_STATUSES = tuple(OrderStatus)
_CODES = {status: code for code, status in enumerate(_STATUSES)}


@dataclass(frozen=True, slots=True)
class OrderSummary:
    """The part of an order that filters read. `locations` are those of its open units."""

    number: int
    order_id: str
    status: OrderStatus
    locations: tuple[str, ...]

    @classmethod
    def of(cls, number: int, order_id: str, units: tuple[OrderUnits, ...]) -> Self:
        """The summary of an order with these `SUMMARY_FIELDS`."""
        places = tuple(dict.fromkeys(row.location for row in units if row.open))
        return cls(number, order_id, status_of(units), places)


class OrderTable:
    """A row of columns for each order, sorted by number."""

    def __init__(self) -> None:
        self._numbers = array("q")
        self._starts = array("Q")
        """Where the id of each order begins in `_ids`, and its length (bytes) in `_lengths`."""
        self._lengths = array("H")
        self._ids = bytearray()
        self._codes = bytearray()
        self._places = array("I")
        """The locations of each order, as a position in `_sets`."""
        self._sets: list[tuple[str, ...]] = [()]
        self._positions: dict[tuple[str, ...], int] = {(): 0}
        self._counts: Counter[tuple[int, int]] = Counter()
        """The number of orders with each status and set of locations."""
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
        self, number: int | None, status: OrderStatus | None, location: str | None
    ) -> OrderSummary | None:
        """The order with the highest number below `number` (None: of all) that fits, or None.

        `status` and `location` None: any.
        """
        slot = len(self) if number is None else bisect_left(self._numbers, number)
        places = None if location is None else self._with(location)
        if not self._any(status, places):
            return None
        code = b"" if status is None else bytes((_CODES[status],))
        while True:
            slot = self._codes.rfind(code, 0, slot) if code else slot - 1
            if slot < 0:
                return None
            if places is None or self._places[slot] in places:
                return self._row(slot)

    def counts(self, within: Iterable[str] = ()) -> dict[OrderStatus, int]:
        """The number of orders of each status; within locations those with open units there."""
        by_status = dict.fromkeys(OrderStatus, 0)
        wanted = set(within)
        for (code, place), count in self._counts.items():
            if not wanted or not wanted.isdisjoint(self._sets[place]):
                by_status[_STATUSES[code]] += count
        return by_status

    def open_at(self, location: str) -> list[int]:
        """The numbers of the orders with open units at a location, ascending."""
        places = self._with(location)
        if not self._any(None, places):
            return []
        pairs = zip(self._numbers, self._places, strict=True)
        return [number for number, place in pairs if place in places]

    def _row(self, slot: int) -> OrderSummary:
        status, places = _STATUSES[self._codes[slot]], self._sets[self._places[slot]]
        return OrderSummary(self._numbers[slot], self._id(slot), status, places)

    def _id(self, slot: int) -> str:
        start = self._starts[slot]
        return self._ids[start : start + self._lengths[slot]].decode()

    def _add_id(self, order_id: str) -> None:
        text = order_id.encode()
        self._starts.append(len(self._ids))
        self._lengths.append(len(text))
        self._ids += text

    def _values(self, row: OrderSummary) -> tuple[int, int]:
        place = self._positions.get(row.locations)
        if place is None:
            place = self._positions[row.locations] = len(self._sets)
            self._sets.append(row.locations)
        return _CODES[row.status], place

    def _with(self, location: str) -> set[int]:
        """The positions of the sets with this location."""
        return {place for place, names in enumerate(self._sets) if location in names}

    def _any(self, status: OrderStatus | None, places: set[int] | None) -> bool:
        """Whether any order fits. Most searches for a rare one end here."""
        return any(
            count and status in (None, _STATUSES[code]) and (places is None or place in places)
            for (code, place), count in self._counts.items()
        )
