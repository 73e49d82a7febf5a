"""Keeps the keys of rows in memory in order: the cost of a page depends only on its size."""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Hashable
from heapq import heapify, heappush
from itertools import islice
from typing import Any


class SortedKeys:
    """The sorted keys of one dict of rows.

    A dict has its newest keys at its end; they are added here only on a read, so writes stay cheap.
    Keys of several parts are grouped by the first part (documents by folder). Each group is a heap
    until it is read beyond its first key, and only then sorted: a large folder adds no cost to the
    reads of a small one. After keys were removed from the dict, `keep` must be called.
    """

    def __init__(self) -> None:
        self._groups: dict[Any, list[Any]] = {}
        self._names: list[Any] = []
        self._unsorted: set[Any] = set()
        self._known = 0

    def page(self, rows: Collection[Hashable], after: Hashable | None, size: int) -> list[Any]:
        """Up to `size` keys of the dict above `after`, in order; empty at the end."""
        self._learn(rows)
        page: list[Any] = []
        first = 0 if after is None else bisect_left(self._names, _group(after))
        for name in islice(self._names, first, None):
            keys = self._groups[name]
            if name in self._unsorted:
                if keys and (after is None or keys[0] > after):
                    return [*page, keys[0]]
                keys.sort()
                self._unsorted.discard(name)
            start = 0 if after is None else bisect_right(keys, after)
            page += keys[start : start + size - len(page)]
            if len(page) == size:
                break
        return page

    def keep(self, rows: Collection[Hashable]) -> None:
        """Removes the keys that are no longer in the dict."""
        for name, keys in self._groups.items():
            keys[:] = [key for key in keys if key in rows]
            if name in self._unsorted:
                heapify(keys)
        self._known = sum(map(len, self._groups.values()))

    def _learn(self, rows: Collection[Hashable]) -> None:
        """Adds the keys that are new in the dict."""
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
