"""Bugs of orders: units that are lost, doubled, or come back to the wrong location."""

from tests.mutants.planted import bug

MACHINE = "core/orders/test_order_machine.py"
BUNDLES = "core/orders/test_order_bundles.py"
SHARES = "core/orders/test_order_shares.py"

ORDERS = [
    bug(
        "orders",
        "a cancelled unit can be cancelled again",
        "core.orders.returns:_written",
        "cancelled=units.cancelled + cancelled",
        "cancelled=units.cancelled",
        BUNDLES,
    ),
    bug(
        "orders",
        "a unit comes back without end",
        "core.orders.cancel:return_order",
        "units.shipped - units.returned",
        "units.shipped",
        BUNDLES,
    ),
    bug(
        "orders",
        "a location keeps the units that another one ships",
        "core.orders.ship:_move",
        "allocated=-count",
        "allocated=0 * count",
        MACHINE,
    ),
    bug(
        "orders",
        "an order waits for units that it has got",
        "core.orders.waiting:_fewer",
        "units.backordered - count",
        "units.backordered",
        MACHINE,
    ),
    bug(
        "orders",
        "a bundle that was built in advance counts as its parts",
        "core.orders.units:exploded",
        "min(line.quantity, left.get(line.sku, 0)) if parts",
        "0 if parts",
        "store/scenarios/test_kit_orders.py::test_a_kit_built_in_advance_is_cancelled_as_a_kit[memory]",
    ),
    bug(
        "orders",
        "the cents of a share that cannot be divided are lost",
        "core.orders.shares:value_of",
        "units_share(share.amount, share.quantity, 0, count)",
        "share.amount // share.quantity * count",
        f"{SHARES}::test_the_first_units_bear_the_cents_that_cannot_be_divided",
    ),
    bug(
        "orders",
        "a refund that was made is due again",
        "core.orders.money:OrderMoney.due",
        "- self.refunded",
        "- 0",
        f"{SHARES}::test_a_refunded_amount_is_not_due_again",
    ),
    bug(
        "orders",
        "a refund takes back units that came back before",
        "core.payments.returned_units:left_of",
        "row.left, row.location) for row in order.units if row.left",
        "row.quantity, row.location) for row in order.units",
        BUNDLES,
    ),
]
