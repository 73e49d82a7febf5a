"""Alerts, webhooks and jobs over HTTP: examples, rights, and malformed requests without effect."""

import json
from typing import Any

import pytest
from pydantic import TypeAdapter

from fancymonkey.accounts.model import Right
from fancymonkey.alerts.alerts import Alerts
from fancymonkey.alerts.events import EVENT_TYPES, WEBHOOKS
from fancymonkey.settings.event_names import ALERTS, FORMER_EVENTS, EventName
from fancymonkey.store.in_memory.store import MemoryStore
from fancymonkey.web.admin_api.operation.alert_models import Sort
from tests.alerts.receivers import HttpReceiver
from tests.payments.conftest import OWNER
from tests.web import documented
from tests.web.client import Answer
from tests.web.openapi.test_openapi import shape
from tests.web.shops import Shop, running

BASE = "/api/admin/"


async def post(shop: Shop, path: str, body: Any = None) -> Answer:
    return await shop.client.post(BASE + path, b"" if body is None else body, OWNER)


async def get(shop: Shop, path: str) -> Answer:
    return await shop.client.get(BASE + path, OWNER)


def alerts_of(shop: Shop) -> Alerts:
    """The alerts of the app under test."""
    alerts: Alerts = shop.client.app._shop.alerts  # type: ignore[attr-defined]
    return alerts


def test_the_words_are_the_same_everywhere() -> None:
    alerts = {name for name, sort in EVENT_TYPES.items() if sort.alert}
    assert set(ALERTS) == alerts - {EventName.PING}
    schema = TypeAdapter(Sort).json_schema()
    assert set(schema["enum"]) == set(WEBHOOKS)
    assert {*ALERTS, *WEBHOOKS, EventName.PING} == EVENT_TYPES.keys() == set(EventName)
    assert not FORMER_EVENTS.keys() & EVENT_TYPES.keys()


async def test_the_samples_are_what_is_really_asked_and_answered() -> None:
    async with HttpReceiver() as receiver:
        settings = {
            "alert_urls": (f"json://127.0.0.1:{receiver.port}/",),
            "webhook_allow_private": True,
        }
        async with running(MemoryStore(), **settings) as shop:
            alerts = alerts_of(shop)
            sent = documented.requests("alerts")
            sent["add_webhook"]["url"] = receiver.url
            got = {"add_webhook": await post(shop, "webhooks", sent["add_webhook"])}
            id_ = got["add_webhook"].json["webhook"]["id"]
            for name in ("change", "remove", "rotate", "ping"):
                sent[f"{name}_webhook"]["id"] = id_
            await alerts.once()
            await shop.update({"stock": 4})
            await alerts.once()
            got["list_webhooks"] = await get(shop, "webhooks")
            got["list_deliveries"] = await get(shop, f"webhooks/deliveries?id={id_}")
            sent["redeliver"]["delivery"] = got["list_deliveries"].json["deliveries"][0]["id"]
            got["redeliver"] = await post(shop, "webhooks/redeliver", sent["redeliver"])
            got["ping_webhook"] = await post(shop, "webhooks/ping", sent["ping_webhook"])
            await alerts.once()
            got["rotate_webhook"] = await post(shop, "webhooks/rotate", sent["rotate_webhook"])
            got["change_webhook"] = await post(shop, "webhooks/change", sent["change_webhook"])
            got["remove_webhook"] = await post(shop, "webhooks/remove", sent["remove_webhook"])
            got["alert_status"] = await get(shop, "alerts?limit=1")
            got["test_alerts"] = await post(shop, "alerts/test")
            await shop.client.post("/api/cron/release-expired", b"", OWNER)
            got["list_jobs"] = await get(shop, "jobs")
            types = [json.loads(request.body).get("type") for request in receiver.requests]
    assert got.keys() == documented.answers("alerts").keys()
    for name, answer in got.items():
        assert answer.status == 200, (name, answer)
        payload, sample = answer.json, documented.answers("alerts")[name]
        if name == "alert_status":  # they have no quiet hours here
            assert payload.pop("quietHours") is None
            sample.pop("quietHours")
        assert shape(payload) == shape(sample), name
    assert types.count("stock.low") == 2
    assert types.count("ping") == 1
    assert got["test_alerts"].json["channels"][0]["ok"]
    secret = got["add_webhook"].json["secret"]
    assert secret.startswith("whsec_")
    assert secret not in got["list_webhooks"].body.decode()
    assert got["list_webhooks"].json["webhooks"][0]["secrets"][0]["ends"] == f"…{secret[-4:]}"


async def test_a_test_without_channels_names_the_setting(shop: Shop) -> None:
    answer = await post(shop, "alerts/test")
    assert (answer.status, answer.code) == (409, "no_channels")
    assert "ALERT_URLS" in answer.json["detail"]


