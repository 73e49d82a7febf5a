"""The ageing of transfers: days overdue, and the value of their units in transit."""

from decimal import Decimal

from fancymonkey.core.model import split_sku
from fancymonkey.core.transfers.transfer import Transfer
from fancymonkey.engine.engine import Engine
from fancymonkey.timestamps import local_day


def overdue_days(engine: Engine, transfer: Transfer) -> int:
    """The days since units should have arrived; 0 if they are not overdue. Days of the shop."""
    now = engine.clock()
    if transfer.expected_at is None or not transfer.is_overdue(now):
        return 0
    days = local_day(now, engine.zone) - local_day(transfer.expected_at, engine.zone)
    return max(1, days.days)


def value_in_transit(engine: Engine, transfer: Transfer) -> Decimal:
    """The units in transit at present prices; a product without a price counts as nothing."""
    value = Decimal(0)
    for line in transfer.lines:
        product = engine.view.products.get(split_sku(line.sku)[0])
        if product is not None and product.price is not None:
            value += product.price * line.in_transit
    return value
