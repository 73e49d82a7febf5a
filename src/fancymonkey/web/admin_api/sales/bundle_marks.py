"""The bundles that units of a ledger entry or a hold belong to, as the pages show them."""

from collections.abc import Iterable

from fancymonkey.core.model import Entry, Reservation, split_sku
from fancymonkey.engine.engine import Engine
from fancymonkey.web.admin_api.history.history_models import BundleOfEntry
from fancymonkey.web.admin_api.sales.hold_models import HeldPart


async def holds_with_bundles(engine: Engine, entries: Iterable[Entry]) -> dict[str, Reservation]:
    """The holds of these entries that have bundles, by id; no reading in a shop without any."""
    if not engine.view.bundles.sales:
        return {}
    ids = {entry.reservation_id for entry in entries if entry.reservation_id is not None}
    holds = [await engine.store.find(Reservation, id_) for id_ in sorted(ids)]
    return {row.reservation_id: row for row in holds if row is not None and row.parts}


def part_of(engine: Engine, hold: Reservation, sku: str) -> list[BundleOfEntry]:
    """The bundles of a hold that have units of a SKU."""
    bundles = {part.bundle for part in hold.parts or () if part.sku == sku}
    return [
        {**_named(engine, line.sku, line.quantity)} for line in hold.lines if line.sku in bundles
    ]


def parts_of(engine: Engine, hold: Reservation, sku: str, quantity: int) -> list[HeldPart]:
    """The units of the parts of a line; empty if it is not a bundle."""
    return [
        _named(engine, part.sku, part.quantity * quantity)
        for part in hold.parts or ()
        if part.bundle == sku
    ]


def _named(engine: Engine, sku: str, quantity: int) -> HeldPart:
    product_id, size = split_sku(sku)
    product = engine.view.products.get(product_id)
    return {
        "productId": product_id,
        "size": size,
        "quantity": quantity,
        "name": None if product is None else product.name,
    }
