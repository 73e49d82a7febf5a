"""Plans an import: only cells edited since the export are changes."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from fancymonkey.core.bundles.define import SetBundle
from fancymonkey.core.catalogue.products import AddItem, AddProduct, NewItem, RestoreProduct
from fancymonkey.core.command import Command
from fancymonkey.core.execute import SkuCommands
from fancymonkey.core.model import Item, Product, sku_of
from fancymonkey.spreadsheets.cells.cells import alike
from fancymonkey.spreadsheets.imports.bundle_cells import BundleCells
from fancymonkey.spreadsheets.imports.current_stock import CurrentStock
from fancymonkey.spreadsheets.imports.import_plan import (
    UNEDITED,
    Base,
    ImportOptions,
    ImportPlan,
    ImportRow,
    ImportStep,
    LevelKey,
    RowFault,
    edit_of,
    key_of,
    level_key_of,
    rows_by_sku,
    with_actor,
)
from fancymonkey.spreadsheets.imports.row_identity import RowIdentity
from fancymonkey.spreadsheets.imports.row_location import DoubleCounts, RowLocations
from fancymonkey.spreadsheets.imports.stock_cells import CellFault, StockCells, units_elsewhere
from fancymonkey.spreadsheets.imports.unread_columns import note_unread
from fancymonkey.spreadsheets.imports.values import AmbiguousCell, disagreements, value_of
from fancymonkey.spreadsheets.table.columns import (
    BUNDLE,
    ITEM_FIELDS,
    PRODUCT_FIELDS,
    Record,
    item_cells,
    product_cells,
)
from fancymonkey.spreadsheets.table.row_fingerprint import read_mark
from fancymonkey.store.products_file.fields.extra_fields import with_image


class Planner:
    """Compares a table with the current state, and with the state at its export.

    `corrections` is the sum of counts and corrections of each SKU and location since the export.
    """

    def __init__(
        self,
        current: CurrentStock,
        options: ImportOptions,
        corrections: Mapping[LevelKey, int] | None = None,
        base: Iterable[Record] | None = None,
        progress: Callable[[int], None] = lambda done: None,
    ) -> None:
        self.plan = ImportPlan(current.revision)
        self._current = current
        self._options = options
        self._at = options.location
        self._stock = StockCells(current, options, corrections or {}, self.plan.notices)
        self._bundles = BundleCells(current, options, self.plan.notices)
        self._base = {level_key_of(row): Base(row.cells) for row in base or ()}
        self._late: list[tuple[ImportRow, SetBundle]] = []
        self._added: list[Item] = []
        self._progress = progress
        self._position = max((row.position for row in current.products.values()), default=-1)
        self._last_positions: dict[str, int] = {}
        for item in current.items.values():
            last = self._last_positions.get(item.product_id, -1)
            self._last_positions[item.product_id] = max(last, item.position)

    def read(self, records: Iterable[Record]) -> ImportPlan:
        """The plan of a table."""
        groups: dict[str, list[ImportRow]] = {}
        seen: dict[LevelKey, int] = {}
        locations = RowLocations(self._current, self._options.locations)
        records = [locations.resolved(record) for record in records]
        identity, doubles = RowIdentity(self._current, records), DoubleCounts()
        for record in records:
            self.plan.fates.setdefault(record.number, "unchanged")
            level_key = level_key_of(record)
            if record.fault:
                self._fault(record, record.fault_column, record.fault, code=record.fault_code)
            elif level_key in seen:
                where = f" at {level_key[1]}" if level_key[1] else ""
                self._fault(record, "size", f"this size{where} is already in row {seen[level_key]}")
            elif complaint := identity.complaint(record) or doubles.complaint(record):
                self._fault(record, *complaint)
            else:
                seen[level_key] = record.number
                row = ImportRow(record, self._current.items.get(level_key[0]), level_key[1])
                groups.setdefault(key_of(record)[0], []).append(row)
        done = 0
        for product_id, group in groups.items():
            self._product(product_id, group)
            done += len(group)
            self._progress(done)
        self._set_bundles()
        self.plan.leave_out_faults()
        self.plan.faults.sort(key=lambda fault: fault.row)
        return self.plan

    def _fault(
        self, record: Record, column: str, text: str, row: ImportRow | None = None, code: str = ""
    ) -> None:
        self.plan.faults.append(RowFault(record.number, column, text, code))
        self.plan.fates[record.number] = "fault"
        if row is not None:
            row.faulty = True

    def _product(self, product_id: str, group: list[ImportRow]) -> None:
        old = self._current.products.get(product_id)
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
        row.base = self._base.get(level_key_of(record))
        text = record.cells.get("exported", "").strip()
        if not text or row.item is None:
            return
        try:
            mark = read_mark(text)
        except ValueError as error:
            self._fault(record, "exported", f"{error}: export again, or empty this cell", row)
            return
        if not mark.is_of(row.item.sku, row.location) or mark.revision > self._current.revision:
            words = "it belongs to another row: empty this cell"
            if mark.is_of(row.item.sku) and mark.revision <= self._current.revision:
                words = "it was exported with the totals of all locations: empty this cell"
            self._fault(record, "exported", words, row)
            return
        row.mark = mark

    def _row(self, row: ImportRow, product: Product | None, now: Mapping[str, str]) -> None:
        """Plans the changes or the error of one line."""
        item = row.item
        if item is None:
            if not self._options.create:
                subject = "product" if product is None else "size"
                self._fault(row.record, "size", f"no such {subject}", row)
            elif not self._options.owner:
                self._fault(row.record, "size", "only an owner may add it", row)
        off = product is not None and (product.archived or (item is not None and item.archived))
        row.back = off and item is not None and self._options.create and row.snapshot is None
        if row.back and not self._options.owner:
            self._fault(row.record, "size", "only an owner may put it back on sale", row)
        cells = now if item is None else {**now, **item_cells(item)}
        for column in (*PRODUCT_FIELDS, *ITEM_FIELDS):
            self._cell(row, column, cells.get(column, ""))
        self._edited(row, BUNDLE, self._bundles.read)
        self._edited(row, "stock", self._stock.plan)
        note_unread(row, self._current, self.plan.notices)
        changes = row.fields or row.shared or row.stock or row.bundle is not UNEDITED
        if off and changes and not row.back and not row.faulty and item is not None:
            self._fault(row.record, "", "it is off sale: put it back on sale first", row)
        if off and item is None and product is not None and not row.faulty and product.archived:
            self._fault(row.record, "", "the product is off sale: put it back on sale first", row)

    def _edited(self, row: ImportRow, column: str, plan: Callable[[ImportRow], None]) -> None:
        """Plans a column with rules of its own."""
        try:
            plan(row)
        except ValueError as error:
            code = error.code if isinstance(error, CellFault) else ""
            self._fault(row.record, column, str(error), row, code)

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
        elif refusal := self._options.refusal(column):
            self._fault(row.record, column, refusal[0], row, refusal[1])
        elif column in PRODUCT_FIELDS:
            row.shared[column] = value
        else:
            row.fields[ITEM_FIELDS[column]] = value
            if item is not None:
                row.changes.append(row.change(column, now, text))

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
        by_sku = rows_by_sku(rows)
        items = tuple(self._new(same, product_id) for same in by_sku.values())
        command = AddProduct(product=product, location=self._at, items=items)
        self.plan.new_products.append(product_id)
        self._step([row.record.number for row in rows], command)
        for sku, same in by_sku.items():
            for row in same:
                self._step_of(row, sku, units_elsewhere(row, sku, self._at))
            self._finish(sku, same, "product")

    def _new(self, rows: list[ImportRow], product_id: str) -> NewItem:
        """The item of new rows, one for each location, with its units at the default one."""
        position = self._last_positions[product_id] = self._last_positions.get(product_id, -1) + 1
        size = rows[0].record.cells["size"]
        fields = {name: value for row in rows for name, value in row.fields.items()}
        item = Item(sku_of(product_id, size), product_id, size, position, **fields)
        self._added.append(item)
        return NewItem(item, sum(row.on_hand for row in rows if row.location in ("", self._at)))

    def _finish(self, sku: str, rows: list[ImportRow], what: str) -> None:
        """Records what rows of a SKU create, and the edit of its bundle."""
        edited = [row for row in rows if row.bundle is not UNEDITED]
        command = self._bundles.command(edited[0], sku) if edited else None
        if command is not None:
            self._late.append((edited[0], command))
        made = [row for row in rows if row.item is None or row.back]
        if made:
            self.plan.new_sizes.append(key_of(rows[0].record))
        for row in made:
            self.plan.fates[row.record.number] = "new"
            on_hand = self._current.on_hand(sku, row.location) if row.item else row.on_hand
            row.changes.insert(0, row.made(what, on_hand))

    def _set_bundles(self) -> None:
        """Defines the bundles after all of their parts are there."""
        for row, command in self._late:
            try:
                self._bundles.check(command, self._added)
            except CellFault as fault:
                self._fault(row.record, BUNDLE, str(fault), row, fault.code)
                continue
            self._step([row.record.number], SkuCommands(sku=command.sku, commands=(command,)))
            if self.plan.fates[row.record.number] == "unchanged":
                self.plan.fates[row.record.number] = "changed"

    def _change(self, old: Product, rows: list[ImportRow]) -> None:
        """Changes a product, and each of its sizes."""
        back = [row for row in rows if row.back]
        if back:
            skus = tuple(dict.fromkeys(row.item.sku for row in back if row.item is not None))
            command = RestoreProduct(product_id=old.product_id, location=self._at, skus=skus)
            self._step([row.record.number for row in back], command)
            if old.archived:
                self.plan.new_products.append(old.product_id)
        self._shared(old, rows)
        for sku, same in rows_by_sku(rows).items():
            self._size(old, sku, same)

    def _size(self, old: Product, sku: str, rows: list[ImportRow]) -> None:
        """Adds a size, or changes its fields; then its stock, row by row."""
        done: set[str] = set()
        for row in rows:
            commands: list[Command] = []
            fields = {name: value for name, value in row.fields.items() if name not in done}
            done |= fields.keys()
            if row.item is not None and fields:
                commands.append(edit_of(row.item, fields, self._at))
            elif row.item is None and row is rows[0]:
                commands.append(AddItem(new=self._new(rows, old.product_id), location=self._at))
            if row.stock is not None:
                commands.append(row.stock)
            if row.item is None:
                commands += units_elsewhere(row, sku, self._at)
            self._step_of(row, sku, commands)
        self._finish(sku, rows, "size")

    def _step_of(self, row: ImportRow, sku: str, commands: list[Command]) -> None:
        """Applies the commands of a row together."""
        if commands:
            self._step([row.record.number], SkuCommands(sku=sku, commands=tuple(commands)))
            self.plan.fates[row.record.number] = "changed"

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
            row.changes.append(row.change(name, now[name], row.record.cells[name]))
            self.plan.fates[row.record.number] = "changed"
        numbers = sorted({row.record.number for row in carriers.values()})
        self._step(numbers, edit_of(old, fields, self._at))

    def _step(self, rows: list[int], command: Command) -> None:
        options = self._options
        made = with_actor(command, options.actor, options.cause, options.reason)
        self.plan.steps.append(ImportStep(tuple(rows), made))
