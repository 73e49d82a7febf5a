"""The plan of an import: the outcome of each row, and the commands of the changes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from fancymonkey.core.bundles.definition import Definition
from fancymonkey.core.catalogue.products import EditFields
from fancymonkey.core.command import Command
from fancymonkey.core.execute import SkuCommands
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Item, Product, sku_of
from fancymonkey.spreadsheets.cells.cells import PARSERS, alike
from fancymonkey.spreadsheets.cells.spreadsheet_changes import tidy
from fancymonkey.spreadsheets.imports.current_stock import CurrentStock
from fancymonkey.spreadsheets.imports.notices import Notices
from fancymonkey.spreadsheets.table.columns import LOCATION, STOCK_ONLY, Record
from fancymonkey.spreadsheets.table.row_fingerprint import RowFingerprint, read_mark

LOCATION_NOT_ALLOWED = "location_not_allowed"
"""The code of a row for a location that the caller is not limited to."""

OF_THE_SHOP = "it is for the whole shop: you may change the stock of your locations"
"""The fault of an edited cell that belongs to no location, for a limited caller."""

Key = tuple[str, str]
LevelKey = tuple[str, str]
"""A SKU, and a location, or an empty text for the totals."""


@dataclass(frozen=True, slots=True)
class RowFault:
    """The reason why a row cannot be imported; `column` is empty for an error of the whole row."""

    row: int
    column: str
    text: str
    code: str = ""
    """The code of the refusal, if there is one."""


@dataclass(frozen=True, slots=True)
class CellChange:
    """A cell to change. `new` is `product` or `size` if the row does not exist yet."""

    row: int
    product_id: str
    size: str
    column: str
    exported: str | None
    file: str
    now: str | None
    after: str
    new: str | None = None
    location: str = ""
    """The location of a row with one."""


@dataclass(frozen=True, slots=True)
class ImportStep:
    """A command, the rows of the file that it applies, and whether only an owner may run it."""

    rows: tuple[int, ...]
    command: Command


@dataclass(slots=True)
class ImportPlan:
    """All changes of an import as of a revision, and the outcome of each row of the file."""

    revision: int = 0
    steps: list[ImportStep] = field(default_factory=list)
    changes: list[CellChange] = field(default_factory=list)
    faults: list[RowFault] = field(default_factory=list)
    fates: dict[int, str] = field(default_factory=dict)
    new_products: list[str] = field(default_factory=list)
    new_sizes: list[Key] = field(default_factory=list)
    notices: Notices = field(default_factory=Notices)

    def leave_out_faults(self) -> None:
        """Removes the steps of rows with a fault: a row is applied whole or left out."""
        bad = {fault.row for fault in self.faults}
        self.steps = [step for step in self.steps if not bad.issuperset(step.rows)]
        self.fates |= dict.fromkeys(bad, "fault")

    def count(self, fate: str) -> int:
        """The number of rows that are `new`, `changed`, `unchanged` or `fault`."""
        return sum(1 for value in self.fates.values() if value == fate)


class Unedited:
    """Marks a bundle cell without an edit, where None makes the size an ordinary one."""


UNEDITED = Unedited()


@dataclass(frozen=True, slots=True)
class Base:
    """A row of the file as it was exported, if that file was kept (`--base`)."""

    cells: Mapping[str, str]

    def same(self, column: str, text: str) -> bool:
        """Whether a cell had this text when it was exported."""
        return column in self.cells and alike(column, text, self.cells[column])

    @property
    def stock(self) -> int | None:
        """The units on hand at the export, if known."""
        try:
            stock: int = PARSERS["stock"](self.cells.get("stock", ""))
        except ValueError:
            return None
        return stock


@dataclass(slots=True)
class ImportRow:
    """A line of the file during planning."""

    record: Record
    item: Item | None
    location: str = ""
    """The location of the row; empty if it has the totals."""
    mark: RowFingerprint | None = None
    base: Base | None = None
    fields: dict[str, Any] = field(default_factory=dict)
    shared: dict[str, Any] = field(default_factory=dict)
    stock: Command | None = None
    bundle: Definition | None | Unedited = UNEDITED
    on_hand: int = 0
    back: bool = False
    faulty: bool = False
    changes: list[CellChange] = field(default_factory=list)
    shown: set[str] = field(default_factory=set)
    """Columns whose cells equal the current values, as a spreadsheet shows them."""

    @property
    def snapshot(self) -> RowFingerprint | Base | None:
        """The row as it was exported."""
        return self.mark or self.base

    def silent(self, column: str) -> bool:
        """Whether an empty cell has no meaning: only a value of the export can be cleared."""
        blank = not tidy(self.record.cells[column])
        return blank and (self.snapshot is None or column == "name")

    def change(self, column: str, now: str, text: str, after: str = "") -> CellChange:
        """A change of one of its cells."""
        mark = self.snapshot
        exported = None if mark is None else str(mark.stock) if column == "stock" else now
        number, key = self.record.number, key_of(self.record)
        return CellChange(
            number, *key, column, exported, text, now, after or text, location=self.location
        )

    def made(self, what: str, on_hand: int) -> CellChange:
        """The change of a row that creates a `product` or `size` with these units."""
        number, key, text = self.record.number, key_of(self.record), self.record.cells.get("stock")
        return CellChange(
            number, *key, "stock", None, text or "", None, str(on_hand), what, self.location
        )


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """The options of an import: the actor, whether new rows are created, whether all is allowed,
    and the location that it counts. `locations` are the only ones that the actor may change; empty:
    all.
    """

    actor: str = "import"
    cause: str = ""
    reason: str = ""
    create: bool = False
    owner: bool = True
    location: str = DEFAULT_LOCATION
    locations: tuple[str, ...] = ()

    def refusal(self, column: str) -> tuple[str, str] | None:
        """The reason why the actor may edit no column but `stock`: a text and a code; or None."""
        if not self.owner and column not in STOCK_ONLY:
            return "only an owner may change it", ""
        return (OF_THE_SHOP, LOCATION_NOT_ALLOWED) if self.locations else None


def edit_of(row: Product | Item, fields: Mapping[str, Any], location: str) -> EditFields:
    """The command that changes these fields of a row, as long as they are as they were read."""
    key = row.product_id if isinstance(row, Product) else row.sku
    was = tuple((name, getattr(row, name)) for name in fields)
    return EditFields(key=key, location=location, fields=tuple(fields.items()), was=was)


def marks_of(records: Iterable[Record], current: CurrentStock) -> dict[LevelKey, int]:
    """SKUs and locations whose stock was changed in the file, and the revision from which the
    ledger counts.
    """
    marks: dict[LevelKey, int] = {}
    for record in records:
        sku = sku_of(*key_of(record))
        mark = _mark(record)
        if mark is None or sku not in current.items:
            continue
        if record.cells.get("stock", "").strip() != str(mark.stock):
            marks[sku, record.cells.get(LOCATION, "")] = mark.revision
    return marks


def _mark(record: Record) -> RowFingerprint | None:
    try:
        return read_mark(record.cells["exported"])
    except (KeyError, ValueError):
        return None


def with_actor(command: Command, actor: str, cause: str, reason: str | None = None) -> Command:
    """The same command, with an actor and a cause."""
    more: dict[str, Any] = {"actor": actor, "cause": cause}
    if isinstance(command, SkuCommands):
        more["commands"] = tuple(
            with_actor(part, actor, cause, reason) for part in command.commands
        )
    elif reason is not None:
        more["reason"] = reason
    return replace(command, **more)


def key_of(record: Record) -> Key:
    """The size that a line identifies."""
    return record.cells.get("productId", ""), record.cells.get("size", "")


def level_key_of(record: Record) -> LevelKey:
    """The SKU and the location that a line identifies."""
    return sku_of(*key_of(record)), record.cells.get(LOCATION, "")


def rows_by_sku(rows: Iterable[ImportRow]) -> dict[str, list[ImportRow]]:
    """The rows of each SKU: one, or one for each location."""
    by_sku: dict[str, list[ImportRow]] = {}
    for row in rows:
        by_sku.setdefault(sku_of(*key_of(row.record)), []).append(row)
    return by_sku
