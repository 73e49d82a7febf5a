"""The OpenAPI document and the endpoints describe the same."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from fancymonkey.core.outcomes import Code
from fancymonkey.payments.events import StripeEvent
from fancymonkey.store.in_memory.store import MemoryStore
from fancymonkey.web.http.bodies import wire
from fancymonkey.web.http.problems.refusals import STATUS
from fancymonkey.web.routing.described import MEANING
from fancymonkey.web.routing.routes import body_model, methods_of, routes_of
from tests.accounts.client import Visitor, code_of
from tests.payments.conftest import OWNER, opened
from tests.web import documented
from tests.web.client import Answer, Client
from tests.web.shops import CRON, HOODIE, PASSWORD, Shop, running
from tests.web.signing import deliver

REF = documented.REF
SHOWN_ELSEWHERE = ("dashboard", "orders", "transfers", "alerts", "jobs", "system")
"""Tags whose examples other tests compare, as tests/web/admin_api/test_changes.py does."""


@pytest.fixture(scope="module")
def served() -> bytes:
    """The document as it is served, made once: it takes 0.7 s of CPU time."""

    async def body() -> bytes:
        async with running(MemoryStore()) as shop:
            answer = await shop.client.get("/openapi.json")
        assert answer.status == 200
        return answer.body

    return asyncio.run(body())


@pytest.fixture
def document(served: bytes) -> dict[str, Any]:
    """A copy of the document."""
    decoded: dict[str, Any] = json.loads(served)
    return decoded


def operations(document: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (path, method.upper()): described
        for path, entry in document["paths"].items()
        for method, described in entry.items()
    }


async def test_all_that_is_served_is_in_the_document(
    client: Client, document: dict[str, Any]
) -> None:
    front = client.app
    served = {
        (route.path, method)
        for route in routes_of(front.api)
        for method in methods_of(route)
        if getattr(route, "include_in_schema", False)
    }
    hot = {(path.decode(), method.decode()) for method, path in front.hot}
    assert len(served) > 30
    assert len(hot) == 3
    assert served | hot <= operations(document).keys()


async def test_all_that_is_in_the_document_is_served(
    client: Client, document: dict[str, Any]
) -> None:
    for path, method in operations(document):
        if path == "/api/inventory/live":
            continue  # it has no end; tests/web/shop_api/test_live.py listens to it
        answer = await client.request(method, path)
        assert answer.status not in (404, 405, 500), (path, method)


async def test_documented_bodies_match_their_models(
    client: Client, document: dict[str, Any]
) -> None:
    models = {
        route.name: body_model(route)
        for route in routes_of(client.app.api)
        if body_model(route) is not None
    }
    assert len(models) > 15
    described = {operation["operationId"]: operation for operation in operations(document).values()}
    for name, model in models.items():
        content = described[name]["requestBody"]["content"]
        assert content.keys() == {"application/json"}
        assert content["application/json"]["schema"] == {"$ref": REF + model.__name__}
        component = document["components"]["schemas"][model.__name__]
        fields = model.model_fields.values()
        assert component["properties"].keys() == {field.alias for field in fields}
        required = {field.alias for field in fields if field.is_required()}
        assert set(component.get("required", ())) == required


@pytest.mark.parametrize("name", ["reserve", "release", "update", "bulk_update", "webhook"])
async def test_msgspec_bodies_are_described_from_their_types(
    document: dict[str, Any], name: str
) -> None:
    types = {
        "reserve": wire.ReserveBody,
        "release": wire.ReleaseBody,
        "update": wire.UpdateBody,
        "bulk_update": wire.BulkBody,
        "webhook": StripeEvent,
    }
    described = {operation["operationId"]: operation for operation in operations(document).values()}
    content = described[name]["requestBody"]["content"]
    assert content["application/json"]["schema"] == {"$ref": REF + types[name].__name__}
    component = document["components"]["schemas"][types[name].__name__]
    fields = msgspec.structs.fields(types[name])
    assert component["properties"].keys() == {field.encode_name for field in fields}
    row = document["components"]["schemas"]["UpdateBody"]["properties"]["updates"]["items"]
    assert row == {"$ref": REF + wire.UpdateRow.__name__}


async def test_every_reference_has_a_target(document: dict[str, Any]) -> None:
    problems: list[str] = []

    def walk(part: Any) -> None:
        if isinstance(part, dict):
            if "$ref" in part:
                problems.append(part["$ref"])
            for child in part.values():
                walk(child)
        elif isinstance(part, list):
            for child in part:
                walk(child)

    walk(document)
    assert problems
    assert {ref.removeprefix(REF) for ref in problems} <= document["components"]["schemas"].keys()


async def test_no_schema_is_named_after_a_file(document: dict[str, Any]) -> None:
    """FastAPI adds the path of the module if two types have the same name."""
    names = document["components"]["schemas"].keys()
    assert {"RowLocationStock", "LocationStock"} <= names
    assert not [name for name in names if "__" in name]


async def test_operation_ids_are_unique_and_tags_known(document: dict[str, Any]) -> None:
    ids = [operation["operationId"] for operation in operations(document).values()]
    assert len(ids) == len(set(ids))
    tags = {tag["name"] for tag in document["tags"]}
    for operation in operations(document).values():
        assert set(operation["tags"]) <= tags
        assert operation["summary"]


def shape(value: Any) -> Any:
    """The names and kinds in a JSON value, without the values."""
    if isinstance(value, dict):
        return {name: shape(part) for name, part in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__


async def asked_about_payments(sent: dict[str, Any]) -> dict[str, Any]:
    """The real answers to the examples of the payments' endpoints."""
    checkout = {**sent["checkout"], "skuId": f"sku_{HOODIE}_m", "priceId": f"price_{HOODIE}_m"}
    async with opened(MemoryStore()) as till:
        client = till.shop.client
        got = {"about": await client.get("/api/shop")}
        got["checkout"] = await client.post("/api/checkout", checkout)
        ref = got["checkout"].json["sessionId"]
        got["checkout_status"] = await client.get(f"/api/checkout/status?sessionId={ref}")
        await till.act(ref, "pay")
        await till.act(ref, "refund")
        got["list_issues"] = await client.get("/api/payments/issues", OWNER)
        settle = {**sent["settle_issue"], "issueId": got["list_issues"].json["issues"][0]["id"]}
        settle["returned"] = [{"productId": HOODIE, "size": "M", "quantity": 1}]
        path = "/api/payments/reconcile"
        got["reconcile"] = await client.post(path, b"", OWNER)
        got["reconcile_cron"] = await client.get(path, OWNER)
        got["list_events"] = await client.get("/api/payments/events?limit=1", OWNER)
        got["list_runs"] = await client.get("/api/payments/runs", OWNER)
        got["settle_issue"] = await client.post("/api/payments/issues/settle", settle, OWNER)
        # A settled issue has no lines; its shape is that of an open issue.
        lines = documented.answers()["settle_issue"]["issue"]["lines"]
        settled = got["settle_issue"].json
        assert settled["issue"]["lines"] == []
        settled["issue"] |= {"lines": lines, "closedAt": None}
        got["settle_issue"] = replace(got["settle_issue"], body=json.dumps(settled).encode())
        return got


