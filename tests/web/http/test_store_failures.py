"""The answers to clients while the store fails, and after an internal error."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from fancymonkey.core.catalogue.products import NewItem, UpsertProduct
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Item, Product, sku_of
from fancymonkey.engine.batcher import QUEUE_MAX
from fancymonkey.engine.engine import Engine
from fancymonkey.errors import (
    DataError,
    Overloaded,
    StoreCorrupt,
    StoreReadOnly,
    StoreUnavailable,
)
from fancymonkey.settings.settings import Settings
from fancymonkey.store.in_memory.store import MemoryStore
from fancymonkey.web.app import create_app
from fancymonkey.web.http.clients.rate_limits import RATES, Rate
from tests.payments.conftest import OWNER
from tests.web.client import Answer, Client
from tests.web.shops import CRON, PASSWORD, Shop, running
from tests.web.signing import deliver, event

SECRET = "db.internal:5432 user=shop"


class FailingStore(MemoryStore):
    """The memory store, which fails on request."""

    def __init__(self) -> None:
        super().__init__()
        self.error: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()

    async def _maybe(self) -> None:
        await self.gate.wait()
        if self.error is not None:
            raise self.error

    async def run(self, commands: Any, now: int, after: int) -> Any:
        await self._maybe()
        return await super().run(commands, now, after)

    async def next_due(self) -> int | None:
        await self._maybe()
        return await super().next_due()

    async def health_problems(self) -> list[str]:
        await self._maybe()
        return await super().health_problems()


Call = Callable[[Shop], Awaitable[Answer]]
CALLS: dict[str, Call] = {
    "reserve": lambda shop: shop.reserve("cs_1"),
    "release": lambda shop: shop.release("cs_1"),
    "release expired": lambda shop: shop.client.post(
        "/api/inventory/release", {"releaseExpired": True}
    ),
    "cron": lambda shop: shop.client.get(
        "/api/inventory/release", {"Authorization": f"Bearer {CRON}"}
    ),
    "update": lambda shop: shop.update({"stock": 1}),
    "bulk-update": lambda shop: shop.bulk("set", changes={"stock": 1}),
    "dry run": lambda shop: shop.bulk("set", changes={"stock": 1}, dryRun=True),
    "keyed bulk-update": lambda shop: shop.bulk(
        "set", {"Idempotency-Key": "k"}, changes={"stock": 1}
    ),
    "webhook": lambda shop: deliver(shop, event("completed", "cs_1")),
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(
    "error",
    [StoreUnavailable(SECRET), StoreCorrupt(SECRET), StoreReadOnly(SECRET), DataError(SECRET)],
    ids=lambda error: type(error).__name__,
)
async def test_a_failing_store_is_503_with_a_time_to_retry(name: str, error: Exception) -> None:
    store = FailingStore()
    async with running(store) as shop:
        await shop.reserve("cs_1")
        before = await shop.stored_text()
        store.error = error
        answer = await CALLS[name](shop)
        assert answer.status == 503
        assert answer.code == "unavailable"
        assert int(answer.header("retry-after") or "") >= 1
        assert SECRET.encode() not in answer.body
        assert (await shop.client.get("/api/inventory/get")).status == 200  # reads continue
        store.error = None
        assert await shop.stored_text() == before
        assert (await CALLS[name](shop)).status == 200


@pytest.mark.parametrize("name", CALLS)
async def test_an_internal_error_is_500_without_internal_details(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    store = FailingStore()
    async with running(store) as shop:
        await shop.reserve("cs_1")
        store.error = ZeroDivisionError(SECRET)
        answer = await CALLS[name](shop)
        assert (answer.status, answer.code) == (500, "internal_error")
        for word in (b"Traceback", b"ZeroDivision", b".py", SECRET.encode()):
            assert word not in answer.body
        assert "ZeroDivisionError" in caplog.text  # the log has all of it
        store.error = None
        assert (await CALLS[name](shop)).status == 200


async def test_a_bug_in_one_command_spares_its_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    class Picky(MemoryStore):
        async def run(self, commands: Any, now: int, after: int) -> Any:
            if any(getattr(command, "session_id", "") == "poison" for command in commands):
                raise KeyError("poison")
            return await super().run(commands, now, after)

    async with running(Picky()) as shop:
        sessions = ["a", "b", "poison", "c", "d"]
        answers = await asyncio.gather(*[shop.reserve(session) for session in sessions])
        assert [answer.status for answer in answers] == [200, 200, 500, 200, 200]
        await shop.check()


async def test_too_many_waiting_is_503_and_nothing_is_lost() -> None:
    store = FailingStore()
    async with running(store) as shop:
        store.gate.clear()
        tasks = [asyncio.create_task(shop.reserve("cs_1")) for _ in range(QUEUE_MAX + 50)]
        for _ in range(3):
            await asyncio.sleep(0)
        refused = [task.result() for task in tasks if task.done()]
        assert len(refused) >= 49
        assert {(answer.status, answer.code) for answer in refused} == {(503, "overloaded")}
        assert all(answer.header("retry-after") for answer in refused)
        store.gate.set()
        taken = [await task for task in tasks]
        assert sum(answer.status == 200 for answer in taken) == QUEUE_MAX + 50 - len(refused)
        await shop.check()


async def test_after_close_nothing_is_taken() -> None:
    async with running(MemoryStore()) as shop:
        pass
    answer = await shop.reserve("cs_1")
    assert (answer.status, answer.code) == (503, "unavailable")


async def test_readyz_is_503_while_the_store_is_unreachable(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store = FailingStore()
    async with running(store) as shop:
        ready = await shop.client.get("/readyz")
        assert (ready.status, ready.json["status"]) == (200, "ready")
        store.error = StoreUnavailable(SECRET)
        for _ in range(3):
            away = await shop.client.get("/readyz")
            assert (away.status, away.code) == (503, "unavailable")
            assert away.header("retry-after")
            assert SECRET.encode() not in away.body
        assert caplog.text.count(SECRET) == 1  # the log has it once
        assert (await shop.client.get("/healthz")).status == 200  # still alive
        store.error = ZeroDivisionError("a bug")
        assert (await shop.client.get("/readyz")).status == 503
        store.error = None
        store.gate.clear()
        monkeypatch.setattr("fancymonkey.web.system.health.STORE_SECONDS", 0.01)
        assert (await shop.client.get("/readyz")).status == 503
        store.gate.set()
        assert (await shop.client.get("/readyz")).status == 200


LEAKS = (
    "products.json, line 3, column 1: a key in double quotes is expected",
    "products.json: prod_secret/M keeps 7 units",
    "No snapshot of the state could be written: [Errno 28] '/srv/shop/data/state/x.tmp'",
    "PostgreSQL at db.internal:5432/shop: connection refused. Is it running?",
    "/srv/shop/shop.db cannot be read or written (disk I/O error).",
    "PostgreSQL runs with fsync = off: a power cut may destroy the database.",
)


@pytest.mark.parametrize("text", LEAKS)
async def test_readyz_hides_details_from_the_public(text: str) -> None:
    class Troubled(MemoryStore):
        async def health_problems(self) -> list[str]:
            return [text, text]

    async with running(Troubled()) as shop:
        answer = await shop.client.get("/readyz")
        assert (answer.status, answer.json["status"]) == (200, "degraded")
        (problem,) = answer.json["problems"]
        assert problem.startswith(
            "products.json" if text in LEAKS[:2] else "The store needs attention"
        )
        for word in ("db.internal", "5432", "/srv", "shop.db", "prod_secret", "Errno", "line 3"):
            assert word.encode() not in answer.body
        overview = await shop.client.get("/api/admin/overview", OWNER)
        assert overview.json["health"]["store"]["problems"] == [text, text]


async def test_readyz_is_503_while_nothing_can_be_written(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Stopped(MemoryStore):
        why: str | None = f"{SECRET}: the journal could not be written. Writing has stopped."

        async def unwritable(self) -> str | None:
            return self.why

    store = Stopped()
    async with running(store) as shop:
        answer = await shop.client.get("/readyz")
        assert (answer.status, answer.code) == (503, "unavailable")
        assert SECRET.encode() not in answer.body
        assert SECRET in caplog.text
        assert (await shop.client.get("/healthz")).status == 200
        assert (await shop.client.get("/api/inventory/get")).status == 200
        store_health = (await shop.client.get("/api/admin/overview", OWNER)).json["health"]["store"]
        assert store_health == {"ok": False, "problems": [store.why]}
        store.why = None
        assert (await shop.client.get("/readyz")).json["status"] == "ready"
        store_health = (await shop.client.get("/api/admin/overview", OWNER)).json["health"]["store"]
        assert store_health == {"ok": True, "problems": []}


async def test_a_write_that_works_again_ends_the_problem_at_the_first_look() -> None:
    """After a full disk the first readiness check tries to write, and reports the result."""

    class Recovering(MemoryStore):
        failed: str | None = None

        async def unwritable(self) -> str | None:
            self.failed = None  # it is tried, and works
            return None

        async def health_problems(self) -> list[str]:
            return [self.failed] if self.failed else []

    store = Recovering()
    async with running(store) as shop:
        for look, well in (("/readyz", "ready"), ("/api/admin/overview", True)):
            store.failed = "the disk is full"
            answer = await shop.client.get(look, OWNER)
            state = answer.json["status"] if look == "/readyz" else answer.json["health"]["store"]
            assert state in (well, {"ok": well, "problems": []})


async def test_the_public_reads_the_kind_and_the_owner_the_details_of_a_problem() -> None:
    """A mistake in the owner's file, an unnamed proxy and shared ids, all at once."""

    class Troubled(MemoryStore):
        async def health_problems(self) -> list[str]:
            return list(LEAKS)

    async with running(Troubled()) as shop:
        twins = tuple(
            NewItem(Item(sku_of("twins", size), "twins", size, place, "sku_shared"), 1)
            for place, size in enumerate("AB")
        )
        await shop.engine.submit(
            UpsertProduct(product=Product("twins", "Twins"), location=DEFAULT_LOCATION, items=twins)
        )
        proxied = shop.client.elsewhere("172.18.0.1")
        ready = await proxied.get("/readyz", {"X-Forwarded-For": "198.51.100.7"})
        assert ready.json["problems"] == [
            "The store needs attention. The log and the dashboard have the reason.",
            "products.json was not imported unchanged. The log and the dashboard have the reason.",
        ]
        await proxied.get("/api/inventory/get", {"X-Forwarded-For": "198.51.100.7"})
        health = (await shop.client.get("/api/admin/overview", OWNER)).json["health"]
        assert health["store"] == {"ok": False, "problems": list(LEAKS)}
        assert health["proxy"] == {"ok": False, "requests": 1}
        assert not health["catalogue"]["ok"]
        assert "sku_shared" in health["catalogue"]["problems"][0]
        for word in ("sku_shared", "twins", "172.18", "198.51", "TRUSTED"):
            assert word.encode() not in ready.body


