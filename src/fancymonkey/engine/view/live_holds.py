"""Live holds as the view counts them, and their deadlines for each size that was asked for."""

import heapq
from collections.abc import Iterable, Mapping

from msgspec import Struct


class HeldUnits(Struct, gc=False):
    """A live hold: its deadline, and its units by SKU and location.

    Nearly all holds have one line, and there may be hundreds of thousands: the first line needs no
    dict, and the garbage collector visits none of them, because none is part of a cycle.
    """

    until: int | None
    _sku: str = ""
    _location: str = ""
    _units: int = 0
    _more: dict[tuple[str, str], int] | None = None
    """The lines after the first."""
    lapsed: bool = False

    @property
    def units(self) -> dict[tuple[str, str], int]:
        """The units by SKU and location."""
        first = {(self._sku, self._location): self._units} if self._units else {}
        return first | self._more if self._more else first

    def has(self, sku: str) -> bool:
        """Whether it holds units of the SKU."""
        return self._sku == sku or any(key[0] == sku for key in self._more or ())

    def has_line(self, key: tuple[str, str]) -> bool:
        """Whether it holds units of the SKU at the location."""
        return key == (self._sku, self._location) or key in (self._more or ())

    def add(self, key: tuple[str, str], units: int) -> bool:
        """Adds units, or takes away with a negative number; returns whether any are left."""
        if not self._units:
            (self._sku, self._location), self._units = key, units
        elif key == (self._sku, self._location):
            self._units += units
        else:
            more = self._more = self._more or {}
            more[key] = more.get(key, 0) + units
            if not more[key]:
                del more[key]
        if not self._units:
            line = self._more.popitem() if self._more else (("", ""), 0)
            (self._sku, self._location), self._units = line
        return self._units != 0


class HoldEnd(Struct, gc=False, order=True):
    """The deadline (ms) of a hold. The garbage collector visits none, unlike tuples."""

    until: int
    id: str


class HoldEnds:
    """Heaps of holds by deadline, one for each size that `first` was called with."""

    def __init__(self) -> None:
        self.heaps: dict[str, list[tuple[int, str]]] = {}

    def __len__(self) -> int:
        """The number of deadlines in the heaps, also of holds that have ended."""
        return sum(map(len, self.heaps.values()))

    def clear(self) -> None:
        """Forgets all sizes."""
        self.heaps.clear()

    def first(self, sku: str, holds: Mapping[str, HeldUnits]) -> int | None:
        """The time (ms) at which the first of these live holds with units of the size ends, or
        None.
        """
        heap = self.heaps.get(sku)
        if heap is None:
            heap = self.heaps[sku] = [
                (hold.until, id_)
                for id_, hold in holds.items()
                if hold.until is not None and hold.has(sku)
            ]
            heapq.heapify(heap)
        while heap:
            until, id_ = heap[0]
            hold = holds.get(id_)
            if hold and hold.until == until and hold.has(sku) and not hold.lapsed:
                return until
            heapq.heappop(heap)
        return None

    def push(self, skus: Iterable[str], until: int, id_: str, live: int) -> None:
        """Adds a deadline of a hold with units of these sizes; there are `live` holds."""
        for sku in skus:
            heap = self.heaps.get(sku)
            if heap is None:
                continue
            if len(heap) > 2 * live + 100:  # most have ended since the last `first`
                del self.heaps[sku]
            else:
                heapq.heappush(heap, (until, id_))
