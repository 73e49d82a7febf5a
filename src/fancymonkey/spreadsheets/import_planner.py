"""Plans an import: only cells edited since the export are changes."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from fancymonkey.core.catalogue.products import (
    AddItem,
    AddProduct,
    NewItem,
    RestoreProduct,
)
from fancymonkey.core.command import Command
from fancymonkey.core.execute import SkuCommands
from fancymonkey.core.model import MAX_QUANTITY, Item, Product, sku_of
from fancymonkey.core.stock.adjust import Adjust, Count
from fancymonkey.spreadsheets.cells import alike
from fancymonkey.spreadsheets.columns import (
    ITEM_FIELDS,
    PRODUCT_FIELDS,
    STOCK_ONLY,
    Record,
    item_cells,
    product_cells,
)
from fancymonkey.spreadsheets.import_plan import (
    Base,
    CellChange,
    CurrentStock,
    ImportOptions,
    ImportPlan,
    ImportRow,
    ImportStep,
    Key,
    RowFault,
    edit_of,
    key_of,
    with_actor,
)
from fancymonkey.spreadsheets.row_fingerprint import read_mark
from fancymonkey.spreadsheets.row_identity import RowIdentity
from fancymonkey.spreadsheets.unread_columns import note_unread
from fancymonkey.spreadsheets.values import AmbiguousCell, disagreements, value_of
from fancymonkey.store.products_file.extra_fields import with_image


class Planner:
    """Compares a table with the current state, and with the state at its export.

    `corrections` is the sum of counts and corrections of each SKU since the export.
    """

    def __init__(
        self,
        stand: CurrentStock,
        options: ImportOptions,
        corrections: Mapping[str, int] | None = None,
        base: Iterable[Record] | None = None,
        progress: Callable[[int], None] = lambda done: None,
    ) -> None:
        self.plan = ImportPlan(stand.revision)
        self._stand = stand
        self._wish = options
        self._at = options.location
        self._corrections = corrections or {}
        self._base = {key_of(row): Base(row.cells) for row in base or ()}
        self._progress = progress
        self._position = max((row.position for row in stand.products.values()), default=-1)
        self._places: dict[str, int] = {}
        for item in stand.items.values():
            last = self._places.get(item.product_id, -1)
            self._places[item.product_id] = max(last, item.position)

    def read(self, records: Iterable[Record]) -> ImportPlan:
        """The plan of a table."""
        groups: dict[str, list[ImportRow]] = {}
        seen: dict[Key, int] = {}
        records = list(records)
        identity = RowIdentity(self._stand, records)
        for record in records:
            self.plan.fates[record.number] = "unchanged"
            key = key_of(record)
            if record.fault:
                self._fault(record, "", record.fault)
            elif key in seen:
                self._fault(record, "size", f"this size is already in row {seen[key]}")
            elif complaint := identity.complaint(record):
                self._fault(record, *complaint)
            else:
                seen[key] = record.number
                item = self._stand.items.get(sku_of(*key))
                groups.setdefault(key[0], []).append(ImportRow(record, item))
        done = 0
        for product_id, group in groups.items():
            self._product(product_id, group)
            done += len(group)
            self._progress(done)
        self.plan.faults.sort(key=lambda fault: fault.row)
        return self.plan

    def _fault(self, record: Record, column: str, text: str, row: ImportRow | None = None) -> None:
        self.plan.faults.append(RowFault(record.number, column, text))
        self.plan.fates[record.number] = "fault"
        if row is not None:
            row.faulty = True

    def _product(self, product_id: str, group: list[ImportRow]) -> None:
        old = self._stand.products.get(product_id)
        now = {} if old is None else product_cells(old)
        for row in group:
            self._snapshot(row)
            if not row.faulty:
                self._row(row, old, now)
        self._one_voice(group)
        if old is None:
            self._whole(group)
        fine = [row for row in group if not row.faulty]
        if old is None:
            self._add(product_id, fine)
        else:
            self._change(old, fine)
        for row in fine:
            if not row.faulty:
                self.plan.changes += row.changes

    def _snapshot(self, row: ImportRow) -> None:
        """Reads the row as it was exported."""
        record = row.record
        row.base = self._base.get(key_of(record))
        text = record.cells.get("exported", "").strip()
        if not text or row.item is None:
            return
        try:
            mark = read_mark(text)
        except ValueError as error:
            self._fault(record, "exported", f"{error}: export again, or empty this cell", row)
            return
        if not mark.is_of(row.item.sku) or mark.revision > self._stand.revision:
            self._fault(record, "exported", "it belongs to another row: empty this cell", row)
            return
        row.mark = mark

    def _row(self, row: ImportRow, product: Product | None, now: Mapping[str, str]) -> None:
        """Plans the changes or the error of one line."""
        item = row.item
        if item is None:
            if not self._wish.create:
                what = "product" if product is None else "size"
                self._fault(row.record, "size", f"no such {what}", row)
            elif not self._wish.owner:
                self._fault(row.record, "size", "only an owner may add it", row)
        off = product is not None and (product.archived or (item is not None and item.archived))
        row.back = off and item is not None and self._wish.create and row.snapshot is None
        if row.back and not self._wish.owner:
            self._fault(row.record, "size", "only an owner may put it back on sale", row)
        cells = now if item is None else {**now, **item_cells(item)}
        for column in (*PRODUCT_FIELDS, *ITEM_FIELDS):
            self._cell(row, column, cells.get(column, ""))
        self._stock(row)
        note_unread(row, self._stand, self.plan.notices)
        changes = row.fields or row.shared or row.stock
        if off and changes and not row.back and not row.faulty and item is not None:
            self._fault(row.record, "", "it is off sale: put it back on sale first", row)
        if off and item is None and product is not None and not row.faulty and product.archived:
            self._fault(row.record, "", "the product is off sale: put it back on sale first", row)

    def _cell(self, row: ImportRow, column: str, now: str) -> None:
        """Records the value of an edited cell."""
        text = row.record.cells.get(column)
        snapshot, item = row.snapshot, row.item
        if text is None or text == now or row.silent(column):
            return
        if alike(column, text, now) or (snapshot is not None and snapshot.same(column, text)):
            return
        try:
            value = value_of(row, column, text, now, self.plan.notices)
        except ValueError as error:
            self._fault(row.record, column, str(error), row)
            return
        if isinstance(value, AmbiguousCell):
            return
        if snapshot is not None and not snapshot.same(column, now):
            self._fault(row.record, column, f"it has changed since the export, to {now!r}", row)
        elif not self._wish.owner and column not in STOCK_ONLY:
            self._fault(row.record, column, "only an owner may change it", row)
        elif column in PRODUCT_FIELDS:
            row.shared[column] = value
        else:
            row.fields[ITEM_FIELDS[column]] = value
            if item is not None:
                row.changes.append(row.told(column, now, text))

    def _stock(self, row: ImportRow) -> None:
        """Plans the stock: a count, or the difference since the export."""
        text = row.record.cells.get("stock")
        if text is None or row.silent("stock"):
            return
        now = self._stand.on_hand(sku_of(*key_of(row.record)))
        if row.mark is not None and text.strip() == str(row.mark.stock):
            return
        try:
            value = value_of(row, "stock", text, str(now), self.plan.notices)
        except ValueError as error:
            self._fault(row.record, "stock", str(error), row)
            return
        if isinstance(value, AmbiguousCell):
            return
        if row.item is None:
            row.on_hand = value
            return
        after = self._merged(row, value, now)
        if after is None or after == now:
            return
        elsewhere = self._stand.elsewhere.get(row.item.sku, 0)
        if after < elsewhere:
            text = f"{elsewhere} units are at other locations. Change their stock there."
            self._fault(row.record, "stock", text, row)
            return
        options, sku = self._wish, row.item.sku
        how = {name: getattr(options, name) for name in ("location", "reason", "actor", "cause")}
        if row.snapshot is None:
            row.stock = Count(sku=sku, quantity=after - elsewhere, **how)
        else:
            row.stock = Adjust(sku=sku, delta=after - now, **how)
        row.changes.append(row.told("stock", str(now), text, str(after)))

    def _merged(self, row: ImportRow, value: int, now: int) -> int | None:
        """The stock with the edit of the file and the sales since; None to leave it unchanged."""
        snapshot, item = row.snapshot, row.item
        if snapshot is None or snapshot.stock is None:
            return value
        assert item is not None
        change = value - snapshot.stock
        since = self._corrections.get(item.sku, 0) if row.mark is not None else now - snapshot.stock
        if not change or since == change:  # unchanged, or the same correction was already made
            return None
        if since:
            words = f"it has changed since the export, by {since:+}, to {now}"
            self._fault(row.record, "stock", words, row)
            return None
        if not 0 <= now + change <= MAX_QUANTITY:
            words = f"{now} left: a change of {change:+} would make {now + change}"
            self._fault(row.record, "stock", words, row)
            return None
        return now + change

    def _one_voice(self, group: list[ImportRow]) -> None:
        """All rows of a product with a value for it must have the same value."""
        for row, column, words in disagreements(group):
            self._fault(row.record, column, words, row)

    def _whole(self, group: list[ImportRow]) -> None:
        """A new product is not created without the values of a row with an error."""
        bad = [
            fault
            for fault in self.plan.faults
            if fault.column in PRODUCT_FIELDS
            and any(row.record.number == fault.row for row in group)
        ]
        for row in group if bad else ():
            if not row.faulty:
                words = f"row {bad[0].row} of the same new product has an error"
                self._fault(row.record, bad[0].column, words, row)

    def _add(self, product_id: str, rows: list[ImportRow]) -> None:
        """Adds a product with its sizes."""
        shared = {name: value for row in reversed(rows) for name, value in row.shared.items()}
        if rows and "name" not in shared:
            self._fault(rows[0].record, "name", "a new product requires a name", rows[0])
        for row in rows[1:] if rows and rows[0].faulty else ():
            self._fault(row.record, "name", "a new product requires a name", row)
        if not rows or rows[0].faulty:
            return
        self._position += 1
        fields: dict[str, Any] = {
            PRODUCT_FIELDS[name]: with_image("{}", value) if name == "image" else value
            for name, value in shared.items()
        }
        product = Product(product_id, position=self._position, **fields)
        items = tuple(self._new(row, product_id) for row in rows)
        command = AddProduct(product=product, location=self._at, items=items)
        self.plan.new_products.append(product_id)
        self._step([row.record.number for row in rows], command)
        for row in rows:
            self._made(row, "product")

    def _new(self, row: ImportRow, product_id: str) -> NewItem:
        place = self._places[product_id] = self._places.get(product_id, -1) + 1
        size = row.record.cells["size"]
        item = Item(sku_of(product_id, size), product_id, size, place, **row.fields)
        return NewItem(item, row.on_hand)

    def _made(self, row: ImportRow, what: str) -> None:
        """Records that a row creates something."""
        self.plan.new_sizes.append(key_of(row.record))
        self.plan.fates[row.record.number] = "new"
        text = row.record.cells.get("stock", "")
        after = str(self._stand.on_hand(row.item.sku) if row.item else row.on_hand)
        number, key = row.record.number, key_of(row.record)
        made = CellChange(number, *key, "stock", None, text, None, after, what)
        row.changes.insert(0, made)

    def _change(self, old: Product, rows: list[ImportRow]) -> None:
        """Changes a product, and each of its sizes."""
        back = [row for row in rows if row.back]
        if back:
            skus = tuple(row.item.sku for row in back if row.item is not None)
            command = RestoreProduct(product_id=old.product_id, location=self._at, skus=skus)
            self._step([row.record.number for row in back], command)
            if old.archived:
                self.plan.new_products.append(old.product_id)
        self._shared(old, rows)
        for row in rows:
            commands: list[Command] = []
            item = row.item
            if item is None:
                commands.append(AddItem(new=self._new(row, old.product_id), location=self._at))
            elif row.fields:
                commands.append(edit_of(item, row.fields, self._at))
            if row.stock is not None:
                commands.append(row.stock)
            if commands:
                sku = sku_of(*key_of(row.record))
                self._step([row.record.number], SkuCommands(sku=sku, commands=tuple(commands)))
                self.plan.fates[row.record.number] = "changed"
            if item is None or row.back:
                self._made(row, "size")

    def _shared(self, old: Product, rows: list[ImportRow]) -> None:
        """Changes the fields shared by all sizes; the first row with such a value carries it."""
        carriers = {name: row for row in reversed(rows) for name in row.shared}
        if not carriers:
            return
        fields: dict[str, Any] = {}
        now = product_cells(old)
        for name in (name for name in PRODUCT_FIELDS if name in carriers):
            row = carriers[name]
            value = row.shared[name]
            fields[PRODUCT_FIELDS[name]] = (
                with_image(old.extra, value) if name == "image" else value
            )
            row.changes.append(row.told(name, now[name], row.record.cells[name]))
            self.plan.fates[row.record.number] = "changed"
        numbers = sorted({row.record.number for row in carriers.values()})
        self._step(numbers, edit_of(old, fields, self._at))

    def _step(self, rows: list[int], command: Command) -> None:
        options = self._wish
        made = with_actor(command, options.actor, options.cause, options.reason)
        self.plan.steps.append(ImportStep(tuple(rows), made))
