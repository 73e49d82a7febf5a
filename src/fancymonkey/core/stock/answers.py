"""Parts of answers that several rules give: an unknown SKU, and the stock of one."""

from typing import Any

from fancymonkey.core.model import Item
from fancymonkey.core.outcomes import Code, Refused
from fancymonkey.core.state import State


def unknown_item(state: State, sku: str) -> Refused | None:
    """The refusal of a SKU that is not on sale, or None."""
    item = state.get(Item, sku)
    if item is None or item.archived:
        return Refused(Code.UNKNOWN_ITEM, "No such product or size.", [{"sku": sku}])
    return None


def stock_of(state: State, sku: str) -> dict[str, Any]:
    """How a SKU stands, as answers show it."""
    item, level = state.get(Item, sku), state.level(sku)
    assert item is not None
    return {
        "sku": sku,
        "onHand": level.on_hand,
        "reserved": level.reserved,
        "available": level.available,
        "backordered": level.backordered,
        "short": level.short,
        "lowStockThreshold": item.low_stock_threshold,
        "soldOut": item.sold_out,
        "revision": state.revision,
    }
