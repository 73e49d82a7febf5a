"""An overdue transfer is reported once, and again after its new expected day."""

import asyncio

from fancymonkey.alerts.alerts import REST_SECONDS
from fancymonkey.core.locations.edit import AddLocation
from fancymonkey.core.locations.locations import Location
from fancymonkey.core.model import Line
from fancymonkey.core.transfers.edit import CreateTransfer, EditTransfer
from fancymonkey.core.transfers.finish import CancelTransfer
from fancymonkey.core.transfers.send import SendTransfer
from fancymonkey.core.transfers.transfer import Missing
from tests.alerts.alert_shop import SKU, AlertShop, alert_shop
from tests.sim.loop import simulate

HOUR = 3_600_000


async def send(shop: AlertShop, expected_in: int) -> None:
    await shop.engine.submit(AddLocation(location=Location("berlin", "Berlin")))
    create = CreateTransfer(
        transfer_id="t1",
        from_location="main",
        to_location="berlin",
        lines=(Line(SKU, 3),),
        tracking_number="1Z",
        expected_at=shop.clock.now + expected_in,
    )
    await shop.engine.submit(create)
    await shop.engine.submit(SendTransfer(transfer_id="t1"))


async def pass_hours(shop: AlertShop, hours: float) -> None:
    """Advances the clock, with the checks that follow."""
    shop.clock.forward(hours * 3600)
    for _ in range(3):
        await asyncio.sleep(REST_SECONDS + 1)  # in virtual time
        await shop.look(10)


def test_an_overdue_transfer_is_reported_once_for_each_expected_day() -> None:
    async def days() -> None:
        async with alert_shop() as shop:
            await send(shop, 2 * HOUR)
            await pass_hours(shop, 1)
            assert shop.channel.sent_types == []
            await pass_hours(shop, 30)
            await pass_hours(shop, 30)
            assert shop.channel.sent_types == [("transfer.overdue",)]
            (event,) = shop.channel.messages[0].events
            assert event.title == "Transfer 1 is overdue: 3 units from Main to Berlin"
            text = event.text
            assert "expected 1 day ago" in text
            assert "174" in text
            assert "1Z" in text
            later = shop.clock.now + HOUR
            await shop.engine.submit(EditTransfer(transfer_id="t1", expected_at=later))
            await pass_hours(shop, 0.5)
            assert len(shop.channel.sent_types) == 1
            await pass_hours(shop, 1)
            assert len(shop.channel.sent_types) == 2

    simulate(days)


def test_a_transfer_that_came_back_is_not_overdue() -> None:
    async def days() -> None:
        async with alert_shop() as shop:
            await send(shop, HOUR)
            back = CancelTransfer(transfer_id="t1", outcome=Missing.CAME_BACK)
            await shop.engine.submit(back)
            await pass_hours(shop, 48)
            assert shop.channel.sent_types == []

    simulate(days)
