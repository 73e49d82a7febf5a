"""Plans the bundles of a file, by the rules of the product editor."""

from collections.abc import Iterable
from dataclasses import replace

from fancymonkey.core.bundles.define import SetBundle, set_bundle
from fancymonkey.core.bundles.definition import Definition, definition_of
from fancymonkey.core.bundles.sales import BundleSales
from fancymonkey.core.keys import normal_form
from fancymonkey.core.model import Item, split_sku
from fancymonkey.core.outcomes import Code, Refused
from fancymonkey.core.state import State
from fancymonkey.spreadsheets.cells.bundle_text import bundle_text
from fancymonkey.spreadsheets.cells.cells import alike
from fancymonkey.spreadsheets.imports.current_stock import CurrentStock
from fancymonkey.spreadsheets.imports.import_plan import ImportOptions, ImportRow, Unedited
from fancymonkey.spreadsheets.imports.near_keys import NearKeys
from fancymonkey.spreadsheets.imports.notices import Notices
from fancymonkey.spreadsheets.imports.stock_cells import CellFault
from fancymonkey.spreadsheets.imports.values import AmbiguousCell, value_of
from fancymonkey.spreadsheets.table.columns import BUNDLE
from fancymonkey.store.contract import empty_rows


class BundleCells:
    """Compares definitions of bundles with the present ones, and checks them."""

    def __init__(self, current: CurrentStock, options: ImportOptions, notices: Notices) -> None:
        self._current = current
        self._options = options
        self._notices = notices
        self._state: State | None = None
        self._sizes: dict[str, list[str]] = {}
        self._near_products = NearKeys(())
        self._near: dict[str, NearKeys] = {}

    def read(self, row: ImportRow) -> None:
        """Sets the definition of a row whose cell was edited. Raises ValueError with the reason."""
        text = row.record.cells.get(BUNDLE)
        if text is None or row.silent(BUNDLE):
            return
        item, snapshot = row.item, row.snapshot
        now = "" if item is None else bundle_text(definition_of(item))
        if alike(BUNDLE, text, now) or (snapshot is not None and snapshot.same(BUNDLE, text)):
            return
        value = value_of(row, BUNDLE, text, now, self._notices)
        if isinstance(value, AmbiguousCell):
            return
        if snapshot is not None and not snapshot.same(BUNDLE, now):
            raise CellFault(f"it has changed since the export, to {now or 'an ordinary size'!r}")
        if not self._options.owner:
            raise CellFault("only an owner may change it")
        row.bundle = None if value is None else self._normal(value)
        if item is not None:
            row.changes.append(row.change(BUNDLE, now, text, bundle_text(row.bundle)))

    def _normal(self, definition: Definition) -> Definition:
        """The definition with keys in the normal form if only that exists."""
        items = self._current.items
        parts = (
            part if part.sku in items else replace(part, sku=normal_form(part.sku))
            for part in definition.components
        )
        return replace(definition, components=tuple(parts))

    def command(self, row: ImportRow, sku: str) -> SetBundle | None:
        """The command of a row whose bundle was edited."""
        if isinstance(row.bundle, Unedited) or (row.bundle is None and row.item is None):
            return None
        present = None if row.item is None else definition_of(row.item)
        return SetBundle(
            sku=sku,
            location=self._options.location,
            definition=row.bundle,
            expected=(present,),
        )

    def check(self, command: SetBundle, added: Iterable[Item]) -> None:
        """Raises CellFault if the shop would refuse the bundle, with the sizes that a file adds."""
        if self._state is None:
            rows = empty_rows()
            rows[Item].update(self._current.items.items())
            rows[BundleSales].update(self._current.sales.items())
            self._state = State(rows, self._current.revision, 0)
        for item in added:
            if self._state.get(Item, item.sku) is None:
                self._state.put(item)
        answer = set_bundle(self._state, command)
        if not isinstance(answer, Refused):
            return
        if answer.code is not Code.UNKNOWN_ITEM or command.definition is None:
            raise CellFault(answer.message, answer.code)
        unknown = [row["sku"] for row in answer.detail if row["sku"] != command.sku]
        raise CellFault("; ".join(map(self._unknown, unknown)) or answer.message, answer.code)

    def _unknown(self, sku: str) -> str:
        """The text about a part that does not exist or is off sale, with the likely one."""
        item = self._current.items.get(sku)
        if item is not None:
            return f"{sku!r} is off sale"
        near = self._near_sku(*split_sku(sku))
        likely = f", but {near!r} exists: write that" if near else ""
        return f"the part {sku!r} does not exist{likely}"

    def _near_sku(self, product_id: str, size: str) -> str | None:
        if not self._sizes:
            for item in self._current.items.values():
                self._sizes.setdefault(item.product_id, []).append(item.size)
            self._near_products = NearKeys(self._sizes)
        if product_id not in self._sizes:
            product_id = self._near_products.find(product_id) or ""
        sizes = self._sizes.get(product_id, [])
        if product_id not in self._near:
            self._near[product_id] = NearKeys(sizes)
        near = size if size in sizes else self._near[product_id].find(size)
        return None if near is None else f"{product_id}/{near}"
