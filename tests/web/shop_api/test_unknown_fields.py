"""Unknown fields of a body are refused by typed bodies, and listed by the shop's API."""

import json
from typing import Any

import pytest

from fancymonkey.engine.engine import Engine
from fancymonkey.settings.settings import Settings
from fancymonkey.store.in_memory.store import MemoryStore
from fancymonkey.web.app import create_app
from fancymonkey.web.http.bodies.json_body import read_body
from fancymonkey.web.http.bodies.unknown_fields import LISTED_MAX, nearest_name
from fancymonkey.web.http.messages import Problem
from fancymonkey.web.routing.routes import body_model, routes_of
from fancymonkey.web.shop_api.checkout_models import CheckoutBody
from tests.payments.conftest import OWNER, Till, till
from tests.web.client import Answer
from tests.web.shops import HOODIE, PASSWORD, Shop

__all__ = ["till"]

BOTH_WAYS = True
RESERVE = {"productId": HOODIE, "size": "M", "quantity": 2, "sessionId": "s1"}


async def post(shop: Shop, path: str, body: Any) -> Answer:
    return await shop.client.post(f"/api/{path}", body, OWNER)


@pytest.mark.parametrize(
    ("path", "body", "field", "nearest"),
    [
        ("admin/undo", {"changeId": "act_1", "partail": True}, "partail", "partial"),
        ("admin/undo", {"changeID": "act_1"}, "changeID", "changeId"),
        ("admin/undo", {"changeId": "act_1", "dry_run": True}, "dry_run", "dryRun"),
        ("admin/undo", {"changeId": "act_1", "colour": 1}, "colour", None),
        ("admin/users/add", {"name": "a", "role": "staff", "pasword": "x"}, "pasword", "password"),
        ("payments/issues/settle", {"isueId": "i", "then": "done"}, "isueId", "issueId"),
        (
            "payments/issues/settle",
            {"issueId": "i", "returned": [{"productId": "p", "size": "M", "quantty": 1}]},
            "returned.0.quantty",
            "quantity",
        ),
        (
            "admin/products",
            {"productId": "p", "name": "n", "sizes": [{"size": "M", "lowStockTreshold": 5}]},
            "sizes.0.lowStockTreshold",
            "lowStockThreshold",
        ),
        (
            "admin/products",
            {"productId": "p", "name": "n", "sizes": [{"size": "M", "was": {"skuid": None}}]},
            "sizes.0.was.skuid",
            "skuId",
        ),
        ("admin/holds/release", {"ids": ["r"], "resaon": "x"}, "resaon", "reason"),
    ],
)
async def test_a_typed_body_with_an_unknown_field_is_refused(
    shop: Shop, path: str, body: Any, field: str, nearest: str | None
) -> None:
    before = shop.engine.view.revision
    answer = await post(shop, path, body)
    assert (answer.status, answer.code) == (422, "unknown_field")
    assert (answer.json["field"], answer.json["nearest"]) == (field, nearest)
    assert answer.json["detail"].startswith(f"Unknown field: {field}.")
    assert (f"Did you mean {nearest}?" in answer.json["detail"]) is (nearest is not None)
    assert shop.engine.view.revision == before


def test_every_typed_body_refuses_an_unknown_field() -> None:
    app = create_app(Settings(), Engine(MemoryStore())).api
    models = {body_model(route) for route in routes_of(app)} - {None, CheckoutBody}
    assert len(models) > 20
    for model in models:
        body = {**model.model_config["json_schema_extra"]["example"], "unheardOf": 1}
        with pytest.raises(Problem) as refused:
            read_body(model, json.dumps(body).encode())
        assert (refused.value.code, refused.value.more["field"]) == ("unknown_field", "unheardOf")


async def test_all_unknown_fields_are_named_in_a_short_answer(shop: Shop) -> None:
    odd = {f"field{number}": 1 for number in range(1000)}
    answer = await post(shop, "admin/undo", {"changeId": "act_1", **odd})
    assert answer.code == "unknown_field"
    assert answer.json["detail"].count("Unknown field") == LISTED_MAX
    long = await post(shop, "admin/undo", {"changeId": "act_1", "x" * 5000: 1})
    assert long.json["field"] == "…"
    odd = await post(shop, "admin/undo", {"changeId": "act_1", "<evil>": 1})
    assert (odd.json["field"], b"evil" in odd.body) == ("…", False)
    missing = await post(shop, "admin/undo", {"changId": "act_1"})
    assert missing.json["detail"] == (
        "Unknown field: changId. Did you mean changeId? Missing: changeId."
    )
    ignored = await post(shop, "inventory/reserve", {**RESERVE, "<evil>": 1, "x" * 61: 1})
    assert ignored.json["ignored"] == ["…", "…"]


