"""Live holds as the view counts them, and their deadlines for each size that was asked for."""

import heapq
from collections.abc import Iterable, Mapping


class HeldUnits:
    """A live hold: its deadline, and its units by SKU and location."""

    __slots__ = ("lapsed", "units", "until")

    def __init__(self, until: int | None) -> None:
        self.until = until
        self.units: dict[tuple[str, str], int] = {}
        self.lapsed = False

    def has(self, sku: str) -> bool:
        """Whether it holds units of the SKU."""
        return any(key[0] == sku for key in self.units)


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
