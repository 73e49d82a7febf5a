"""Bugs of orders: units that are lost, doubled, or come back to the wrong place."""

from tests.mutants.planted import bug

MACHINE = "core/test_order_machine.py"
BUNDLES = "core/test_order_bundles.py"

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
        "a refund takes back units that came back before",
        "core.payments.returned_units:left_of",
        "row.left, row.location) for row in order.units if row.left",
        "row.quantity, row.location) for row in order.units",
        BUNDLES,
    ),
]
