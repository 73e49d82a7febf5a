"""Identifies the size of a row, and reports rows with an unclear key."""

from collections.abc import Iterable
from dataclasses import replace

from fancymonkey.core.keys import key_fault, normal_form, skeleton
from fancymonkey.core.model import sku_of
from fancymonkey.spreadsheets.cells.cells import plain
from fancymonkey.spreadsheets.cells.spreadsheet_changes import broken
from fancymonkey.spreadsheets.imports.current_stock import CurrentStock
from fancymonkey.spreadsheets.imports.import_plan import key_of, level_key_of
from fancymonkey.spreadsheets.imports.near_keys import NearKeys
from fancymonkey.spreadsheets.table.columns import Record
from fancymonkey.spreadsheets.table.row_fingerprint import RowFingerprint, hash_of, read_mark

Complaint = tuple[str, str]
"""A column, and why its cell cannot be imported."""


def with_known_keys(records: Iterable[Record], current: CurrentStock) -> list[Record]:
    """The same rows, with keys in the normal form if that is the stored form."""
    return [_with_known_key(record, current) for record in records]


def _with_known_key(record: Record, current: CurrentStock) -> Record:
    key = key_of(record)
    if all(text.isascii() for text in key) or sku_of(*key) in current.items:
        return record
    cells = record.cells | {"size": normal_form(key[1])}
    if key[0] not in current.products:
        cells["productId"] = normal_form(key[0])
    return replace(record, cells=cells)


class RowIdentity:
    """Checks the keys of all rows of a file."""

    def __init__(self, current: CurrentStock, records: Iterable[Record]) -> None:
        self._current = current
        level_keys = map(level_key_of, records)
        self._present = {
            hash_of(*level_key) for level_key in level_keys if level_key[0] in current.items
        }
        self._exported: dict[bytes, str] | None = None
        self._sizes: dict[str, list[str]] | None = None
        self._near_products: NearKeys | None = None
        self._near_sizes: dict[str, NearKeys] = {}
        self._new: dict[tuple[str, str], tuple[str, int]] = {}

    def complaint(self, record: Record) -> Complaint | None:
        """The error of a row's keys, or None."""
        product_id, size = key_of(record)
        if sku_of(product_id, size) in self._current.items:
            return None  # it exists, in any form
        complaints = [("productId", product_id), ("size", size)]
        for column, text in complaints:
            if reason := broken(text):
                return column, reason
            if not text.strip() or not plain(text):
                return column, "it identifies the size and must not be empty or too long"
        if "/" in product_id:
            return "productId", "a product id must not contain a slash"
        return self._nearly(product_id, size) or self._misnamed(complaints) or self._unlike(record)

    def _nearly(self, product_id: str, size: str) -> Complaint | None:
        """Whether the key is similar to an existing one."""
        if product_id not in self._current.products:
            if self._near_products is None:
                self._near_products = NearKeys(self._current.products)
            other = self._near_products.find(product_id)
            return None if other is None else ("productId", _nearly(product_id, other))
        if product_id not in self._near_sizes:
            self._near_sizes[product_id] = NearKeys(self._sizes_of(product_id))
        other = self._near_sizes[product_id].find(size)
        return None if other is None else ("size", _nearly(size, other))

    def _sizes_of(self, product_id: str) -> list[str]:
        if self._sizes is None:
            self._sizes = {}
            for item in self._current.items.values():
                self._sizes.setdefault(item.product_id, []).append(item.size)
        return self._sizes.get(product_id, [])

    def _misnamed(self, complaints: list[Complaint]) -> Complaint | None:
        """Whether a new key is not a valid one."""
        for column, text in complaints:
            if column == "productId" and text in self._current.products:
                continue
            if fault := key_fault(text):
                return column, f"{text!r} is not a valid key. {fault}"
            if text.startswith(("=", "'=")):
                return column, f"{text!r} is a formula, not a key"
        return None

    def _unlike(self, record: Record) -> Complaint | None:
        """Whether a new row is an exported row with a changed key, or a duplicate of another."""
        product_id, size = key_of(record)
        known = product_id in self._current.products
        text = record.cells.get("exported", "").strip()
        if text:
            try:
                mark = read_mark(text)
            except ValueError as error:
                return "exported", f"{error}: export again, or empty this cell"
            if not mark.is_of(*level_key_of(record)) and mark.sku_hash not in self._present:
                return "size", (
                    f"no such {'size' if known else 'product'}, and this row was exported "
                    f"as {self._name(mark)}, which is missing in the file: restore it, or "
                    "empty `exported` for a new row"
                )
        for column, inside, key in (("productId", "", product_id), ("size", product_id, size)):
            if column == "productId" and known:
                continue
            other, row = self._new.setdefault((inside, skeleton(key)), (key, record.number))
            if other != key:
                return column, f"{key!r} looks like {other!r} in row {row}: use the same spelling"
        return None

    def _name(self, mark: RowFingerprint) -> str:
        """The SKU of the exported row, in words."""
        if self._exported is None:
            self._exported = {
                hash_of(sku, location): sku
                for location in ("", *self._current.locations)
                for sku in self._current.items
            }
        sku = self._exported.get(mark.sku_hash)
        if sku is None:
            return "a size that no longer exists"
        item = self._current.items[sku]
        return f"{item.product_id!r} {item.size!r}"


def _nearly(text: str, other: str) -> str:
    return (
        f"{text!r} does not exist, but {other!r} does (spreadsheets change "
        f"dates, zeros and spaces by themselves): write {other!r}"
    )
