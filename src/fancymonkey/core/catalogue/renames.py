"""The size that replaced one that is off sale, so that returned units count for it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from fancymonkey.core.command import needs_item
from fancymonkey.core.documents.document import Document
from fancymonkey.core.model import Allocation, Item, Reservation
from fancymonkey.core.state import Key, State
from fancymonkey.core.stock.sku_stock import SkuStock

RENAMES = "renames"
"""The folder of the present SKUs, by the old SKU."""

LONGEST = 20
"""The most renames that are followed."""


def successors(
    gone: Sequence[Item], added: Sequence[tuple[Item, int]], on_hand: dict[str, int]
) -> dict[str, str]:
    """The added sizes (each with its units) that are removed ones under another name, by old SKU.

    Both have the same SKU id, or else the same price id. Without ids they have the same place and
    the same number of units, and are the only ones.
    """
    new_by_old: dict[str, str] = {}
    for name in ("sku_id", "price_id"):
        for old in gone:
            id_ = getattr(old, name)
            same = [new for new, _ in added if id_ and getattr(new, name) == id_]
            alone = sum(getattr(other, name) == id_ for other in gone) == 1
            if old.sku not in new_by_old and len(same) == 1 and alone and not _differ(old, same[0]):
                new_by_old[old.sku] = same[0].sku
    if not new_by_old and len(gone) == 1 and len(added) == 1:
        old, (new, units) = gone[0], added[0]
        alike = old.position == new.position and on_hand.get(old.sku) == units
        if alike and not _differ(old, new) and old.price_id == new.price_id:
            new_by_old[old.sku] = new.sku
    return new_by_old


def _differ(old: Item, new: Item) -> bool:
    """Whether two sizes are certainly different goods."""
    return old.sku_id is not None and new.sku_id is not None and old.sku_id != new.sku_id


def note_renames(state: State, gone: Sequence[str], listed: Sequence[tuple[Item, int]]) -> None:
    """Stores the new SKU of each size that goes off sale and comes back under another name.

    `listed` are the new sizes of the product, each with its first units.
    """
    rows = (state.get(Item, sku) for sku in gone)
    leaving = [item for item in rows if item is not None and not item.archived]
    added = [] if not leaving else [pair for pair in listed if not _on_sale_already(state, pair[0])]
    on_hand = {
        item.sku: SkuStock.of(item.sku, state.levels_of(item.sku)).on_hand for item in leaving
    }
    for old, new in successors(leaving, added, on_hand).items():
        known = state.get(Document, (RENAMES, old))
        version = 1 if known is None else known.version + 1
        state.put(Document(RENAMES, old, version, state.now, new))


def _on_sale_already(state: State, item: Item) -> bool:
    old = state.get(Item, item.sku)
    return old is not None and not old.archived


def needs_renames(units: Allocation, state: State) -> Iterator[Key]:
    """The rows that `on_sale` reads, and the level that the units come back to."""
    sku = units.sku
    for _ in range(LONGEST):
        yield from needs_item(sku, units.location)
        yield Document, (RENAMES, sku)
        following = state.get(Document, (RENAMES, sku))
        if following is None:
            return
        sku = following.body


def renamed(state: State, hold: Reservation) -> Reservation:
    """A hold that has ended, under the names that its sizes have now."""
    units: dict[tuple[str, str], int] = {}
    for allocation in hold.allocations:
        level_key = (on_sale(state, allocation.sku) or allocation.sku, allocation.location)
        units[level_key] = units.get(level_key, 0) + allocation.quantity
    sold_lines = hold.sold_lines and tuple(
        replace(line, sku=on_sale(state, line.sku) or line.sku) for line in hold.sold_lines
    )
    allocations = tuple(
        Allocation(sku, quantity, location) for (sku, location), quantity in units.items()
    )
    parts = hold.parts and tuple(
        replace(
            part,
            bundle=on_sale(state, part.bundle) or part.bundle,
            sku=on_sale(state, part.sku) or part.sku,
        )
        for part in hold.parts
    )
    return replace(hold, allocations=allocations, sold_lines=sold_lines, parts=parts)


def on_sale(state: State, sku: str) -> str | None:
    """The SKU under which this size is on sale now, or None if it is off sale."""
    for _ in range(LONGEST):
        item = state.get(Item, sku)
        if item is not None and not item.archived:
            return sku
        following = state.get(Document, (RENAMES, sku))
        if following is None:
            return None
        sku = following.body
    return None
