"""Each event of the shop is reported once, also after a crash and after quiet hours."""

import json
from datetime import time
from zoneinfo import ZoneInfo

import pytest

from fancymonkey.alerts.backoff import HOUR, MINUTE
from fancymonkey.alerts.quiet_hours import QuietHours
from fancymonkey.core.dates import DAY_MS
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.payments.rows import JobRun
from fancymonkey.core.records import RecordRun
from fancymonkey.core.stock.adjust import Adjust, SetItem
from fancymonkey.engine.documents import Conflict, DocumentCollection
from fancymonkey.errors import StoreUnavailable
from fancymonkey.store.in_memory.store import MemoryStore
from tests.alerts.alert_shop import SKU, AlertShop, alert_shop
from tests.web.shops import HOODIE

NIGHT = QuietHours(time(22), time(7), ZoneInfo("UTC"))
EVENING = 10 * 3600 + 60  # the clock begins at noon


async def test_low_is_reported_once_while_holds_come_and_go() -> None:
    async with alert_shop() as shop:
        for number in range(20):
            await shop.hold(f"h{number}", 16)
            await shop.look()
            await shop.release(f"h{number}")
            await shop.look()
        assert shop.channel.sent_types == [("stock.low",)]
        message = shop.channel.messages[0]
        assert message.subject == "Low: MIDNIGHT EMERALD HOODIE, M, 4 left"
        assert "16 more units held in baskets" in message.text()


async def test_taking_off_sale_and_putting_back() -> None:
    async with alert_shop() as shop:
        await shop.hold("h", 20)
        await shop.look()
        assert shop.channel.sent_types == [("stock.low",)]  # the hold may still come back
        await shop.pay("h")
        await shop.look()
        await shop.move(+30)
        await shop.look()
        await shop.move(-30)
        await shop.look()
        assert [message for (message,) in shop.channel.sent_types] == [
            "stock.low",
            "stock.out",
            "stock.restocked",
            "stock.out",
        ]


async def test_simultaneous_alerts_are_one_message() -> None:
    async with alert_shop() as shop:
        for size in ("M", "L", "S"):
            await shop.move(-2, f"{HOODIE}/{size}")
        await shop.move(-16)
        await shop.move(-56, f"{HOODIE}/L")
        await shop.move(-1, f"{HOODIE}/S")
        await shop.look()
        (message,) = shop.channel.messages
        assert sorted(event.type for event in message.events) == [
            "stock.low",
            "stock.out",
            "stock.out",
        ]
        assert message.subject == "3 alerts: 2 out, 1 low"


async def test_unselected_events_are_not_reported() -> None:
    async with alert_shop(events=("stock.out",)) as shop:
        await shop.move(-16)
        await shop.look()
        assert not shop.channel.messages
        await shop.move(-4)
        await shop.look()
        assert shop.channel.sent_types == [("stock.out",)]


async def test_another_process_continues_where_the_last_one_ended() -> None:
    async with alert_shop() as shop:
        await shop.move(-16)
        await shop.look()
        await shop.move(-4)  # while no server looks
        other = shop.again()
        await other.look()
        third = shop.again()
        await third.look()
        assert (shop.channel.sent_types, other.channel.sent_types) == (
            [("stock.low",)],
            [("stock.out",)],
        )
        assert not third.channel.messages


async def test_two_detectors_at_the_same_time_report_an_event_once() -> None:
    async with alert_shop() as shop:
        other = shop.again()
        await other.alerts.once()
        await shop.move(-16)
        await shop.alerts._watch.ledger(await shop.alerts.targets())
        with pytest.raises(Conflict):
            await other.alerts._watch.ledger(await other.alerts.targets())
        await other.alerts._watch.ledger(await other.alerts.targets())
        assert len(await shop.waiting()) == 1


async def test_a_crash_between_sending_and_noting_repeats_it_under_the_same_id() -> None:
    async with alert_shop() as shop:
        await shop.move(-16)
        await shop.alerts.once()
        shop.clock.forward(10)

        async def crash(*_: object) -> None:
            raise RuntimeError("crash")

        shop.alerts.outbox.close = crash  # type: ignore[method-assign]
        with pytest.raises(RuntimeError, match="crash"):
            await shop.alerts.once()
        other = shop.again()
        await other.look()
        assert (len(shop.channel.messages), len(other.channel.messages)) == (1, 1)
        assert shop.channel.messages[0].id == other.channel.messages[0].id
        assert not await shop.waiting()
        third = shop.again()
        await third.look()
        assert not third.channel.messages


