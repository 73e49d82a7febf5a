"""Holds that bought nothing are removed some time after their end; the ledger keeps them."""

from fancymonkey.core.model import Kind, Reservation
from tests.web.shops import CRON, Shop, ledger

HEADERS = {"Authorization": f"Bearer {CRON}"}
DAY = 86_400


async def retention(shop: Shop) -> dict[str, int]:
    answer = await shop.client.get("/api/cron/retention", HEADERS)
    assert answer.status == 200, answer
    report: dict[str, int] = answer.json["report"]
    return report


async def sessions(shop: Shop) -> list[str]:
    return sorted([row.session_id async for row in shop.engine.store.scan(Reservation)])


async def test_ended_holds_are_folded_after_their_days(any_shop: Shop) -> None:
    shop = any_shop
    for session in ("released", "expired"):
        assert (await shop.reserve(session, quantity=2)).status == 200
    assert (await shop.release("released")).status == 200
    shop.clock.forward(3600)
    assert (await shop.release("expired")).status == 200
    shop.clock.forward(89 * DAY)
    assert (await shop.reserve("later")).status == 200
    assert (await shop.release("later")).status == 200
    assert (await retention(shop))["folded"] == 0
    assert await sessions(shop) == ["expired", "later", "released"]
    before = await ledger(shop.engine.store)
    shop.clock.forward(2 * DAY)
    assert await retention(shop) == {"forgotten": 0, "folded": 2}
    assert await sessions(shop) == ["later"]
    answer = await shop.release("expired")
    assert (answer.status, answer.json["code"]) == (404, "unknown_session")
    entries = await ledger(shop.engine.store)
    assert entries[: len(before)] == before
    assert [entry.kind for entry in entries[-6:]].count(Kind.RESERVED) == 3
    assert (await shop.reserve("expired", quantity=3)).status == 200
    assert (await retention(shop))["folded"] == 0
    await shop.check()
