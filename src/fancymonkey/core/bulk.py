"""One wish for many SKUs, spelled out as ordinary commands: set, adjust, reset."""

from collections.abc import Iterable, Iterator

from fancymonkey.core.adjust import UNCHANGED, Adjust, Count, SetItem, SetReserved, Unchanged
from fancymonkey.core.command import Command
from fancymonkey.core.execute import Chain, Many
from fancymonkey.core.frozen import dataclass
from fancymonkey.core.model import Item, Kind, Level, Product

CHUNK = 500
"""SKUs in one command: other commands get their turn in between."""


@dataclass(frozen=True, slots=True)
class Stocked:
    """A SKU with everything that a filter may look at."""

    product: Product
    item: Item
    level: Level


@dataclass(frozen=True, slots=True)
class Filter:
    """Which SKUs are meant. What is None does not narrow the choice."""

    category: str | None = None
    product_ids: frozenset[str] | None = None
    low_stock_only: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """What to do with each SKU. At most one of `count` and `adjust` may be given.

    `kind` is how the ledger names an adjustment: ADJUSTED, or RECEIVED for goods that came in.
    """

    count: int | None = None
    expected: int | None = None
    adjust: int | None = None
    kind: Kind = Kind.ADJUSTED
    reserved: int | None = None
    low_stock_threshold: int | None = None
    sold_out: bool | None = None
    restock_date: str | Unchanged | None = UNCHANGED
    reason: str = ""


def is_low(item: Item, level: Level) -> bool:
    """Low stock: something is available, and no more than the threshold."""
    return 0 < level.available <= item.low_stock_threshold


def select(rows: Iterable[Stocked], wanted: Filter) -> list[Stocked]:
    """The rows that the filter means, in their order."""
    return [
        row
        for row in rows
        if (wanted.category is None or row.product.category == wanted.category)
        and (wanted.product_ids is None or row.product.product_id in wanted.product_ids)
        and (not wanted.low_stock_only or is_low(row.item, row.level))
    ]


def chain(sku: str, change: Change, *, actor: str = "", cause: str = "") -> Chain:
    """The commands for one SKU, all or nothing."""
    parts: list[Command] = []
    if change.count is not None:
        parts.append(
            Count(
                sku=sku,
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
                sku=sku, quantity=change.reserved, reason=change.reason, actor=actor, cause=cause
            )
        )
    settings = (change.low_stock_threshold, change.sold_out)
    if settings != (None, None) or not isinstance(change.restock_date, Unchanged):
        parts.append(
            SetItem(
                sku=sku,
                low_stock_threshold=change.low_stock_threshold,
                sold_out=change.sold_out,
                restock_date=change.restock_date,
                reason=change.reason,
                actor=actor,
                cause=cause,
            )
        )
    return Chain(sku=sku, commands=tuple(parts), actor=actor, cause=cause)


def chunks(chains: list[Chain], command_id: str | None, digest: str) -> Iterator[Many]:
    """The chains as commands of at most `CHUNK`, each with an id of its own where one is given.

    The first has `command_id` itself, so that the id is taken for every other command.
    """
    for number, start in enumerate(range(0, len(chains), CHUNK)):
        id_ = command_id
        if id_ is not None and number:
            id_ = f"{id_} {number}"
        yield Many(commands=tuple(chains[start : start + CHUNK]), command_id=id_, digest=digest)
