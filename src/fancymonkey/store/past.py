"""Versions of products.json that an editor may still have open.

Whoever saves one that is older than the file has edited that version, not the latest: what was
sold since is no edit. Each product's `lastUpdated` tells which version it is from.
"""

import asyncio
import zlib
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from fancymonkey.core.model import Entry, split_sku
from fancymonkey.store.edits import ACTOR, Products
from fancymonkey.store.products_file import Described
from fancymonkey.store.versions import Version

KEPT_BYTES = 16 * 1024 * 1024
"""Of all versions, compressed: thousands of a small shop's."""

READ_BYTES = 16 * 1024 * 1024
"""So much is read again for one edit, the latest first."""

Since = Callable[[int], Awaitable[list[Entry]]]
"""All entries after a revision."""


class Past:
    """What we wrote lately. `read` makes products of a version."""

    def __init__(self, read: Callable[[bytes], Products]) -> None:
        self._read = read
        self._kept: deque[tuple[int, bytes]] = deque()
        self._bytes = 0

    def keep(self, version: Version) -> None:
        """A version has been written. One that is too long to be read again is not kept."""
        if len(version.content) > READ_BYTES:
            return
        packed = zlib.compress(version.content, 1)
        self._kept.append((version.revision, packed))
        self._bytes += len(packed)
        while self._bytes > KEPT_BYTES:
            self._bytes -= len(self._kept.popleft()[1])

    async def older(self, file: Products, written: Sequence[Products], since: Since) -> Products:
        """What products of an edited file are an edit of, where that is an older version.

        Only where somebody else has changed the product since: who takes back an edit of their own
        by saving the file as it was means it.
        """
        bases = await asyncio.to_thread(self._bases, file, written[-1]) if written else {}
        if not bases:
            return {}
        changed: dict[str, int] = {}
        for entry in await since(min(revision for revision, _ in bases.values())):
            if entry.actor != ACTOR:
                changed[split_sku(entry.sku)[0]] = entry.revision
        return {id_: base for id_, (at, base) in bases.items() if changed.get(id_, 0) > at}

    def _bases(self, file: Products, latest: Products) -> dict[str, tuple[int, Described]]:
        """The products of a file that are from an older version: its revision, and what it said."""
        wanted = {
            id_: described.product.updated_at
            for id_, described in file.items()
            if id_ in latest and 0 < described.product.updated_at < latest[id_].product.updated_at
        }
        found: dict[str, tuple[int, Described]] = {}
        left = READ_BYTES
        for revision, packed in reversed(list(self._kept)):
            content = zlib.decompress(packed) if wanted else b""
            left -= len(content)
            if not content or left < 0:
                break
            said = self._read(content)
            for id_, at in list(wanted.items()):
                if id_ in said and said[id_].product.updated_at == at:
                    found[id_] = (revision, said[id_])
                    del wanted[id_]
        return found
