"""What importing a table would change, as commands: only cells that differ are a change."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from fancymonkey.commands.cells import PARSERS, alike, plain
from fancymonkey.core.adjust import Count
from fancymonkey.core.catalogue import NewItem, UpsertProduct
from fancymonkey.core.command import Command
from fancymonkey.core.model import Item, Level, Product, sku_of
from fancymonkey.engine.sheet import Record, item_cells, product_cells
from fancymonkey.store.base import Snapshot

PRODUCT_FIELDS = {
    "name": "name",
    "category": "category",
    "price": "price",
    "restockDate": "restock_date",
}
ITEM_FIELDS = {
    "skuId": "sku_id",
    "priceId": "price_id",
    "lowStockThreshold": "low_stock_threshold",
    "soldOut": "sold_out",
}
Key = tuple[str, str]
Cells = dict[str, str]


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a cell cannot be taken in."""

    row: int
    column: str
    text: str


@dataclass(frozen=True, slots=True)
class CellChange:
    """A cell that is to change."""

    product_id: str
    size: str
    column: str
    before: str
    after: str


@dataclass(slots=True)
class Plan:
    """Everything an import would do: commands with the row each comes from, in words beside."""

    commands: list[tuple[int, Command]] = field(default_factory=list)
    new_products: list[str] = field(default_factory=list)
    new_sizes: list[Key] = field(default_factory=list)
    changes: list[CellChange] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    unchanged: int = 0


