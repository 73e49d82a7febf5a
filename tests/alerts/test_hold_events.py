"""Webhooks about holds and sales: each movement is one event, also after restarts."""

import asyncio

import pytest

from fancymonkey.alerts.events import AlertEvent
from fancymonkey.core.holds.attach import Attach
from fancymonkey.core.holds.end import Capture, Expire
from fancymonkey.core.holds.reserve import Reserve
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Line
from fancymonkey.core.payments.checkout import AwaitPayment
from tests.alerts.alert_shop import SKU, AlertShop, alert_shop
from tests.web.shops import HOODIE

ABOUT = ("hold.created", "hold.changed", "hold.ended", "order.captured")
SIZES = tuple(f"{HOODIE}/{size}" for size in "SML")


async def new_alerts(shop: AlertShop) -> list[AlertEvent]:
    """The hold events from here on, and those of the whole ledger."""
    if not await shop.alerts.webhooks.all():
        await shop.alerts.webhooks.add("http://127.0.0.1:9/x", ABOUT, "")
    before = {stored.name for stored in await shop.waiting()}
    targets = await shop.alerts.targets()
    async with asyncio.timeout(10):
        while await shop.alerts._watch.ledger(targets):
            pass
    added = [stored.value for stored in await shop.waiting() if stored.name not in before]
    added.sort(key=lambda alert: alert.event.id, reverse=True)
    return [alert.event for alert in added if alert.target.startswith("whk_")]


def words(alerts: list[AlertEvent]) -> list[str]:
    """The types of the events, each with its cause."""
    return sorted(f"{alert.type} {alert.data.get('why', '')}".strip() for alert in alerts)


async def test_a_new_deadline_is_a_change_of_the_hold() -> None:
    async with alert_shop() as shop:
        await new_alerts(shop)
        await shop.hold("a", 2)
        assert words(await new_alerts(shop)) == ["hold.created"]
        until = shop.clock() + 7_200_000
        await shop.engine.submit(AwaitPayment(ref="a", until=until))
        (alert,) = await new_alerts(shop)
        assert (alert.type, alert.title) == ("hold.changed", "Hold extended")
        assert alert.data == {"holdId": "a", "lines": [], "expiresAt": until}
        await shop.engine.submit(Attach(ref="a", session_id="b", expires_at=until + 1))
        await shop.pay("a")  # at the same moment
        assert words(await new_alerts(shop)) == [
            "hold.changed",
            "hold.ended captured",
            "order.captured",
        ]


async def test_an_expired_hold_that_is_paid_late_has_ended() -> None:
    async with alert_shop() as shop:
        await new_alerts(shop)
        await shop.hold("a", 2)
        shop.clock.forward(1800)
        await shop.engine.submit(Expire())
        await shop.pay("a")
        alerts = await new_alerts(shop)
        assert words(alerts) == ["hold.created", "hold.ended expired", "order.captured"]
        assert [alert.data["late"] for alert in alerts if "late" in alert.data] == [True]


async def test_fewer_units_at_the_moment_of_the_payment_are_a_change() -> None:
    async with alert_shop() as shop:
        await new_alerts(shop)
        await shop.hold("a", 3)
        await new_alerts(shop)
        await shop.hold("a", 2)
        await shop.pay("a")
        assert words(await new_alerts(shop)) == [
            "hold.changed",
            "hold.ended captured",
            "order.captured",
        ]


@pytest.mark.parametrize("before", range(494, 501))
async def test_no_movement_is_divided_by_the_size_of_a_page(before: int) -> None:
    async with alert_shop() as shop:
        await new_alerts(shop)
        for number in range(before):
            await shop.move(1 if number % 2 else -1)
        lines = tuple(Line(sku, 1) for sku in SIZES)
        await shop.engine.submit(
            Reserve(
                reservation_id="r",
                location=DEFAULT_LOCATION,
                session_id="r",
                lines=lines,
                ttl=1_800_000,
            )
        )
        await shop.engine.submit(Capture(ref="r", payment_id="cs_r"))
        alerts = await new_alerts(shop)
        assert words(alerts) == ["hold.created", "hold.ended captured", "order.captured"]
        assert all([line["sku"] for line in alert.data["lines"]] == list(SIZES) for alert in alerts)


async def test_a_movement_longer_than_one_portion_stops_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("fancymonkey.alerts.detector.PORTION", 2)
    async with alert_shop() as shop:
        await new_alerts(shop)
        lines = tuple(Line(sku, 1) for sku in SIZES)
        await shop.engine.submit(
            Reserve(
                reservation_id="r",
                location=DEFAULT_LOCATION,
                session_id="r",
                lines=lines,
                ttl=1_800_000,
            )
        )
        await shop.move(-1, SKU)
        await shop.hold("a", 1)
        assert "hold.created" in words(await new_alerts(shop))
        seen = await shop.alerts._watch.begun()
        assert seen.revision == shop.engine.view.revision
