"""A channel with a corrected URL is a new channel; waiting alerts of the former one are sent."""

from fancymonkey.alerts.alerts import Alerts
from fancymonkey.settings.event_names import ALERTS
from tests.alerts.alert_shop import AlertShop, RecordingChannel, alert_shop
from tests.web.shops import HOODIE


def over(shop: AlertShop, *channels: RecordingChannel) -> AlertShop:
    """The same shop after another start, with these channels."""
    alerts = Alerts(shop.engine, channels, ALERTS, private=True)
    return AlertShop(shop.engine, shop.clock, channels[0], alerts)


async def test_waiting_alerts_are_sent_over_a_corrected_url() -> None:
    async with alert_shop() as shop:
        shop.channel.failing = True
        await shop.move(-16)
        await shop.look()
        await shop.move(-4)
        for _ in range(9):
            await shop.look(600)
        mended = RecordingChannel(key="ch_mended")
        again = over(shop, mended)
        await again.look()
        assert sorted(event.type for event in mended.messages[0].events) == [
            "stock.low",
            "stock.out",
        ]
        assert [message.subject for message in mended.messages] == ["2 alerts: 1 low, 1 out"]
        assert not await shop.waiting()
        states = {(stored.value.target, stored.value.state) for stored in await shop.log()}
        assert states == {("ch_paper", "dropped"), ("ch_mended", "done")}
        again = over(shop, RecordingChannel(key="ch_mended"))
        await again.look()
        assert not again.channel.messages


async def test_other_channels_get_the_waiting_alerts_of_a_removed_one() -> None:
    async with alert_shop() as shop:
        well, ill, odd = (
            RecordingChannel("ch_well"),
            RecordingChannel("ch_ill", failing=True),
            RecordingChannel("ch_odd", failing=True),
        )
        await over(shop, well, ill, odd).look()
        await shop.move(-16)
        await over(shop, well, ill, odd).look()
        assert (len(well.messages), len(await shop.waiting())) == (1, 2)
        new = RecordingChannel("ch_new")  # in place of two
        again = over(shop, well, new)
        for _ in range(3):
            await again.look()
        assert (well.sent_types, new.sent_types) == ([("stock.low",)], [("stock.low",)])
        assert not await shop.waiting()


async def test_a_returning_channel_gets_alerts_that_its_replacement_missed() -> None:
    async with alert_shop() as shop:
        shop.channel.failing = True
        await shop.move(-16)
        await shop.look()
        wrong = over(shop, RecordingChannel("ch_wrong", failing=True))
        await wrong.look()
        await wrong.look()
        back = over(shop, RecordingChannel())
        await back.look()
        await back.look()
        assert back.channel.sent_types == [("stock.low",)]


async def test_without_any_channel_left_what_waits_is_dropped() -> None:
    async with alert_shop() as shop:
        shop.channel.failing = True
        await shop.move(-16)
        await shop.look()
        await Alerts(shop.engine, [], ALERTS).once()
        (stored,) = await shop.log()
        assert (stored.value.state, await shop.waiting()) == ("dropped", [])


async def test_retried_alerts_are_not_labelled_as_delayed() -> None:
    async with alert_shop() as shop:
        shop.channel.failing = True
        await shop.move(-16)
        await shop.move(-56, f"{HOODIE}/L")
        for _ in range(9):
            await shop.look(600)
        shop.channel.failing = False
        await shop.look(24 * 3600)
        assert [message.subject for message in shop.channel.messages] == ["2 alerts: 2 low"]