async def asked_about_accounts(shop: Shop, sent: dict[str, Any]) -> dict[str, Answer]:
    """The real answers to the examples of the accounts' endpoints."""
    visitor, path = Visitor(shop.client), "/api/admin/"
    got = {"login": await visitor.post(path + "login", sent["login"])}
    visitor.csrf = got["login"].json["session"]["csrf"]
    got["me"] = await visitor.get(path + "me")
    got["refresh"] = await visitor.post(path + "refresh")
    got["list_sessions"] = await visitor.get(path + "sessions")
    got["revoke_session"] = await visitor.post(path + "sessions/revoke", sent["revoke_session"])
    got |= await asked_about_people(visitor, sent)
    got |= await asked_about_ones_own(shop, visitor, sent)
    got["list_audit_log"] = await visitor.get(path + "audit-log?limit=1000")
    got["logout"] = await visitor.post(path + "logout")
    return got


async def asked_about_people(visitor: Visitor, sent: dict[str, Any]) -> dict[str, Answer]:
    path = "/api/admin/"
    got = {"add_user": await visitor.post(path + "users/add", sent["add_user"])}
    ada = visitor.elsewhere("198.51.100.9")
    await ada.logged_in("ada", sent["add_user"]["password"])
    got["list_users"] = await visitor.get(path + "users")
    secret = (
        await ada.post(path + "factor/begin", {"password": sent["add_user"]["password"]})
    ).json
    await ada.post(path + "factor/confirm", {"code": code_of(visitor.client, secret["secret"])})
    got["reset_factor"] = await visitor.post(path + "users/reset-factor", sent["reset_factor"])
    got["reset_password"] = await visitor.post(path + "users/password", sent["reset_password"])
    got["change_role"] = await visitor.post(path + "users/role", sent["change_role"])
    sent["limit_user"]["locations"] = []
    got["limit_user"] = await visitor.post(path + "users/limit", sent["limit_user"])
    got["remove_user"] = await visitor.post(path + "users/remove", sent["remove_user"])
    got["make_key"] = await visitor.post(path + "keys/make", sent["make_key"])
    got["list_keys"] = await visitor.get(path + "keys")
    sent["revoke_key"]["keyId"] = got["make_key"].json["key"]["id"]
    got["revoke_key"] = await visitor.post(path + "keys/revoke", sent["revoke_key"])
    return got