async def test_the_overview_names_a_misspelt_setting() -> None:
    variables = {"FULFILLMENT": "on_shipment", "ADMIN_PASSWORD": PASSWORD}
    settings = Settings.load(variables, Path("/nonexistent/.env"))
    for loaded, problems in (
        (settings, ["FULFILLMENT is not a setting and has no effect. Did you mean FULFILMENT?"]),
        (Settings.of(admin_password=PASSWORD), []),
    ):
        engine = Engine(MemoryStore())
        await engine.open()
        try:
            answer = await Client(create_app(loaded, engine)).get("/api/admin/overview", OWNER)
        finally:
            await engine.close()
        part = answer.json["health"]["settings"]
        assert part == {"ok": not problems, "problems": problems}


async def test_the_live_feed_is_503_when_it_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fancymonkey.engine.view.feed.SUBSCRIBERS_MAX", 0)
    async with running(MemoryStore()) as shop:
        answer = await shop.client.get("/api/inventory/live")
        assert (answer.status, answer.code) == (503, "overloaded")
        assert answer.header("retry-after") == "1"


async def test_a_bug_in_a_page_is_500_too(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    async with running(MemoryStore()) as shop:
        monkeypatch.setattr(
            type(shop.engine), "subscribe", lambda *_: (_ for _ in ()).throw(KeyError(SECRET))
        )
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        async def receive() -> Any:
            return {"type": "http.request", "body": b""}

        await shop.client.app(shop.client.scope("GET", "/api/inventory/live"), receive, send)
        (logged,) = [record for record in caplog.records if record.levelno == logging.ERROR]
        assert logged.exc_info is not None
        assert isinstance(logged.exc_info[1], KeyError)
        assert sent[0]["status"] == 500
        assert b"internal_error" in sent[1]["body"]
        assert SECRET.encode() not in sent[1]["body"]


def test_overloaded_is_a_store_error_of_its_own() -> None:
    assert not issubclass(Overloaded, StoreUnavailable)


async def test_the_rate_limit_stops_one_address_and_no_other(monkeypatch: Any) -> None:
    monkeypatch.setitem(RATES, "buy", Rate("buy", 1000, 5))
    async with running(MemoryStore(), rate_limit=True, hold_contention_percent=0) as shop:
        statuses = [(await shop.reserve(f"cs_{number}")).status for number in range(8)]
        assert statuses == [200] * 5 + [429] * 3
        refused = await shop.release("cs_1")
        assert (refused.code, refused.header("retry-after")) == ("too_many_requests", "1")
        assert (await shop.client.get("/api/inventory/get")).status == 200
        other = await shop.client.elsewhere("198.51.100.1").post(
            "/api/inventory/release", {"releaseExpired": True}
        )
        assert other.status == 200
        shop.clock.forward(1)
        assert (await shop.reserve("cs_9")).status == 200
