"""One request for many SKUs as ordinary commands: set, adjust, reset."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from fancymonkey.core.command import Command
from fancymonkey.core.execute import SkuCommands
from fancymonkey.core.holds.set_reserved import SetReserved
from fancymonkey.core.immutable import dataclass
from fancymonkey.core.keys import normal_form
from fancymonkey.core.model import Kind
from fancymonkey.core.stock.adjust import UNCHANGED, Adjust, Count, SetItem, Unchanged
from fancymonkey.core.stock.status import StockRow, is_low, status_of

T = TypeVar("T")

PORTION = 50
"""Rows of a long change in one transaction. Buyers get their turn between two portions."""

CHUNK = 500
"""The most rows that one transaction changes all or none. More are changed in portions, which are
undone if one fails."""


@dataclass(frozen=True, slots=True)
class Filter:
    """The SKUs of a bulk change. A field that is None does not narrow the choice.

    `words` in lower case are searched in all names of a row.
    """

    categories: frozenset[str] | None = None
    product_ids: frozenset[str] | None = None
    low_stock_only: bool = False
    reserved_only: bool = False
    skus: frozenset[str] | None = None
    statuses: frozenset[str] | None = None
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """The change of each SKU. At most one of `count` and `adjust` may be given.

    `kind` is the kind of the adjustment in the ledger: ADJUSTED, or RECEIVED for goods that came
    in. `was` has the threshold, sold out and restock date that the owner saw.
    """

    count: int | None = None
    expected: int | None = None
    adjust: int | None = None
    kind: Kind = Kind.ADJUSTED
    reserved: int | None = None
    low_stock_threshold: int | None = None
    sold_out: bool | None = None
    restock_date: str | Unchanged | None = UNCHANGED
    was: tuple[tuple[str, Any], ...] = ()
    reason: str = ""


def search_text(row: StockRow) -> str:
    """All names of a row in lower case, for a search."""
    product, item = row.product, row.item
    names = (item.sku, product.name, product.category, item.size, item.sku_id, item.price_id)
    return normal_form("\n".join(name for name in names if name)).lower()


def select(rows: Iterable[StockRow], wanted: Filter) -> list[StockRow]:
    """The rows that the filter chooses, in their order."""
    return [row for row in rows if _means(wanted, row)]


def _means(wanted: Filter, row: StockRow) -> bool:
    return (
        (wanted.categories is None or normal_form(row.product.category) in wanted.categories)
        and (wanted.product_ids is None or row.product.product_id in wanted.product_ids)
        and (wanted.skus is None or row.item.sku in wanted.skus)
        and (not wanted.low_stock_only or is_low(row.item, row.stock))
        and (not wanted.reserved_only or row.stock.reserved > 0)
        and (wanted.statuses is None or status_of(row) in wanted.statuses)
        and (not wanted.words or all(word in search_text(row) for word in wanted.words))
    )


def chain(
    sku: str, change: Change, *, location: str, actor: str = "", cause: str = ""
) -> SkuCommands:
    """The commands for one SKU at a location, all or nothing."""
    parts: list[Command] = []
    if change.count is not None:
        parts.append(
            Count(
                sku=sku,
                location=location,
                quantity=change.count,
                expected=change.expected,
                reason=change.reason,
                actor=actor,
                cause=cause,
            )
        )
    if change.adjust is not None:
        parts.append(
            Adjust(
                sku=sku,
                location=location,
                delta=change.adjust,
                kind=change.kind,
                reason=change.reason,
                actor=actor,
                cause=cause,
            )
        )
    if change.reserved is not None:
        parts.append(
            SetReserved(
                sku=sku,
                location=location,
                quantity=change.reserved,
                reason=change.reason,
                actor=actor,
                cause=cause,
            )
        )
    settings = (change.low_stock_threshold, change.sold_out)
    if settings != (None, None) or not isinstance(change.restock_date, Unchanged):
        parts.append(
            SetItem(
                sku=sku,
                location=location,
                low_stock_threshold=change.low_stock_threshold,
                sold_out=change.sold_out,
                restock_date=change.restock_date,
                was=change.was,
                reason=change.reason,
                actor=actor,
                cause=cause,
            )
        )
    return SkuCommands(sku=sku, commands=tuple(parts), actor=actor, cause=cause)


def portions(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    """The rows in portions of at most `PORTION`, in order."""
    for start in range(0, len(rows), PORTION):
        yield rows[start : start + PORTION]


def part_id(command_id: str, part: int) -> str:
    """The id of a portion's command.

    The first has `command_id` itself, so that the id is taken for every other command.
    """
    return f"{command_id} {part}" if part else command_id
