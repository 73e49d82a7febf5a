"""Reads the inventory CSV of Shopify as it is, in its present layout and in two older ones.

Present: a row for each variant and location, with `On hand (current)` and `On hand (new)`. A row is
applied only if `current` is still the stock here. Before that: one column `On hand`, and earlier
one column for each location; both are counts.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from fancymonkey.core.model import Item
from fancymonkey.spreadsheets.cells.cells import PARSERS
from fancymonkey.spreadsheets.cells.formula_escape import unsafe
from fancymonkey.spreadsheets.cells.spreadsheet_changes import broken, tidy
from fancymonkey.spreadsheets.imports.current_stock import CurrentStock
from fancymonkey.spreadsheets.imports.near_keys import NearKeys
from fancymonkey.spreadsheets.imports.notices import Notices
from fancymonkey.spreadsheets.imports.row_location import RowLocations
from fancymonkey.spreadsheets.table.columns import LOCATION, Record
from fancymonkey.text import counted

HANDLE, SKU, TITLE, LOCATION_NAME = "handle", "sku", "title", "location"
CURRENT, NEW, ON_HAND = "on hand (current)", "on hand (new)", "on hand"
NOT_STOCKED = "not stocked"
PARTS = ("unavailable", "committed", "available")
"""The columns that add up to the units on hand; the file marks them as not editable."""

_KNOWN = re.compile(
    r"handle|title|option[123] (?:name|value)|sku|hs code|coo|bin name|location|incoming|"
    r"unavailable|committed|available|on hand(?: \((?:current|new)\))?|variant packed .*"
)
_OPTIONS = ("option1 value", "option2 value", "option3 value")


def is_shopify(header: Iterable[str]) -> bool:
    """Whether these are the columns of an inventory CSV of Shopify."""
    names = {_name(cell) for cell in header}
    return {HANDLE, SKU, "option1 value"} <= names


def _name(cell: str) -> str:
    return tidy(cell).lower().removesuffix(" (not editable)")


def shopify_records(rows: Sequence[tuple[int, list[str]]]) -> list[Record]:
    """The lines by column, as they are in the file."""
    header = [_name(cell) for cell in rows[0][1]]
    titles = [tidy(cell) for cell in rows[0][1]]
    names = [
        name if _KNOWN.fullmatch(name) else title
        for name, title in zip(header, titles, strict=True)
    ]
    while names and not names[-1]:
        names.pop()
    records = []
    for number, cells in rows[1:]:
        padded = [*cells, *[""] * (len(names) - len(cells))]
        fault = f"it has {counted(len(cells), 'cell')}, the header has {len(names)}"
        faulty = any(cells[len(names) :])
        texts = {name: unsafe(cell) for name, cell in zip(names, padded, strict=False)}
        records.append(Record(number, texts, fault if faulty else ""))
    return records


@dataclass(slots=True)
class ShopifyTable:
    """The lines as rows of a table of ours, and the stock that each has `current`."""

    records: list[Record] = field(default_factory=list)
    base: list[Record] = field(default_factory=list)
    notices: Notices = field(default_factory=Notices)


def read_shopify(
    records: Sequence[Record], current: CurrentStock, limits: Sequence[str] = ()
) -> ShopifyTable:
    """The rows of a file of Shopify, with the sizes and locations of this shop.

    `limits` are the only locations that the caller may read and change; without any, all.
    """
    return _Reader(records, current, limits).read()


class _Reader:
    def __init__(
        self, records: Sequence[Record], current: CurrentStock, limits: Sequence[str]
    ) -> None:
        self._lines = records
        self._current = current
        self._sizes = Sizes(current)
        self._locations = RowLocations(current, limits)
        self._table = ShopifyTable()
        names = list(records[0].cells) if records else []
        self._columns = [name for name in names if name and not _KNOWN.fullmatch(name)]
        in_file = {
            tidy(line.cells[LOCATION_NAME]) for line in records if LOCATION_NAME in line.cells
        }
        self._only = self._only_location(in_file - {""} or set(self._columns))

    def _only_location(self, in_file: set[str]) -> str | None:
        """The location of a shop that has one, if the file has one as well."""
        ids = [id_ for id_, location in self._current.locations.items() if location.active]
        return ids[0] if len(ids) == 1 and len(in_file) == 1 else None

    def read(self) -> ShopifyTable:
        for line in self._lines:
            item = None if line.fault else self._sizes.find(line)
            if line.fault:
                self._table.records.append(line)
            elif not isinstance(item, Item):
                self._table.records.append(Record(line.number, {}, item or "", "SKU"))
            else:
                self._note(line, item)
                self._line(line, item)
        return self._table

    def _line(self, line: Record, item: Item) -> None:
        cells = line.cells
        if LOCATION_NAME in cells or ON_HAND in cells or NEW in cells:
            new = cells.get(NEW, cells.get(ON_HAND, ""))
            current = cells.get(CURRENT, "") if NEW in cells else ""
            self._row(line, item, cells.get(LOCATION_NAME, ""), new, current)
            return
        for column in self._columns:
            self._row(line, item, column, cells[column], "")

    def _row(self, line: Record, item: Item, location_name: str, new: str, current: str) -> None:
        """One stock at one location."""
        text, was = tidy(new), tidy(current)
        if was and text.lower() == was.lower():
            text = ""  # unchanged, as an empty cell
        location = self._only or location_name
        if self._only and tidy(location_name) != self._only:
            words = f"the location {tidy(location_name)!r} is read as {self._only!r} in {{rows}}"
            self._table.notices.add(line.number, LOCATION_NAME, "one", words)
        key = {"productId": item.product_id, "size": item.size, LOCATION: location}
        resolved = self._locations.resolved(Record(line.number, {**key, "stock": text}))
        on_hand = self._current.on_hand(item.sku, resolved.cells[LOCATION])
        fault = column = ""
        if text.lower() == NOT_STOCKED:
            if on_hand:
                fault = f"it has {counted(on_hand, 'unit')} here: write 0 instead of {text!r}"
            text, column = "", "On hand (new)"
            resolved = replace(resolved, cells={**resolved.cells, "stock": ""})
        if was.lower() == NOT_STOCKED:
            was = "0"
        if text and was:
            fault, column = _not_a_number(was), "On hand (current)"
        if fault and not resolved.fault:
            resolved = Record(line.number, {}, fault, column)
        self._table.records.append(resolved)
        if text and was and not resolved.fault:
            self._table.base.append(Record(line.number, {**resolved.cells, "stock": was}))

    def _note(self, line: Record, item: Item) -> None:
        """Reports edits of columns that are not taken in."""
        notices, cells = self._table.notices, line.cells
        name = self._current.products[item.product_id].name
        title = tidy(cells.get(TITLE, ""))
        if title and title != tidy(name):
            words = "`Title` differs from the name here in {rows} and is not imported"
            notices.add(line.number, TITLE, "differs", words)
        numbers = [_number(cells.get(column, "")) for column in (*PARTS, CURRENT)]
        if None not in numbers and sum(map(int, numbers[:3])) != numbers[3]:  # type: ignore[arg-type]
            words = (
                "`Available`, `Committed` and `Unavailable` do not add up to `On hand (current)` "
                "in {rows}; they are not imported: change `On hand (new)`"
            )
            notices.add(line.number, "available", "sum", words)


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch(r"-?[0-9]{1,10}", text.strip()) else None


def _not_a_number(text: str) -> str:
    try:
        PARSERS["stock"](text)
    except ValueError as error:
        return f"{text[:80]!r} is not {error}"
    return ""


class Sizes:
    """Finds the size of a line: by its SKU, else by handle and options."""

    def __init__(self, current: CurrentStock) -> None:
        self._current = current
        self._by_sku_id: dict[str, list[Item]] = {}
        self._by_key: dict[str, Item] = {}
        self._by_product: dict[str, list[Item]] = {}
        for item in current.items.values():
            if item.archived:
                continue
            if item.sku_id:
                self._by_sku_id.setdefault(item.sku_id, []).append(item)
            self._by_key[f"{item.product_id}-{item.size}"] = item
            self._by_key[item.sku] = item
            self._by_product.setdefault(item.product_id, []).append(item)
        self._near: NearKeys | None = None

    def find(self, line: Record) -> Item | str:
        """The size, or the text about why there is none."""
        text = tidy(line.cells.get(SKU, ""))
        if reason := broken(text):
            return reason
        for sku in dict.fromkeys((text, text.removeprefix("'"))):
            items = self._by_sku_id.get(sku, [])
            if len(items) == 1:
                return items[0]
            if items:
                return self._of_product(line.cells, items) or (
                    f"{counted(len(items), 'size')} have the skuId {sku!r}, and handle and options "
                    "name none"
                )
            if sku in self._by_key:
                return self._by_key[sku]
        handle = tidy(line.cells.get(HANDLE, ""))
        free = [item for item in self._by_product.get(handle, []) if not (text and item.sku_id)]
        return self._of_product(line.cells, free) or self._unknown(text, line.cells)

    def _of_product(self, cells: Mapping[str, str], items: Sequence[Item]) -> Item | None:
        """The one of these sizes that handle and options name."""
        handle = tidy(cells.get(HANDLE, ""))
        values = [value for name in _OPTIONS if (value := tidy(cells.get(name, "")))]
        sizes = {*values[:1], " / ".join(values), "/".join(values)}
        named = [item for item in items if item.product_id == handle]
        if values == ["Default Title"] and len(self._by_product.get(handle, [])) == 1:
            return named[0] if named else None
        fitting = [item for item in named if item.size in sizes]
        return fitting[0] if len(fitting) == 1 else None

    def _unknown(self, sku: str, cells: Mapping[str, str]) -> str:
        if not sku:
            options = " / ".join(tidy(cells.get(name, "")) for name in _OPTIONS).rstrip(" /")
            handle = tidy(cells.get(HANDLE, ""))
            return f"it has no SKU, and no size is {options[:80]!r} of {handle[:80]!r}"
        if self._near is None:
            self._near = NearKeys((*self._by_sku_id, *self._by_key))
        near = self._near.find(sku)
        likely = f", but {near!r} exists: write that" if near else ""
        return f"no size has the skuId {sku[:80]!r}, or is named so{likely}"
