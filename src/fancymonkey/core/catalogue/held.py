"""Refuses the removal of sizes that buyers hold."""

from collections.abc import Iterable, Iterator

from fancymonkey.core.bundles.sales import BundleSales, sales_of
from fancymonkey.core.model import Item
from fancymonkey.core.outcomes import Code, Refused
from fancymonkey.core.state import Key, State
from fancymonkey.core.stock.sku_stock import SkuStock


def needs_held(state: State, sku: str) -> Iterator[Key]:
    """The rows that `refuse_held` reads in addition to the item and its levels."""
    item = state.get(Item, sku)
    if item is not None and item.bundle is not None:
        yield BundleSales, sku


def refuse_held(state: State, skus: Iterable[str]) -> Refused | None:
    """The refusal while live holds have units or bundles of one of the SKUs, or None."""
    held = [{"sku": sku, "reserved": _held(state, sku)} for sku in skus]
    held = [row for row in held if row["reserved"]]
    if held:
        return Refused(Code.LIVE_HOLDS, "Buyers hold units of it. Release these holds first.", held)
    return None


def _held(state: State, sku: str) -> int:
    units = SkuStock.of(sku, state.levels_of(sku)).reserved
    item = state.get(Item, sku)
    bundles = 0 if item is None or item.bundle is None else sales_of(state, sku).held
    return max(units, bundles)