class Planner:
    """Compares a table with the shop, or with the table as it was exported (`base`)."""

    def __init__(self, snapshot: Snapshot, base: Iterable[Record] | None, cause: str) -> None:
        self.plan = Plan()
        self._cause = cause
        self._products = {row.product_id: row for row in snapshot.products}
        self._levels = {row.sku: row for row in snapshot.levels if row.location == "main"}
        self._items: dict[str, dict[str, Item]] = {}
        for item in snapshot.items:
            self._items.setdefault(item.product_id, {})[item.size] = item
        self._base = None if base is None else {_key(record): record.cells for record in base}
        self._position = max((row.position for row in snapshot.products), default=-1)

    def read(self, records: Iterable[Record]) -> Plan:
        """The plan for a table."""
        groups: dict[str, list[Record]] = {}
        seen: dict[Key, int] = {}
        for record in records:
            key = _key(record)
            if key in seen:
                self._fault(record, "size", f"this size is in row {seen[key]} already")
            elif self._named(record):
                seen[key] = record.number
                groups.setdefault(key[0], []).append(record)
        for product_id, group in groups.items():
            self._product(product_id, group)
        return self.plan

    def _fault(self, record: Record, column: str, text: str) -> None:
        self.plan.problems.append(Problem(record.number, column, text))

    def _named(self, record: Record) -> bool:
        product_id, size = _key(record)
        found = [("productId", product_id), ("size", size)]
        bad = [column for column, text in found if not text.strip() or not plain(text)]
        if bad:
            self._fault(record, bad[0], "it names the size and cannot be empty or so long")
        elif "/" in product_id:
            self._fault(record, "productId", "a product's id has no slash")
        return not bad and "/" not in product_id

    def _product(self, product_id: str, group: list[Record]) -> None:
        old = self._products.get(product_id)
        product = old or Product(product_id, "", position=self._position + 1)
        if old is None:
            self._position += 1
        changes_before = len(self.plan.changes)
        changed = self._shared(product, group)
        if old is None and not changed.get("name"):
            self._fault(group[0], "name", "a new product needs a name")
        if old is None or old.archived:
            self.plan.new_products.append(product_id)
        items, counts = self._sizes(product_id, group)
        known = self._items.get(product_id, {})
        on_sale = {item.sku: NewItem(item) for item in known.values() if not item.archived}
        after = replace(product, archived=False, **changed)
        if after != old or items:
            words = "; ".join(_words(one) for one in self.plan.changes[changes_before:])
            upsert = UpsertProduct(
                product=after,
                items=tuple({**on_sale, **items}.values()),
                before=tuple(on_sale),
                actor="import",
                cause=self._cause,
                reason=words[:500],
            )
            self.plan.commands.append((group[0].number, upsert))
        self.plan.commands += counts

    def _shared(self, product: Product, group: list[Record]) -> dict[str, Any]:
        """What is to change of the fields that all sizes of a product share."""
        found: dict[str, Any] = {}
        current = product_cells(product)
        for column, name in PRODUCT_FIELDS.items():
            record = self._one_voice(column, group)
            if record is None:
                continue
            value = self._changed(record, column, current[column])
            if value is not _SAME:
                found[name] = value
                if product.product_id in self._products:
                    self._tell(record, column, current[column])
        return found

    def _one_voice(self, column: str, group: list[Record]) -> Record | None:
        """A row that says what all rows of a product say. Where two differ it is a problem.

        A row that says what `base` says, or has no name, says nothing.
        """
        speaks = [
            record
            for record in group
            if column in record.cells
            and (record.cells[column] or column != "name")
            and not self._as_exported(record, column)
        ]
        for record in speaks[1:]:
            if not alike(column, record.cells[column], speaks[0].cells[column]):
                other = f"row {speaks[0].number} has {speaks[0].cells[column]!r}"
                self._fault(record, column, f"a product has one {column}, and {other}")
                return None
        return speaks[0] if speaks else None

    def _as_exported(self, record: Record, column: str) -> bool:
        base = None if self._base is None else self._base.get(_key(record), {}).get(column)
        return base is not None and alike(column, record.cells[column], base)

    def _sizes(
        self, product_id: str, group: list[Record]
    ) -> tuple[dict[str, NewItem], list[tuple[int, Command]]]:
        """Items that are new or change, by SKU, and the counts of those that are there."""
        known = self._items.get(product_id, {})
        position = max((item.position for item in known.values()), default=-1)
        items: dict[str, NewItem] = {}
        counts: list[tuple[int, Command]] = []
        for record in group:
            size = record.cells["size"]
            old, sku = known.get(size), sku_of(product_id, size)
            before = (len(self.plan.changes), len(self.plan.problems))
            if old is None:
                position += 1
            item = self._item(record, old or Item(sku, product_id, size, position))
            stock = self._stock(record, sku, old)
            if old is None or old.archived:
                self.plan.new_sizes.append((product_id, size))
            if old is None:
                items[sku] = NewItem(item, stock or 0)
            elif item != old:
                items[sku] = NewItem(item)
            if old is not None and stock is not None:
                counts.append((record.number, self._count(record, sku, stock)))
            elif old == item and before == (len(self.plan.changes), len(self.plan.problems)):
                self.plan.unchanged += 1
        return items, counts

    def _item(self, record: Record, item: Item) -> Item:
        current = item_cells(item)
        found = {
            name: value
            for column, name in ITEM_FIELDS.items()
            if (value := self._changed(record, column, current[column])) is not _SAME
        }
        for column, name in ITEM_FIELDS.items():
            if name in found and item.size in self._items.get(item.product_id, {}):
                self._tell(record, column, current[column])
        return replace(item, archived=False, **found)

    def _stock(self, record: Record, sku: str, old: Item | None) -> int | None:
        level = self._levels.get(sku, Level(sku))
        value = self._changed(record, "stock", "" if old is None else str(level.on_hand))
        if value is _SAME:
            return None
        if old is not None:
            self._tell(record, "stock", str(level.on_hand))
        number: int = value
        return number

    def _count(self, record: Record, sku: str, stock: int) -> Count:
        expected = self._levels.get(sku, Level(sku)).on_hand
        base = (self._base or {}).get(_key(record), {}).get("stock", "")
        if base.isascii() and base.isdigit():
            expected = int(base)
        return Count(sku=sku, quantity=stock, expected=expected, actor="import", cause=self._cause)

    def _changed(self, record: Record, column: str, current: str) -> Any:
        """The value of a cell that is to change, or `_SAME`."""
        text = record.cells.get(column)
        if text is None or alike(column, text, current) or self._as_exported(record, column):
            return _SAME
        try:
            return PARSERS[column](text)
        except ValueError as error:
            self._fault(record, column, f"{text[:80]!r} is not {error}")
            return _SAME

    def _tell(self, record: Record, column: str, before: str) -> None:
        change = CellChange(*_key(record), column, before, record.cells[column])
        self.plan.changes.append(change)


_SAME = object()


def _key(record: Record) -> Key:
    return record.cells["productId"], record.cells["size"]


def _words(change: CellChange) -> str:
    return (
        f"{change.size} {change.column} {change.before or 'nothing'} → {change.after or 'nothing'}"
    )