async def test_a_failure_of_the_store_after_sending_causes_no_second_message() -> None:
    async with alert_shop() as shop:
        await shop.move(-16)
        await shop.alerts.once()
        shop.clock.forward(10)
        sender = shop.alerts._sender
        await sender.load()
        run, failing = shop.engine.store.run, True

        async def fails(*values: object) -> object:
            if failing:
                raise StoreUnavailable("away")
            return await run(*values)  # type: ignore[arg-type]

        shop.engine.store.run = fails  # type: ignore[method-assign,assignment]
        await sender.round()
        await sender.settle()
        assert len(shop.channel.messages) == 1
        with pytest.raises(StoreUnavailable):
            await sender.round()
        failing = False
        await sender.round()
        await sender.settle()
        assert not await shop.waiting()
        assert len(shop.channel.messages) == 1


async def test_a_failing_channel_is_tried_again_for_a_day() -> None:
    async with alert_shop() as shop:
        shop.channel.failing = True
        await shop.move(-16)
        await shop.look()
        (stored,) = await shop.waiting()
        assert (stored.value.tries, stored.value.attempts[0].error) == (1, "The paper is wet.")
        tries = []
        for _ in range(27 * 60):
            shop.clock.forward(60)
            await shop.alerts.once()
            waiting = await shop.waiting()
            if not waiting:
                break
            tries.append(waiting[0].value.tries)
        (over,) = await shop.log()
        assert over.value.state == "failed"
        assert 8 <= over.value.tries <= 12
        assert over.value.attempts[-1].at - over.value.made_at >= DAY_MS
        shop.channel.failing = False
        await shop.move(-4)
        await shop.look()
        assert shop.channel.sent_types == [("stock.out",)]


async def test_a_channel_that_works_again_gets_missed_alerts() -> None:
    async with alert_shop() as shop:
        shop.channel.failing = True
        await shop.move(-16)
        await shop.look()
        shop.channel.failing = False
        await shop.look(20)
        assert shop.channel.sent_types == [("stock.low",)]


