"""The fingerprint of an exported row, a short text in its last cell.

It has the ledger's revision, the stock on hand, and a few bytes of a hash of every cell that may
be changed: enough to detect edits of the file, and changes here since. After a point follow fewer
bytes of the cells that an import ignores, so that an edit there can be reported. An editor of the
file may write anything there, so it is read and never trusted: it only decides which cells of the
same row count as edited.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

from fancymonkey.core.model import MAX_QUANTITY
from fancymonkey.spreadsheets.cells.cells import canonical
from fancymonkey.spreadsheets.table.columns import (
    BUNDLE,
    ITEM_FIELDS,
    LOCATION,
    PRODUCT_FIELDS,
    UNREAD,
)

SIZE = 5
UNREAD_SIZE = 3
HASHED = (*PRODUCT_FIELDS, *ITEM_FIELDS)
LENGTH = SIZE * (1 + len(HASHED))
"""Of an ordinary size; a bundle has one more hash, of its definition."""
PATTERN = re.compile(
    r"r([0-9]{1,18})s([0-9]{1,10})h([A-Za-z0-9_-]{1,200})(?:\.([A-Za-z0-9_-]{24}))?"
)


@dataclass(frozen=True, slots=True)
class RowFingerprint:
    """A row as it was exported: its revision, and the units on hand."""

    revision: int
    stock: int
    hashes: bytes
    unread: bytes = b""

    @property
    def sku_hash(self) -> bytes:
        """The hash of the SKU of the row."""
        return self.hashes[:SIZE]

    def is_of(self, sku: str, location: str = "") -> bool:
        """Whether the fingerprint belongs to this SKU, at this location or with its totals."""
        return self.sku_hash == hash_of(sku, location)

    def same_unread(self, column: str, text: str) -> bool | None:
        """Whether an ignored cell had this text; None if an older file has no hash."""
        if not self.unread:
            return None
        start = UNREAD_SIZE * list(UNREAD).index(column)
        return self.unread[start : start + UNREAD_SIZE] == _unread(column, text)

    def same(self, column: str, text: str) -> bool:
        """Whether a cell had this text when it was exported."""
        if column == BUNDLE:
            was = self.hashes[LENGTH:]
            return was == _cell(column, text) if was else not canonical(column, text)
        start = SIZE * (1 + HASHED.index(column))
        return self.hashes[start : start + SIZE] == _cell(column, text)


def hash_of(sku: str, location: str = "") -> bytes:
    """The part of fingerprints that identifies a SKU, and the location of a row with one."""
    return _hash("sku", f"{sku}\0{location}" if location else sku)


def _hash(column: str, text: str) -> bytes:
    return blake2b(f"{column}\0{text}".encode("utf-8", "replace"), digest_size=SIZE).digest()


@lru_cache(maxsize=16_384)
def _unread(column: str, text: str) -> bytes:
    return _hash(column, text.strip())[:UNREAD_SIZE]


@lru_cache(maxsize=16_384)
def _cell(column: str, text: str) -> bytes:
    """A cache, because many cells of a table are equal."""
    return _hash(column, canonical(column, text))


def mark_text(sku: str, cells: Mapping[str, str], revision: int) -> str:
    """The text for a row."""
    hashes = b"".join(
        [
            hash_of(sku, cells.get(LOCATION, "")),
            *(_cell(column, cells[column]) for column in HASHED),
            *([_cell(BUNDLE, cells[BUNDLE])] if cells.get(BUNDLE) else []),
        ]
    )
    unread = b"".join(_unread(column, cells[column]) for column in UNREAD)
    encoded = f"{_encoded(hashes)}.{_encoded(unread)}"
    return f"r{revision}s{cells['stock']}h{encoded}"


def _encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def is_mark(text: str) -> bool:
    """Whether a text has the form of a fingerprint."""
    return PATTERN.fullmatch(text.strip()) is not None


def read_mark(text: str) -> RowFingerprint:
    """The canonical text of a cell. Raises ValueError."""
    match = PATTERN.fullmatch(text.strip())
    if match is None:
        raise ValueError("it was edited")
    raw = match[3]
    try:
        hashes = urlsafe_b64decode(raw + "=" * (-len(raw) % 4))
    except ValueError:
        hashes = b""
    stock = int(match[2])
    if len(hashes) not in (LENGTH, LENGTH + SIZE) or stock > MAX_QUANTITY:
        raise ValueError("it was edited")
    return RowFingerprint(int(match[1]), stock, hashes, urlsafe_b64decode(match[4] or ""))
