"""Compares the rows about bundles with one another, for a verification."""

from collections.abc import Iterable, Iterator

from fancymonkey.core.bundles.sales import BundleSales, bundles_in
from fancymonkey.core.model import Item, Reservation, Status


def bundle_faults(
    items: Iterable[Item], holds: Iterable[Reservation], sales: Iterable[BundleSales]
) -> Iterator[tuple[str, str]]:
    """Yields each SKU that is wrong, with the fault: counts of bundles, and versions.

    `holds` are all live holds.
    """
    rows = {row.sku: row for row in sales}
    held: dict[str, int] = {}
    for hold in holds:
        if hold.status is not Status.HELD:
            continue
        for sku, quantity in bundles_in(hold).items():
            held[sku] = held.get(sku, 0) + quantity
        for part in hold.parts or ():
            newest = rows.get(part.bundle, BundleSales(part.bundle)).version
            if newest and part.version > newest:
                version = f"hold {hold.reservation_id} has version {part.version}"
                yield part.bundle, f"{version} of it, the newest is {newest}"
    for sku in sorted(held.keys() | rows.keys()):
        counted = rows.get(sku, BundleSales(sku)).held
        if counted != held.get(sku, 0):
            yield sku, f"bundles held: {counted}, in live holds: {held.get(sku, 0)}"
    for item in items:
        if item.bundle is not None:
            newest = rows.get(item.sku, BundleSales(item.sku)).version
            if newest and item.bundle.version != newest:
                yield item.sku, f"its version is {item.bundle.version}, the newest is {newest}"