async def test_quiet_hours_end_with_one_message() -> None:
    async with alert_shop(quiet=NIGHT) as shop:
        shop.clock.forward(EVENING)
        await shop.move(-16)
        await shop.look(HOUR // 1000)
        await shop.move(-4)
        await shop.look(HOUR // 1000)
        await shop.move(-56, f"{HOODIE}/L")
        await shop.look(HOUR // 1000)
        assert not shop.channel.messages
        other = shop.again(quiet=NIGHT)  # another process in the middle of the night
        await other.look(6 * HOUR // 1000)
        (message,) = other.channel.messages
        assert [event.type for event in message.events] == ["stock.low", "stock.out", "stock.low"]
        assert message.subject == "3 alerts from the quiet hours: 2 low, 1 out"
        await other.look()
        assert len(other.channel.messages) == 1


async def test_a_failure_before_the_quiet_hours_does_not_ring_in_them() -> None:
    async with alert_shop(quiet=NIGHT) as shop:
        shop.clock.forward(EVENING - 3 * 60)
        shop.channel.failing = True
        await shop.move(-16)
        await shop.look(30)
        shop.channel.failing = False
        await shop.look(6 * MINUTE // 1000)
        assert not shop.channel.messages
        await shop.look(9 * HOUR // 1000)
        assert shop.channel.sent_types == [("stock.low",)]


class Troubled(MemoryStore):
    """A store with a health problem."""

    def __init__(self) -> None:
        super().__init__()
        self.problems: list[str] = []

    async def health_problems(self) -> list[str]:
        return self.problems


async def test_trouble_with_the_store_does_not_wait_for_the_morning() -> None:
    store = Troubled()
    async with alert_shop(store, quiet=NIGHT) as shop:
        shop.clock.forward(EVENING)
        store.problems = ["The disk has 312 MB left."]
        await shop.alerts.once()
        assert shop.channel.sent_types == [("store.unhealthy",)]
        store.problems = ["The disk has 311 MB left."]  # the same trouble
        await shop.look()
        assert len(shop.channel.messages) == 1
        store.problems = []
        await shop.look()
        store.problems = ["The disk has 310 MB left."]  # again
        await shop.look()
        assert len(shop.channel.messages) == 2


async def test_payment_issues_are_reported_once_by_name() -> None:
    async with alert_shop() as shop:
        await shop.hold("h", 20)
        shop.clock.forward(1800)
        await shop.hold("other", 20)
        await shop.pay("h")  # late, and nothing is left
        await shop.look()
        await shop.look()
        events = [event for message in shop.channel.messages for event in message.events]
        (alert,) = [event for event in events if event.type == "payment_issue.opened"]
        assert alert.title == "Late payment: 20 × MIDNIGHT EMERALD HOODIE M"
        assert alert.data["concern"] == "late_payment"
        other = shop.again()
        await other.look()
        assert not other.channel.messages


async def ran(shop: AlertShop, job: str, outcome: str, **report: object) -> None:
    """A job has run."""
    shop.clock.forward(60)
    now, text = shop.engine.clock(), json.dumps(report)
    await shop.engine.submit(RecordRun(run=JobRun(job, now, 5, outcome, text)))
    await DocumentCollection(shop.engine, "jobs", dict).put(job, {"outcome": outcome})


async def test_a_failing_job_is_reported_at_its_first_failure() -> None:
    async with alert_shop(jobs=lambda: ["backup", "reconcile"]) as shop:
        await ran(shop, "backup", "done")
        await shop.look()
        assert not shop.channel.messages
        for _ in range(3):
            await ran(shop, "backup", "failed", message="The disk is full.")
            await shop.look()
        assert shop.channel.sent_types == [("job.failed",)]
        assert "The disk is full." in shop.channel.messages[0].text()
        await ran(shop, "backup", "done")
        await shop.look()
        await ran(shop, "backup", "failed")
        await shop.look()
        assert len(shop.channel.messages) == 2


async def test_corrections_of_reconciliation_are_reported() -> None:
    async with alert_shop(jobs=lambda: ["reconcile"]) as shop:
        await ran(shop, "reconcile", "balanced")
        await ran(
            shop, "reconcile", "corrected", corrected=["a payment of cs_1 was missed"], open=[]
        )
        await shop.look()
        assert shop.channel.sent_types == [("reconciliation.corrected",)]
        assert "Corrected: a payment of cs_1 was missed" in shop.channel.messages[0].text()
        await ran(shop, "reconcile", "open", corrected=[], open=["cs_2 is of no hold"])
        await shop.look()
        assert len(shop.channel.messages) == 2


async def test_reported_events_are_not_repeated_after_quiet_months() -> None:
    async with alert_shop(jobs=lambda: ["reconcile"]) as shop:
        await ran(
            shop, "reconcile", "corrected", corrected=["a payment of cs_1 was missed"], open=[]
        )
        await shop.look()
        assert shop.channel.sent_types == [("reconciliation.corrected",)]
        commands = shop.engine.batcher.commands
        for _ in range(70):
            await shop.look(24 * 3600)
            await shop.engine._prune()
        assert len(shop.channel.messages) == 1
        assert shop.engine.batcher.commands - commands <= 2 * 70  # one of them is the pruning


async def test_open_differences_of_reconciliation_are_reported_once() -> None:
    async with alert_shop(jobs=lambda: ["reconcile"]) as shop:
        left = ["cs_1 is of no hold"]
        for _ in range(200):  # more than the three hours that runs are looked at again
            await ran(shop, "reconcile", "open", corrected=[], open=left)
            await shop.look()
        assert len(shop.channel.messages) == 1
        await ran(shop, "reconcile", "open", corrected=[], open=[*left, "cs_2 is of no hold"])
        await shop.look()
        assert len(shop.channel.messages) == 2
        await ran(shop, "reconcile", "corrected", corrected=["cs_3 was missed"], open=left)
        await shop.look()
        assert len(shop.channel.messages) == 3
        shop.clock.forward(2 * 86_400)
        await ran(shop, "reconcile", "balanced")
        await shop.look()
        await shop.look()
        assert len(shop.channel.messages) == 3
        await ran(shop, "reconcile", "open", corrected=[], open=left)
        await shop.look()
        assert len(shop.channel.messages) == 4


async def test_the_digest_comes_once_a_day_and_only_with_content() -> None:
    async with alert_shop() as shop:
        assert await shop.alerts.digest() is not None  # S is low and XL is out in the catalogue
        assert await shop.alerts.digest() is None
        await shop.look()
        (message,) = shop.channel.messages
        assert message.subject == "2025-10-07: 2 low, 1 out"
        assert "MIDNIGHT EMERALD HOODIE, XL: 0 left" in message.text()
        assert "MIDNIGHT EMERALD HOODIE, S: 3 left" in message.text()
        shop.clock.forward(24 * 3600)
        await shop.engine.submit(Adjust(sku=f"{HOODIE}/XL", location=DEFAULT_LOCATION, delta=50))
        await shop.engine.submit(Adjust(sku=f"{HOODIE}/S", location=DEFAULT_LOCATION, delta=50))
        await shop.engine.submit(
            Adjust(sku="prod_hoodie_002/S/M", location=DEFAULT_LOCATION, delta=50)
        )
        assert await shop.alerts.digest() is None


async def test_a_size_off_sale_is_not_reported() -> None:
    async with alert_shop() as shop:
        await shop.engine.submit(SetItem(sku=SKU, location=DEFAULT_LOCATION, sold_out=True))
        await shop.move(-20)
        await shop.look()
        assert not shop.channel.messages
        await shop.engine.submit(SetItem(sku=SKU, location=DEFAULT_LOCATION, sold_out=False))
        await shop.look()
        assert shop.channel.sent_types == [("stock.out",)]


async def test_an_idle_shop_writes_nothing() -> None:
    async with alert_shop() as shop:
        commands = shop.engine.batcher.commands
        for _ in range(20):
            await shop.look()
        assert shop.engine.batcher.commands == commands
