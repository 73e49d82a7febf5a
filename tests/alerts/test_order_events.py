"""Webhooks about orders: shipments and returns, once each, and without personal data."""

from fancymonkey.core.holds.end import Capture
from fancymonkey.core.locations.accounts import StockState
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Line
from fancymonkey.core.orders.cancel import CancelOrderLine, ReturnOrder
from fancymonkey.core.orders.rows import Buyer
from fancymonkey.core.orders.ship import ShipOrder
from tests.alerts.alert_shop import SKU, AlertShop, alert_shop
from tests.alerts.test_hold_events import new_alerts

ABOUT = ("order.shipped", "order.returned", "order.captured", "hold.changed", "hold.ended")


async def sold(shop: AlertShop, *, on_shipment: bool) -> None:
    await shop.alerts.webhooks.add("http://127.0.0.1:9/x", ABOUT, "")
    await new_alerts(shop)
    await shop.hold("a", 4)
    await shop.engine.submit(
        Capture(ref="a", payment_id="cs_1", on_shipment=on_shipment, buyer=Buyer("Ada"))
    )


async def test_shipments_and_returns_are_reported() -> None:
    for on_shipment in (False, True):
        async with alert_shop() as shop:
            await sold(shop, on_shipment=on_shipment)
            paid = await new_alerts(shop)
            assert sorted(payment.type for payment in paid) == ["hold.ended", "order.captured"]
            line = (Line(SKU, 2),)
            await shop.engine.submit(
                ShipOrder(
                    order_id="a", lines=line, location=None, carrier="DHL", tracking_number="JD1"
                )
            )
            (shipped,) = await new_alerts(shop)
            assert shipped.type == "order.shipped"
            assert shipped.title == "Shipped: 2 units of order #1"
            assert shipped.data["status"] == "partly_shipped"
            assert (shipped.data["carrier"], shipped.data["trackingNumber"]) == ("DHL", "JD1")
            (row,) = shipped.data["lines"]
            assert (row["sku"], row["quantity"], row["location"]) == (SKU, 2, DEFAULT_LOCATION)
            await shop.engine.submit(CancelOrderLine(order_id="a", lines=(), location=None))
            assert await new_alerts(shop) == []
            await shop.engine.submit(
                ReturnOrder(
                    order_id="a", lines=(Line(SKU, 1),), location=None, state=StockState.DAMAGED
                )
            )
            (returned,) = await new_alerts(shop)
            assert (returned.type, returned.data["lines"][0]["state"]) == (
                "order.returned",
                "damaged",
            )
            assert returned.data["lines"][0]["quantity"] == 1
            for event in (shipped, returned):
                assert "Ada" not in repr(event)
