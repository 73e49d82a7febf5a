"""Plans the stock of a row: a count, or the difference since the export."""

from collections.abc import Mapping

from fancymonkey.core.command import Command
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import MAX_QUANTITY, Item, sku_of
from fancymonkey.core.outcomes import Code
from fancymonkey.core.stock.adjust import Adjust, Count
from fancymonkey.spreadsheets.imports.current_stock import CurrentStock
from fancymonkey.spreadsheets.imports.import_plan import (
    ImportOptions,
    ImportRow,
    LevelKey,
    Unedited,
    key_of,
)
from fancymonkey.spreadsheets.imports.notices import Notices
from fancymonkey.spreadsheets.imports.values import AmbiguousCell, value_of
from fancymonkey.text import counted

IS_BUNDLE = (
    "this is a bundle: its stock follows from its parts. Change theirs, or assemble it, and leave "
    "this cell as it was exported"
)


class CellFault(ValueError):
    """The reason why a cell cannot be imported, with the code of the refusal, if there is one."""

    def __init__(self, text: str, code: str = "") -> None:
        super().__init__(text)
        self.code = code


class StockCells:
    """Compares stock cells with the present stock, and with the stock at the export.

    `corrections` is the sum of counts and corrections of each SKU and location since the export.
    """

    def __init__(
        self,
        current: CurrentStock,
        options: ImportOptions,
        corrections: Mapping[LevelKey, int],
        notices: Notices,
    ) -> None:
        self._current = current
        self._options = options
        self._corrections = corrections
        self._notices = notices

    def plan(self, row: ImportRow) -> None:
        """Sets the command of a row whose stock was edited. Raises ValueError with the reason."""
        text = row.record.cells.get("stock")
        if text is None or row.silent("stock"):
            return
        if row.mark is not None and text.strip() == str(row.mark.stock):
            return
        now = self._shown(row)
        value = value_of(row, "stock", text, str(now), self._notices)
        if isinstance(value, AmbiguousCell):
            return
        if row.item is None:
            self._new(row, value)
        else:
            self._change(row, row.item, value, now, text)

    def _shown(self, row: ImportRow) -> int:
        """The stock as an export shows it now."""
        sku = sku_of(*key_of(row.record))
        bundle = self._current.bundles.get(sku)
        if bundle is not None and not row.location:
            return bundle.on_hand
        return self._current.on_hand(sku, row.location)

    def _new(self, row: ImportRow, value: int) -> None:
        if value and not isinstance(row.bundle, Unedited) and row.bundle is not None:
            raise CellFault(IS_BUNDLE, Code.IS_BUNDLE)
        self._check_open(row)
        row.on_hand = value

    def _change(self, row: ImportRow, item: Item, value: int, now: int, text: str) -> None:
        if row.snapshot is None and value == now:
            return
        after = self._merged(row, value, now)
        if after is None or after == now:
            return
        self._check_bundle(row, item)
        self._check_open(row)
        elsewhere = 0 if row.location else self._current.elsewhere(item.sku)
        if after < elsewhere:
            words = f"{counted(elsewhere, 'unit')} at other locations: change the stock there."
            raise CellFault(words)
        row.stock = self._command(row, item.sku, after - now, after - elsewhere)
        row.changes.append(row.change("stock", str(now), text, str(after)))

    def _command(self, row: ImportRow, sku: str, change: int, quantity: int) -> Command:
        location = row.location or self._options.location
        if row.snapshot is None:
            return Count(sku=sku, location=location, quantity=quantity)
        return Adjust(sku=sku, location=location, delta=change)

    def _check_bundle(self, row: ImportRow, item: Item) -> None:
        """Refuses a stock of a bundle, unless it counts pre-built units at a location."""
        if item.bundle is None or row.bundle is None:
            if isinstance(row.bundle, Unedited) or row.bundle is None:
                return
            raise CellFault("it becomes a bundle: leave its stock as it is", Code.IS_BUNDLE)
        if not self._current.on_hand(item.sku) or (row.snapshot is None and not row.location):
            raise CellFault(IS_BUNDLE, Code.IS_BUNDLE)

    def _check_open(self, row: ImportRow) -> None:
        location = self._current.locations.get(row.location or DEFAULT_LOCATION)
        if location is not None and not location.active and row.location != DEFAULT_LOCATION:
            raise CellFault(f"{location.name} is closed", Code.LOCATION_CLOSED)

    def _merged(self, row: ImportRow, value: int, now: int) -> int | None:
        """The stock with the edit of the file and the sales since; None to leave it unchanged."""
        snapshot, item = row.snapshot, row.item
        if snapshot is None or snapshot.stock is None:
            return value
        assert item is not None
        change = value - snapshot.stock
        level_key = (item.sku, row.location)
        since = (
            self._corrections.get(level_key, 0) if row.mark is not None else now - snapshot.stock
        )
        if not change or since == change:  # unchanged, or the same correction was already made
            return None
        if since:
            raise CellFault(f"it has changed since the export, by {since:+}, to {now}")
        if not 0 <= now + change <= MAX_QUANTITY:
            raise CellFault(f"{now} left: a change of {change:+} would make {now + change}")
        return now + change


def units_elsewhere(row: ImportRow, sku: str, location: str) -> list[Command]:
    """The command for the units of a new size at another location than that of its item."""
    if row.location in ("", location) or not row.on_hand:
        return []
    return [Count(sku=sku, location=row.location, quantity=row.on_hand)]
