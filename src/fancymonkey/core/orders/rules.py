"""The commands of orders, each with its needs and its rule."""

from fancymonkey.core.command import AnswerReaders, Rules
from fancymonkey.core.orders import cancel, erase, ship, unship
from fancymonkey.core.orders import open as opened
from fancymonkey.core.orders.answers import OrderChanged, PastOrdersAdded

RULES: Rules = {
    ship.ShipOrder: (ship.needs_ship, ship.ship_order),
    ship.MoveOrderAllocation: (ship.needs_ship, ship.move_order),
    unship.CancelShipment: (unship.needs_unship, unship.cancel_shipment),
    cancel.CancelOrderLine: (cancel.needs_cancel, cancel.cancel_order),
    cancel.ReturnOrder: (cancel.needs_return, cancel.return_order),
    erase.EraseBuyer: (erase.needs_erase, erase.erase_buyer),
    opened.AddPastOrders: (opened.needs_past, opened.add_past_orders),
}

ANSWERS: AnswerReaders = {
    **dict.fromkeys(RULES, OrderChanged.restored),
    opened.AddPastOrders: PastOrdersAdded.restored,
}
