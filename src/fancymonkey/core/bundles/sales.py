"""Counts the bundles that live holds have and that were sold. Only parts have units."""

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

from fancymonkey.core.immutable import dataclass
from fancymonkey.core.item_parts import Bundle
from fancymonkey.core.model import HELD, Item, Reservation, Row, Status
from fancymonkey.core.state import Key, State


@dataclass(frozen=True, slots=True)
class BundleSales(Row):
    """The numbers of bundles of a SKU in live holds and in sales, of all its versions.

    `version` is that of its latest definition, also after the SKU became an ordinary one.
    """

    TABLE: ClassVar[str] = "bundle_sales"
    KEY: ClassVar[tuple[str, ...]] = ("sku",)

    sku: str
    version: int = 0
    held: int = 0
    sold: int = 0

    @property
    def key(self) -> str:
        return self.sku


def sales_of(state: State, sku: str) -> BundleSales:
    """The bundles of this SKU in live holds and sales. Its key has to be among the needs."""
    return state.get(BundleSales, sku) or BundleSales(sku)


def needs_sales(hold: Reservation) -> Iterator[Key]:
    """The rows that a change of this hold counts its bundles in."""
    if hold.parts is not None:
        for sku in bundles_in(hold):
            yield BundleSales, sku


def count_bundles(state: State, before: Reservation | None, after: Reservation) -> None:
    """Counts the bundles of a hold that was `before`, or new, and is `after` now."""
    if after.parts is None and (before is None or before.parts is None):  # the usual case
        return
    if before is None and after.status is HELD and len(after.lines) == 1:  # a new hold, mostly
        (line,) = after.lines
        row = sales_of(state, line.sku)
        state.put(BundleSales(line.sku, row.version, row.held + line.quantity, row.sold))
        return
    changes: dict[str, list[int]] = {}
    for hold, sign in ((before, -1), (after, 1)):
        for sku, quantity in bundles_in(hold).items():
            change = changes.setdefault(sku, [0, 0])
            if hold is not None and hold.status is Status.HELD:
                change[0] += sign * quantity
            elif hold is not None and hold.status is Status.CAPTURED:
                change[1] += sign * quantity
    for sku, (held, sold) in changes.items():
        if held or sold:
            row = sales_of(state, sku)
            state.put(BundleSales(sku, row.version, row.held + held, row.sold + sold))


def bundles_in(hold: Reservation | None) -> dict[str, int]:
    """The number of bundles of each SKU in a hold."""
    if hold is None or hold.parts is None:
        return {}
    skus = {part.bundle for part in hold.parts}
    quantities: dict[str, int] = {}
    for line in hold.lines:
        if line.sku in skus:
            quantities[line.sku] = quantities.get(line.sku, 0) + line.quantity
    return quantities


def next_version(state: State, item: Item, bundle: Bundle | None) -> Bundle | None:
    """The rules of a bundle with the version that comes after all earlier ones, which is stored.

    An ordinary item has none, and no version.
    """
    if bundle is None:
        return None
    sales = sales_of(state, item.sku)
    version = max(sales.version, 0 if item.bundle is None else item.bundle.version) + 1
    state.put(replace(sales, version=version))
    return replace(bundle, version=version)