async def test_reserve_and_release_list_what_they_ignore(shop: Shop) -> None:
    plain = await shop.client.post("/api/inventory/reserve", RESERVE)
    assert "ignored" not in plain.json
    more = {**RESERVE, "quantty": 5, "note": {"a": [1.50]}}
    answer = await shop.client.post("/api/inventory/reserve", more)
    assert answer.status == 200
    assert answer.json.pop("ignored") == ["quantty", "note"]
    assert (answer.json["reservation"]["quantity"], answer.json["stock"]["reserved"]) == (2, 2)
    lines = [{"productId": HOODIE, "size": "M", "quantity": 1, "colour": "green"}]
    several = await shop.client.post(
        "/api/inventory/reserve", {"sessionId": "s2", "lines": lines, "x": 1}
    )
    assert several.json["ignored"] == ["lines.0.colour", "x"]
    assert several.json["reservation"]["lines"][0]["quantity"] == 1
    released = await shop.client.post("/api/inventory/release", {"sessionId": "s1", "sesion": 1})
    assert (released.json["released"], released.json["ignored"]) == (1, ["sesion"])
    every = await shop.client.post("/api/inventory/release", {"releaseExpired": True, "all": True})
    assert (every.status, every.json["ignored"]) == (200, ["all"])


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b'{"sessionId": "s1", "x": 1, "productId": 5, "size": "M", "quantity": 1}', 422, None),
        (b'{"sessionId": "s1", "x": 1', 400, "invalid_json"),
        (b'{"sessionId": "s1", "x": tru}', 400, "invalid_json"),
        (b'{"x": 1, "sessionId": "s1", "lines": [{"y": 1}]}', 422, "invalid_request"),
        (b'{"x": 1, "sessionId": "s1", "lines": {"y": 1}}', 422, "invalid_request"),
        (b'{"x": 1, "sessionId": "s1", "lines": [[]]}', 422, "invalid_request"),
        (b'{"x": 1, "sessionId": "s1", "lines": 7}', 422, "invalid_request"),
        (b'{"x": "\\u0000", "sessionId": "s1"}', 422, "invalid_request"),
        (b'{"x": "\xff", "sessionId": "s1"}', 400, "invalid_json"),
        (b'{"x": ' + b"[" * 5000 + b"]" * 5000 + b', "sessionId": "s1"}', None, None),
        (b"[1]", 422, "invalid_request"),
    ],
)
async def test_a_malformed_body_with_unknown_fields_is_refused_as_before(
    shop: Shop, body: bytes, status: int | None, code: str | None
) -> None:
    answer = await shop.client.post("/api/inventory/reserve", body)
    assert answer.status == status if status else answer.status in (400, 422)
    assert code is None or answer.code == code


async def test_an_update_lists_the_fields_of_each_row(shop: Shop) -> None:
    row = {"productId": HOODIE, "size": "M"}
    rows = [{**row, "adjustStock": 1}, {**row, "adjustStock": 1, "adjust": 2}]
    rows.append({**row, "stock": 9, "was": {"stock": 22, "seen": 1}})
    answer = await post(shop, "inventory/update", {"updates": rows, "dryrun": True})
    assert answer.status == 200
    assert answer.json["results"]["successful"] == 3
    assert answer.json["ignored"] == ["dryrun", "updates.1.adjust", "updates.2.was.seen"]
    bulk = {"action": "adjust", "changes": {"stock": 1, "stok": 2}, "filter": {"sku": []}}
    preview = await post(shop, "inventory/bulk-update", {**bulk, "dryRun": True})
    assert preview.json["ignored"] == ["changes.stok", "filter.sku"]
    wrong = await post(shop, "inventory/bulk-update", {**bulk, "password": PASSWORD + "x"})
    assert wrong.status in (200, 401)


async def test_a_checkout_lists_what_it_ignores(till: Till) -> None:
    answer = await till.checkout(quantty=3)
    assert answer.status == 200
    assert answer.json["ignored"] == ["quantty"]
    lines = [{"productId": HOODIE, "size": "M", "color": "x"}]
    several = await till.shop.client.post("/api/checkout", {"sessionId": "s2", "lines": lines})
    assert several.json["ignored"] == ["lines.0.color"]
    assert "ignored" not in (await till.checkout(session="s3")).json


async def test_a_repetition_with_an_unknown_field_is_the_same_request(shop: Shop) -> None:
    key = {"Idempotency-Key": "k"}
    first = await shop.client.post("/api/inventory/reserve", RESERVE, key)
    again = await shop.client.post("/api/inventory/reserve", {**RESERVE, "x": 1}, key)
    assert json.loads(again.body) == {**first.json, "ignored": ["x"]}


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        *(("quantty", "quantity"), ("Quantity", "quantity"), ("session_id", "sessionId")),
        *(("colour", None), ("", None), ("x" * 100_000, None)),
    ],
)
def test_the_nearest_name(name: str, nearest: str | None) -> None:
    assert nearest_name(name, ["quantity", "sessionId", "size"]) == nearest
