"""A long import repeated under its key: after a crash, and after its undo."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import nullcontext
from typing import Any

import pytest

from fancymonkey.core.changes.bulk import CHUNK, PORTION
from fancymonkey.core.changes.change_set import ChangeSet
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Kind, sku_of
from fancymonkey.core.stock.adjust import Adjust
from fancymonkey.errors import StoreUnavailable
from fancymonkey.store.in_memory.store import MemoryStore
from tests.payments.conftest import OWNER
from tests.web.admin_api.test_changes import undo
from tests.web.imports.test_import import apply, counts, exported, many, stock
from tests.web.shops import Shop, running

ROWS = CHUNK + 100
KEY = {"Idempotency_Key": "delivery-7"}
LAST = ("99", "p00500")


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with running(MemoryStore()) as shop:
        await many(shop, ROWS)
        yield shop


async def table(shop: Shop, stock_of_each: int) -> str:
    return (await exported(shop, "?q=p00")).replace(",10,0,10,", f",{stock_of_each},0,10,")


async def stocks(shop: Shop) -> set[int]:
    """The stock of all rows but the last."""
    levels = shop.engine.view.levels
    return {
        level.on_hand
        for (sku, _), level in levels.items()
        if sku.startswith("p00") and sku != sku_of(*reversed(LAST))
    }


def fail_at(shop: Shop, monkeypatch: pytest.MonkeyPatch, portion: int) -> None:
    """The store fails once, at this portion."""
    submit, seen = shop.engine.submit, list[ChangeSet]()

    async def failing(command: Any) -> Any:
        if type(command) is ChangeSet:
            seen.append(command)
            if len(seen) == portion:
                raise StoreUnavailable("the disk is gone")
        return await submit(command)

    monkeypatch.setattr(shop.engine, "submit", failing)


@pytest.mark.parametrize("rows", ["all", "good"])
@pytest.mark.parametrize("portion", [2, 5, ROWS // PORTION])
async def test_an_interrupted_import_is_completed_under_the_same_key(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, rows: str, portion: int
) -> None:
    text = await table(shop, 11)
    fail_at(shop, monkeypatch, portion)
    broken = await apply(shop, text, f"&rows={rows}", **KEY)
    assert broken.status == 503
    assert await stocks(shop) == {10, 11}

    done = await apply(shop, text, f"&rows={rows}", **KEY)
    assert counts(done)["applied"] == ROWS - (portion - 1) * PORTION
    assert await stocks(shop) == {11}
    assert await stock(shop, *LAST) == 11

    again = await apply(shop, text, f"&rows={rows}", **KEY)
    assert again.body == done.body
    assert await stocks(shop) == {11}
    await shop.check()


def sell_before(shop: Shop, monkeypatch: pytest.MonkeyPatch, portion: int) -> None:
    """A buyer takes of the last row when this portion comes, at each attempt."""
    submit, seen = shop.engine.submit, list[ChangeSet]()

    async def sold_in_between(command: Any) -> Any:
        if type(command) is ChangeSet:
            seen.append(command)
            if len(seen) % portion == 0:
                await submit(
                    Adjust(
                        sku=sku_of(*reversed(LAST)),
                        location=DEFAULT_LOCATION,
                        delta=-5,
                        kind=Kind.SOLD,
                    )
                )
        return await submit(command)

    monkeypatch.setattr(shop.engine, "submit", sold_in_between)


async def test_a_reverted_import_is_applied_when_it_is_sent_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = await table(shop, 2)
    sku = sku_of(*reversed(LAST))
    for _ in range(3):
        with monkeypatch.context() as patch:
            sell_before(shop, patch, ROWS // PORTION)
            refused = await apply(shop, text, **KEY)
        assert (refused.status, refused.code) == (422, "import_faults")
        assert "on hand" in refused.json["faults"][0]["reason"]
        assert await stocks(shop) == {10}
        await shop.engine.submit(
            Adjust(sku=sku, location=DEFAULT_LOCATION, delta=5, kind=Kind.RETURNED)
        )

    done = await apply(shop, text, **KEY)
    assert counts(done)["applied"] == ROWS
    assert await stocks(shop) == {2}
    assert await stock(shop, *LAST) == 2
    again = await apply(shop, text, **KEY)
    assert again.body == done.body

    assert (await undo(shop, done.json["changeId"])).status == 200
    assert await stocks(shop) == {10}
    await shop.check()


async def test_an_undone_import_stays_undone_when_its_request_is_repeated(shop: Shop) -> None:
    text = await table(shop, 11)
    done = await apply(shop, text, **KEY)
    assert (await undo(shop, done.json["changeId"])).status == 200
    again = await apply(shop, text, **KEY)
    assert again.body == done.body
    assert await stocks(shop) == {10}
    await shop.check()


async def test_two_workers_with_one_request_change_each_row_once(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both import without knowledge of the other: the later one may only be refused."""
    text = await table(shop, 11)
    monkeypatch.setattr(shop.client.app._shop, "importing", nullcontext())
    answers = await asyncio.gather(*(apply(shop, text, **KEY) for _ in range(2)))
    assert sorted(answer.status for answer in answers) in ([200, 200], [200, 422])
    assert await stocks(shop) == {11}
    changes = (await shop.client.get("/api/admin/changes", OWNER)).json["changes"]
    assert [change["changed"] for change in changes if change["action"] == "import"] == [ROWS]
    again = await apply(shop, text, **KEY)
    assert again.body in [answer.body for answer in answers if answer.status == 200]
    await shop.check()
