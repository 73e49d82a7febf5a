"""The live feed over a real server: messages to listeners, resumption, and the end of each."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import websockets
from websockets.asyncio.client import ClientConnection, connect

from fancymonkey.core.catalogue.products import RemoveProduct
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.engine.view.feed import LevelChange, Subscription
from fancymonkey.store.in_memory.store import MemoryStore
from fancymonkey.web.read_models.live_messages import ShopView
from fancymonkey.web.server import audience
from fancymonkey.web.server.fast_path import FastPathProtocol
from fancymonkey.web.server.turns import Turns
from fancymonkey.web.server.websocket import WebSocketServerProtocol
from tests.support.uvicorns import serving
from tests.web.shops import HOODIE, ORIGIN, Shop, running

SECONDS = 30.0
PATH = "/api/inventory/live"


SERVERS: dict[str, dict[str, Any]] = {
    "through ASGI": {},
    "direct": {"http": FastPathProtocol, "ws": WebSocketServerProtocol},
}


@pytest.fixture(params=SERVERS)
async def server(request: pytest.FixtureRequest, shop: Shop) -> AsyncIterator[str]:
    async with serving(shop.client.app, **SERVERS[request.param]) as url:
        yield url


def socket(url: str, query: str = "", **options: Any) -> connect:
    return connect(url.replace("http", "ws") + PATH + query, **options)


async def hear(connection: ClientConnection) -> dict[str, Any]:
    async with asyncio.timeout(SECONDS):
        message: dict[str, Any] = json.loads(await connection.recv())
        return message


@asynccontextmanager
async def events(
    url: str, query: str = "", headers: dict[str, str] | None = None
) -> AsyncIterator[AsyncIterator[dict[str, str]]]:
    """The server-sent events of a connection, each as its fields."""
    async with (
        httpx.AsyncClient(timeout=SECONDS) as http,
        http.stream("GET", url + PATH + query, headers=headers or {}) as response,
    ):
        assert response.status_code == 200, await response.aread()
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["cache-control"] == "no-store"

        async def parsed() -> AsyncIterator[dict[str, str]]:
            fields: dict[str, str] = {}
            async for line in response.aiter_lines():
                if not line:
                    if "data" in fields:
                        yield fields
                    fields = {}
                elif not line.startswith(":"):
                    name, _, value = line.partition(": ")
                    fields[name] = value

        yield parsed()


async def next_event(stream: AsyncIterator[dict[str, str]]) -> dict[str, Any]:
    async with asyncio.timeout(SECONDS):
        fields = await anext(stream)
    body: dict[str, Any] = json.loads(fields["data"])
    assert fields["event"] == body["type"]
    assert int(fields["id"]) == body["revision"]
    return body


async def nobody_listens(shop: Shop) -> None:
    async with asyncio.timeout(SECONDS):
        while len(shop.engine.feed):
            await asyncio.sleep(0.005)


async def test_a_socket_gets_a_snapshot_and_then_changes(shop: Shop, server: str) -> None:
    whole = (await shop.client.get("/api/inventory/get")).json
    async with socket(server) as connection:
        assert await hear(connection) == {"type": "snapshot", **whole}
        await shop.reserve("cs_1", quantity=3)
        change = await hear(connection)
        assert change["type"] == "change"
        assert change["revision"] == shop.engine.view.revision
        assert (change["products"], change["removed"]) == ([], [])
        (row,) = change["changes"]
        assert row == {"productId": HOODIE, **await shop.size()}
        assert row["available"] == 17
    await nobody_listens(shop)


async def test_events_carry_the_same_as_a_socket(shop: Shop, server: str) -> None:
    async with socket(server) as connection, events(server) as stream:
        assert await next_event(stream) == await hear(connection)
        await shop.update({"soldOut": True})
        event = await next_event(stream)
        assert event["changes"][0]["soldOut"] is True
        assert event == await hear(connection)
    await nobody_listens(shop)


async def test_listeners_get_the_end_of_a_hold_on_time(shop: Shop, server: str) -> None:
    await shop.reserve("cs_1", quantity=3)
    async with socket(server) as connection:
        assert (await hear(connection))["inventory"][0]["sizes"][1]["reserved"] == 3
        shop.clock.forward(1800)
        assert (await hear(connection))["changes"][0]["reserved"] == 0


async def test_added_and_removed_products_reach_listeners(shop: Shop, server: str) -> None:
    async with socket(server) as connection:
        await hear(connection)
        await shop.engine.submit(
            RemoveProduct(
                product_id="prod_tee_001", location=DEFAULT_LOCATION, before=("prod_tee_001/M",)
            )
        )
        message = await hear(connection)
        assert message["removed"] == ["prod_tee_001"]
        await shop.update({"restockDate": "2026-01-01"})
        while not (message := await hear(connection))["changes"]:
            pass
        assert message["changes"][0]["size"] == "M"


@pytest.mark.parametrize("how", ["socket", "since", "Last-Event-ID"])
async def test_a_resumed_listener_gets_missed_changes_only(
    shop: Shop, server: str, how: str
) -> None:
    since = shop.engine.view.revision
    await shop.reserve("cs_1", "M")
    await shop.reserve("cs_2", "L", 2)
    await shop.reserve("cs_1", "M", 4)

    async def first() -> dict[str, Any]:
        if how == "socket":
            async with socket(server, f"?since={since}") as connection:
                return await hear(connection)
        query = f"?since={since}" if how == "since" else "?since=0"
        header = {"Last-Event-ID": str(since)} if how == "Last-Event-ID" else None
        async with events(server, query, header) as stream:
            return await next_event(stream)

    missed = await first()
    assert missed["type"] == "change"
    assert missed["revision"] == shop.engine.view.revision
    assert {row["size"]: row["reserved"] for row in missed["changes"]} == {"M": 4, "L": 2}
    since = missed["revision"]
    nothing = await first()
    assert (nothing["type"], nothing["changes"], nothing["revision"]) == ("change", [], since)


async def test_repeated_resumptions_under_load_leave_no_gap(shop: Shop, server: str) -> None:
    """A listener that disconnects repeatedly has in the end the stock of a `get`."""
    known: dict[tuple[str, str], dict[str, Any]] = {}
    revisions: list[int] = []

    def take(message: dict[str, Any]) -> None:
        revisions.append(message["revision"])
        for product in message.get("inventory", []):
            for row in product["sizes"]:
                known[(product["productId"], row["size"])] = row
        for row in message.get("changes", []):
            product_id = row.pop("productId")
            known[(product_id, row["size"])] = row

    async def buy() -> None:
        for number in range(200):
            await shop.reserve(f"cs_{number % 17}", ("S", "M", "L")[number % 3], number % 4 + 1)
            if not number % 5:
                await shop.release(f"cs_{number % 17}")
            await asyncio.sleep(0.001)

    buying = asyncio.create_task(buy())
    since = ""
    while not buying.done() or revisions[-1] < shop.engine.view.revision:
        async with socket(server, since) as connection:
            take(await hear(connection))
            for _ in range(3):
                if revisions[-1] < shop.engine.view.revision:  # so there are more messages
                    take(await hear(connection))
        since = f"?since={revisions[-1]}"
    assert revisions == sorted(revisions)
    for (product_id, size), row in known.items():
        assert row == await shop.size(size, product_id)
    await nobody_listens(shop)


@pytest.mark.parametrize("since", ["0", "999999999"])
async def test_a_listener_too_late_or_from_the_future_gets_a_snapshot(
    shop: Shop, server: str, since: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fancymonkey.engine.engine.CATCH_UP", 5)
    shop.engine.feed.restart(shop.engine.view.revision)  # nothing is remembered, as after a start
    async with socket(server, f"?since={since}") as connection:
        assert (await hear(connection))["type"] == "snapshot"
    async with events(server, headers={"Last-Event-ID": since}) as stream:
        assert (await next_event(stream))["type"] == "snapshot"


GARBAGE = ("x", "-1", "1.5", "1e3", "%00", "%D9%A3", "9" * 19, "0" * 20 + "9" * 5000, "null")


@pytest.mark.parametrize("since", GARBAGE, ids=lambda text: text[:24])
async def test_an_invalid_since_is_refused(shop: Shop, server: str, since: str) -> None:
    async with socket(server, f"?since={since}") as connection:
        with pytest.raises(websockets.ConnectionClosedError) as closed:
            await hear(connection)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1008
    answer = await shop.client.get(f"{PATH}?since={since}")
    assert (answer.status, answer.code) == (422, "invalid_request")
    header = await shop.client.get(PATH, {"Last-Event-ID": b"\xff"})
    assert header.status == 422
    assert len(shop.engine.feed) == 0


async def test_an_empty_since_is_none(shop: Shop, server: str) -> None:
    async with socket(server, "?since=") as connection:
        assert (await hear(connection))["type"] == "snapshot"


@pytest.mark.parametrize(
    "query", ["sinc=5", "Since=5", "since=1&since=2", "&".join(f"sinc{n}=1" for n in range(9))]
)
async def test_a_misspelt_since_is_refused(shop: Shop, server: str, query: str) -> None:
    async with socket(server, f"?{query}") as connection:
        with pytest.raises(websockets.ConnectionClosedError) as closed:
            await hear(connection)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1008
    assert "since" in closed.value.rcvd.reason
    answer = await shop.client.get(f"{PATH}?{query}")
    assert answer.status == 422
    assert "since" in answer.json["detail"]
    assert len(shop.engine.feed) == 0


async def test_other_parameters_of_a_live_connection_are_listed(shop: Shop, server: str) -> None:
    async with socket(server, "?utm_source=mail&_=5") as connection:
        assert (await hear(connection))["type"] == "snapshot"
        assert connection.response is not None
        assert connection.response.headers["ignored-parameters"] == "utm_source, _"
    async with httpx.AsyncClient() as client, client.stream("GET", f"{server}{PATH}?_=5") as opened:
        assert (opened.status_code, opened.headers["ignored-parameters"]) == (200, "_")
    await nobody_listens(shop)


async def test_many_changes_come_as_few_messages_with_the_last_state(
    shop: Shop, server: str
) -> None:
    async with socket(server) as connection:
        await hear(connection)
        for number in range(300):
            await shop.reserve("cs_1", "M", number % 20 + 1)
        messages = 0
        while True:
            change = await hear(connection)
            messages += 1
            if change["revision"] == shop.engine.view.revision:
                break
        assert messages < 100
        assert [row["reserved"] for row in change["changes"]] == [20]


async def test_listeners_of_the_same_message_share_one_text(shop: Shop) -> None:
    context = shop.client.app._shop
    messages = ShopView(context.engine.view, context.listing, Turns())
    listeners = [await shop.engine.subscribe() for _ in range(3)]
    snapshots = [messages.of(await taken(listener)) for listener in listeners]
    assert snapshots[0] is snapshots[1] is snapshots[2]
    await shop.reserve("cs_1")
    texts = [messages.of(await taken(listener)) for listener in listeners]
    assert texts[0] is texts[1] is texts[2]
    await shop.reserve("cs_1", quantity=2)
    assert json.loads(messages.of(await taken(listeners[0])).body)["changes"][0]["reserved"] == 2
    for listener in listeners:
        listener.close()


async def test_a_long_change_over_several_turns_has_all_its_sizes(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fancymonkey.web.read_models.live_messages.SKUS_OF_TURN", 2)
    context = shop.client.app._shop
    messages = ShopView(context.engine.view, context.listing, Turns())
    change = LevelChange(context.engine.view.revision, False, frozenset(context.engine.view.items))
    message = await messages.encode(change)
    assert message.body == messages.of(change).body
    assert message is not messages.of(change)
    assert len(json.loads(message.body)["changes"]) == len(context.engine.view.items)


async def taken(listener: Subscription) -> LevelChange:
    change = await listener.next()
    assert change is not None
    return change


async def test_listeners_are_dropped_however_they_leave(shop: Shop, server: str) -> None:
    async with socket(server) as first, socket(server) as second, events(server) as stream:
        for connection in (first, second):
            await hear(connection)
        await next_event(stream)
        assert len(shop.engine.feed) == 3
        second.transport.abort()
        async with asyncio.timeout(SECONDS):
            while len(shop.engine.feed) > 2:
                await asyncio.sleep(0.005)
    await nobody_listens(shop)


async def test_a_stream_that_ends_before_its_first_byte_leaves_no_listener(shop: Shop) -> None:
    async def receive() -> Any:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        await asyncio.sleep(0)

    await shop.client.app(shop.client.scope("GET", PATH), receive, send)
    assert len(shop.engine.feed) == 0


async def test_a_listener_that_takes_nothing_is_dropped(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audience, "SEND_SECONDS", 0.01)

    async def receive() -> Any:
        await asyncio.Event().wait()

    async def stuck(message: Any) -> None:
        await asyncio.Event().wait()

    await shop.client.app(shop.client.scope("GET", PATH), receive, stuck)
    assert len(shop.engine.feed) == 0


async def test_a_quiet_stream_sends_signs_of_life(
    shop: Shop, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audience, "KEEPALIVE_SECONDS", 0.01)
    async with (
        httpx.AsyncClient(timeout=SECONDS) as http,
        http.stream("GET", server + PATH) as response,
    ):
        async for line in response.aiter_lines():
            if line == ": still here":
                break


async def test_messages_of_a_listener_are_ignored(shop: Shop, server: str) -> None:
    async with socket(server) as connection:
        await hear(connection)
        for text in ("", "hello", "{" * 1000, b"\x00\xff"):
            await connection.send(text)
        await shop.reserve("cs_1")
        assert (await hear(connection))["type"] == "change"


@pytest.mark.parametrize(
    ("origin", "welcome"),
    [
        (ORIGIN, True),
        (None, True),
        ("own", True),
        ("https://evil.example", False),
        ("null", False),
        (f"{ORIGIN}.evil.example", False),
    ],
)
async def test_only_pages_of_known_origins_may_listen(
    shop: Shop, server: str, origin: str | None, welcome: bool
) -> None:
    shown = server if origin == "own" else origin
    if welcome:
        async with socket(server, origin=shown) as connection:
            assert (await hear(connection))["type"] == "snapshot"
    else:
        with pytest.raises(websockets.InvalidStatus) as refused:
            async with socket(server, origin=shown):
                pass
        assert refused.value.response.status_code == 403
    status = 200 if welcome else 403
    async with httpx.AsyncClient(timeout=SECONDS) as http:
        headers = {} if shown is None else {"Origin": shown}
        async with http.stream("GET", server + PATH, headers=headers) as response:
            assert response.status_code == status
            allowed = response.headers.get("access-control-allow-origin")
            assert allowed == (ORIGIN if origin == ORIGIN else None)
    await nobody_listens(shop)


async def test_a_socket_is_closed_with_1013_without_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("fancymonkey.engine.view.feed.SUBSCRIBERS_MAX", 1)
    async with (
        running(MemoryStore()) as shop,
        serving(shop.client.app) as url,
        socket(url) as first,
        socket(url) as second,
    ):
        await hear(first)
        with pytest.raises(websockets.ConnectionClosedError) as closed:
            await hear(second)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1013


async def test_a_bug_in_a_message_ends_that_connection_only(
    shop: Shop, server: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with socket(server) as connection:
        await hear(connection)
        with monkeypatch.context() as patched:

            async def broken(self: Subscription) -> Any:
                raise ZeroDivisionError("a bug")

            patched.setattr(Subscription, "next", broken)
            async with socket(server) as other:
                with pytest.raises(websockets.ConnectionClosed):
                    await hear(other)
        await shop.reserve("cs_1")
        assert (await hear(connection))["type"] == "change"
    await nobody_listens(shop)
    assert "ZeroDivisionError" in caplog.text
