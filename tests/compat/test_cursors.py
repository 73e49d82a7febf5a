"""Followers continue at their positions of the first format: no alert is lost or repeated."""

from typing import Any

import pytest

from fancymonkey.alerts.detector import DetectorPositions
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Cursor
from fancymonkey.core.records import MoveCursor
from fancymonkey.core.stock.adjust import Adjust
from fancymonkey.engine.demand.turned_away import HOUR
from fancymonkey.engine.documents import DocumentCollection
from fancymonkey.payments.reconcile import JOB, last_run
from tests.compat.test_first_format import facts, kind, opened, target
from tests.web.shops import Shop

__all__ = ["facts", "kind", "target"]

SKU = "mug/OS"


async def happened(shop: Shop) -> list[str]:
    """The types of all alerts so far."""
    alerts = shop.client.app._shop.alerts
    return sorted([stored.value.type for stored in await alerts.outbox.happened.all()])


async def test_alerts_continue_at_the_old_position(target: str, facts: Any) -> None:
    async with opened(target, facts) as shop:
        alerts, store = shop.client.app._shop.alerts, shop.engine.store
        seen = DocumentCollection(shop.engine, "alerts", DetectorPositions)
        old = await seen.get("seen")
        before = await happened(shop)
        if old is None:  # nothing was reported yet: the first look counts all entries as known
            old_revision = shop.engine.view.revision
        else:
            old_revision = old.value.revision
            assert await store.find(Cursor, "alerts") is None
        await alerts.once()
        known = await happened(shop)
        low = max(shop.engine.view.stock(SKU).available, 1)
        await shop.engine.submit(Adjust(sku=SKU, location=DEFAULT_LOCATION, delta=-low))
        await alerts.once()
        await alerts.once()
        added = sorted([*known, "stock.out"])
        assert await happened(shop) == added
        cursor = await store.find(Cursor, "alerts")
        assert cursor is not None
        assert cursor.revision == shop.engine.view.revision > old_revision
        after = await seen.get("seen")
        assert after is not None
        assert (
            after.value.revision == cursor.revision
        )  # a process of the old version continues here
        assert set(before) <= set(known)
    async with opened(target, facts) as shop:
        await shop.client.app._shop.alerts.once()
        assert await happened(shop) == added


@pytest.mark.parametrize("written_by_old", [True, False])
async def test_a_reconciliation_begins_at_the_old_time(
    target: str, facts: Any, written_by_old: bool
) -> None:
    async with opened(target, facts) as shop:
        now = shop.engine.clock()
        at = now - 5 * HOUR
        # The first format kept the time of a comparison as a revision.
        old = MoveCursor(name=JOB, revision=at)
        await shop.engine.submit(old if written_by_old else MoveCursor(name=JOB, at=at))
        assert await last_run(shop.engine, now) == at
        await shop.engine.submit(MoveCursor(name=JOB, at=now - HOUR))
        assert await last_run(shop.engine, now) == now - HOUR


async def test_the_demand_of_an_old_shop_is_counted_from_its_ledger(
    target: str, facts: Any
) -> None:
    async with opened(target, facts) as shop:
        keeper = shop.client.app._shop.services.demand
        await keeper.catch_up()
        await shop.check()
        cursor = await shop.engine.store.find(Cursor, "daily-demand")
        assert cursor is not None
        assert cursor.generation == 1
    async with opened(target, facts) as shop:
        await shop.client.app._shop.services.demand.catch_up()
        cursor = await shop.engine.store.find(Cursor, "daily-demand")
        assert cursor is not None
        assert cursor.generation == 1
        await shop.check()
