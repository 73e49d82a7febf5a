"""The rules of a bundle that refuse its sale: dates, and the most of an order and altogether."""

from collections.abc import Mapping

from fancymonkey.core.bundles.sales import sales_of
from fancymonkey.core.item_parts import SoldPart
from fancymonkey.core.locations.preferences import Free
from fancymonkey.core.locations.routing import Shortfall
from fancymonkey.core.model import Item, Line
from fancymonkey.core.outcomes import Code, Refused
from fancymonkey.core.state import State


def not_for_sale(state: State, item: Item, quantity: int) -> Refused | None:
    """The reason why the rules of a bundle refuse this quantity of an order now, or None."""
    bundle = item.bundle
    assert bundle is not None
    fault: dict[str, object] = {"sku": item.sku, "requested": quantity, "available": 0}
    if bundle.sold_from is not None and state.now < bundle.sold_from:
        return Refused(Code.SOLD_OUT, "The sale of this bundle has not begun.", [fault])
    if bundle.sold_until is not None and state.now >= bundle.sold_until:
        return Refused(Code.SOLD_OUT, "The sale of this bundle has ended.", [fault])
    if bundle.max_per_order is not None and quantity > bundle.max_per_order:
        return Refused(
            Code.HOLD_LIMIT,
            f"An order can have at most {bundle.max_per_order} of this bundle.",
            [{"sku": item.sku, "requested": quantity, "limit": bundle.max_per_order}],
        )
    return None


def over_limit(
    state: State, lines: Mapping[str, Line], earlier: Mapping[str, int], built: Mapping[str, int]
) -> list[Shortfall]:
    """The bundles among these lines of which fewer may be sold at all.

    `earlier` are the quantities that the hold has already. Available are the bundles beyond those
    that were `built` in advance, as in other shortfalls.
    """
    short = []
    for sku, line in lines.items():
        item, own = state.get(Item, sku), earlier.get(sku, 0)
        limit = None if item is None or item.bundle is None else item.bundle.max_sold
        if limit is None or line.quantity <= own:
            continue
        sales = sales_of(state, sku)
        left = max(0, limit - sales.sold - sales.held + own)
        if left < line.quantity:
            short.append(Shortfall(sku, line.quantity, left - built.get(sku, 0), ()))
    return short


def kept_back(
    state: State,
    held: Mapping[str, Line],
    parts: tuple[SoldPart, ...],
    free: Free,
    built: Mapping[str, int],
) -> list[Shortfall]:
    """The bundles that would take units which are kept for the single sale of a part.

    Bundles of a hold count together: each leaves also the units of those that keep as many or more.
    """
    taken: list[tuple[SoldPart, int, int]] = []  # a part, how many are kept, and the bundles
    for sku, line in held.items():
        item = state.get(Item, sku)
        keep_by_part = {} if item is None else {part.sku: part.keep for part in item.components}
        for part in parts:
            keep = keep_by_part.get(part.sku, 0) if part.bundle == sku else 0
            if keep:
                taken.append((part, keep, line.quantity - built.get(sku, 0)))
    short = []
    for part, keep, unbuilt in taken:
        units = sum(here.get(part.sku, 0) for here in free.values())
        others = sum(
            other.quantity * count
            for other, their_keep, count in taken
            if other.sku == part.sku and other.bundle != part.bundle and their_keep >= keep
        )
        sets = max(0, units - keep - others) // part.quantity
        if sets < unbuilt:
            short.append(Shortfall(part.bundle, unbuilt, sets, (part.sku,)))
    return short