async def asked_about_ones_own(
    shop: Shop, visitor: Visitor, sent: dict[str, Any]
) -> dict[str, Answer]:
    path = "/api/admin/"
    sent["change_password"]["old"] = PASSWORD
    proof = {"password": sent["change_password"]["new"]}
    got = {"change_password": await visitor.post(path + "password", sent["change_password"])}
    got["begin_factor"] = await visitor.post(path + "factor/begin", proof)
    code = code_of(visitor.client, got["begin_factor"].json["secret"])
    got["confirm_factor"] = await visitor.post(path + "factor/confirm", {"code": code})
    got["renew_codes"] = await visitor.post(path + "factor/codes", proof)
    got["switch_factor_off"] = await visitor.post(path + "factor/off", proof)
    return got


async def test_the_samples_are_what_is_really_asked_and_answered(shop: Shop) -> None:
    """The sample catalogue's hoodie exists in these tests too."""
    sent = documented.requests()
    for name in ("update", "bulk_update", "login"):
        sent[name]["password"] = PASSWORD
    path = "/api/inventory/"
    got = {
        "reserve": await shop.client.post(path + "reserve", sent["reserve"]),
        "get_inventory": await shop.client.get(path + "get"),
        "release": await shop.client.post(path + "release", sent["release"]),
        "update": await shop.client.post(path + "update", sent["update"]),
        "bulk_update": await shop.client.post(path + "bulk-update", sent["bulk_update"]),
    }
    await shop.reserve("cs_test_abc123")
    got["webhook"] = await deliver(shop, sent["webhook"])
    await shop.reserve("cs_2")
    shop.clock.forward(1800)
    got["release_cron"] = await shop.client.get(
        path + "release", {"Authorization": f"Bearer {CRON}"}
    )
    got |= await asked_about_payments(sent)
    got |= await asked_about_accounts(shop, sent)
    shown = documented.answers()
    assert got.keys() == shown.keys() - documented.answers(*SHOWN_ELSEWHERE).keys()
    for name, answer in got.items():
        assert answer.status == 200, name
        assert shape(answer.json) == shape(shown[name]), name


def test_every_json_body_and_every_json_answer_has_an_example() -> None:
    """The tests that compare examples: this one and those of SHOWN_ELSEWHERE."""
    assert [name for name, body in documented.requests().items() if body is None] == []
    assert [name for name, body in documented.answers().items() if body is None] == []


def test_every_refusal_of_the_core_has_a_status() -> None:
    assert STATUS.keys() == set(Code)
    assert all(400 <= status < 500 for status in STATUS.values())


def test_every_status_that_is_documented_has_its_meaning() -> None:
    for _, path, operation in documented.operations():
        codes = {int(code) for code in operation["responses"]} - {200}
        assert codes <= MEANING.keys(), path
        if "requestBody" in operation:
            assert {400, 413, 422} <= codes, path
