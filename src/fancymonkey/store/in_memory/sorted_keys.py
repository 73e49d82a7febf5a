"""The keys of rows in memory, in their order: a page costs what it gives."""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Hashable
from heapq import heapify, heappush
from itertools import islice
from typing import Any


class SortedKeys:
    """The order of one dict of rows.

    A dict has its newest keys at its end: they are found there when somebody reads, and who writes
    has nothing to do for it. Keys of several parts lie in groups by their first part (documents by
    folder). A group is a heap, so that its first key is at hand for who comes to its border, and
    is sorted for who goes on: a large folder costs nothing beside a small one that is read.
    Keys that are taken out of the dict have to be told.
    """

    def __init__(self) -> None:
        self._groups: dict[Any, list[Any]] = {}
        self._names: list[Any] = []
        self._unsorted: set[Any] = set()
        self._known = 0

    def page(self, rows: Collection[Hashable], after: Hashable | None, size: int) -> list[Any]:
        """Up to `size` keys of the dict above `after`, in their order; none where it ends."""
        self._learn(rows)
        found: list[Any] = []
        first = 0 if after is None else bisect_left(self._names, _group(after))
        for name in islice(self._names, first, None):
            keys = self._groups[name]
            if name in self._unsorted:
                if keys and (after is None or keys[0] > after):
                    return [*found, keys[0]]
                keys.sort()
                self._unsorted.discard(name)
            start = 0 if after is None else bisect_right(keys, after)
            found += keys[start : start + size - len(found)]
            if len(found) == size:
                break
        return found

    def keep(self, rows: Collection[Hashable]) -> None:
        """Forgets the keys that are not in the dict any more."""
        for name, keys in self._groups.items():
            keys[:] = [key for key in keys if key in rows]
            if name in self._unsorted:
                heapify(keys)
        self._known = sum(map(len, self._groups.values()))

    def _learn(self, rows: Collection[Hashable]) -> None:
        """Takes the keys that have come since."""
        new = len(rows) - self._known
        if not new:
            return
        latest = list(islice(reversed(rows), new))  # type: ignore[call-overload]
        for key in reversed(latest):
            name = _group(key)
            keys = self._groups.setdefault(name, [])
            if keys and key < keys[-1]:
                self._unsorted.add(name)
            heappush(keys, key)
        self._known += new
        if len(self._names) < len(self._groups):
            self._names = sorted(self._groups)


def _group(key: Hashable) -> Hashable:
    return key[0] if isinstance(key, tuple) else ""