async def test_a_failing_channel_is_reported_without_its_secrets() -> None:
    async with running(MemoryStore(), alert_urls=("json://u:hush@127.0.0.1:9/hush",)) as shop:
        answer = await post(shop, "alerts/test")
        status = await get(shop, "alerts")
    assert answer.status == 200
    assert answer.json["success"] is False
    assert answer.json["channels"][0]["error"]
    assert "hush" not in answer.body.decode() + status.body.decode()


GOOD = {"url": "http://8.8.8.8/hook", "events": ["stock.low"]}


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("webhooks", {**GOOD, "url": "http://127.0.0.1/"}, 422, "webhook_address"),
        ("webhooks", {**GOOD, "url": "http://localhost/"}, 422, "webhook_address"),
        ("webhooks", {**GOOD, "url": "http://169.254.169.254/"}, 422, "webhook_address"),
        ("webhooks", {**GOOD, "url": "ftp://8.8.8.8/"}, 422, "webhook_address"),
        ("webhooks", {**GOOD, "url": "http://[::1"}, 422, "webhook_address"),
        ("webhooks", {**GOOD, "url": "x" * 3000}, 422, "invalid_request"),
        ("webhooks", {**GOOD, "events": []}, 422, "invalid_request"),
        ("webhooks", {**GOOD, "events": ["ping"]}, 422, "invalid_request"),
        ("webhooks", {**GOOD, "events": ["stock.lost"]}, 422, "invalid_request"),
        ("webhooks", {"url": GOOD["url"]}, 422, "invalid_request"),
        ("webhooks", b"{", 400, "invalid_json"),
        ("webhooks/change", {"id": "whk_x", "active": True}, 404, "unknown_webhook"),
        ("webhooks/change", {"id": "../x\n"}, 404, "unknown_webhook"),
        ("webhooks/change", {"id": "whk_x", "url": "http://0/"}, 422, "webhook_address"),
        ("webhooks/remove", {"id": "whk_x"}, 404, "unknown_webhook"),
        ("webhooks/rotate", {"id": "whk_x"}, 404, "unknown_webhook"),
        ("webhooks/rotate", {"id": "whk_x", "hours": 1000}, 422, "invalid_request"),
        ("webhooks/ping", {"id": "whk_x"}, 404, "unknown_webhook"),
        ("webhooks/redeliver", {"delivery": "dlv_x"}, 404, "unknown_webhook"),
        ("webhooks/redeliver", {}, 422, "invalid_request"),
    ],
)
async def test_malformed_requests_are_refused(
    shop: Shop, path: str, body: Any, status: int, code: str
) -> None:
    answer = await post(shop, path, body)
    assert (answer.status, answer.code) == (status, code)
    assert not await alerts_of(shop).webhooks.all()


@pytest.mark.parametrize("query", ["?limit=0", "?limit=x", "?id=%ff", "?after=" + "x" * 600])
async def test_a_bad_query_is_reported(shop: Shop, query: str) -> None:
    answer = await get(shop, f"webhooks/deliveries{query}")
    assert answer.status in (200, 422)
    assert (await get(shop, "alerts?limit=0")).status == 422
    assert (await get(shop, "jobs?limit=21")).status == 422


async def test_only_the_right_admin_sees_and_changes_them(shop: Shop) -> None:
    paths = ("alerts", "webhooks", "webhooks/deliveries")
    for path in paths:
        assert (await shop.client.get(BASE + path)).status == 401
    accounts = shop.client.app._shop.accounts  # type: ignore[attr-defined]
    _, token = await accounts.keys.make("scanner", Right.STOCK, "admin", None)
    staff = {"Authorization": f"Bearer {token}"}
    for path in paths:
        assert (await shop.client.get(BASE + path, staff)).status == 403
    for path in ("webhooks", "alerts/test", "webhooks/ping", "webhooks/redeliver"):
        assert (await shop.client.post(BASE + path, GOOD, staff)).status == 403
    assert (await shop.client.get(BASE + "jobs", staff)).status == 200


async def test_changes_of_webhooks_are_in_the_audit_log(shop: Shop) -> None:
    made = await post(shop, "webhooks", GOOD)
    assert made.status == 200, made
    text = await shop.stored_text()
    assert f"{made.json['webhook']['id']}" in text
    assert "POST /api/admin/webhooks" in text


async def test_the_jobs_of_alerts(shop: Shop) -> None:
    digest = await shop.client.post("/api/cron/digest", b"", OWNER)
    assert digest.json["outcome"] == "done"
    assert (await shop.client.post("/api/cron/digest", b"", OWNER)).json["outcome"] == "nothing"
    assert (await shop.client.post("/api/cron/alerts", b"", OWNER)).json["outcome"] == "done"
    listed = (await get(shop, "jobs")).json["jobs"]
    assert {"release-expired", "retention", "digest", "alerts"} <= {row["job"] for row in listed}
    recent = (await get(shop, "alerts")).json["recent"]
    assert [row["type"] for row in recent] == ["stock.digest"]
