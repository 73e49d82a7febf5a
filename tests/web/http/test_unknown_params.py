"""Unknown, repeated and empty query parameters are answered, on every route of the app.

The table is made from the routes, so that a new endpoint is covered by itself.
"""

from dataclasses import dataclass
from typing import Any

import pytest
from starlette.routing import Mount

from fancymonkey.engine.engine import Engine
from fancymonkey.settings.settings import Settings
from fancymonkey.store.in_memory.store import MemoryStore
from fancymonkey.web.app import create_app
from fancymonkey.web.http.known_params import KnownParams
from fancymonkey.web.routing.access import Public, Requires
from fancymonkey.web.routing.route_params import known_params, reads_no_body
from fancymonkey.web.routing.routes import methods_of, routes_of
from fancymonkey.web.shop_api.inventory import HOT_PARAMS
from tests.accounts.client import Visitor
from tests.accounts.test_routes_by_role import concrete
from tests.payments.conftest import OWNER
from tests.web import documented
from tests.web.client import Answer
from tests.web.shops import Shop

TRACKING = (
    *("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "utm_id"),
    *("fbclid", "gclid", "gbraid", "wbraid", "gad_source", "dclid", "srsltid", "msclkid"),
    *("ttclid", "twclid", "yclid", "li_fat_id", "igshid", "epik", "rdt_cid", "ScCid", "irclickid"),
    *("mc_cid", "mc_eid", "_kx", "_hsenc", "_hsmi", "_ga", "_gl", "ref", "source", "campaign"),
    *("_", "v", "t", "ts", "cb", "nocache", "cachebust", "rand", "timestamp", "lang"),
)
"""Parameters that advertising, mail programs and cache busters append."""


@dataclass(frozen=True)
class RouteParams:
    """A route with its parameters."""

    method: str
    path: str
    params: KnownParams | None
    access: Any
    bare: bool = False

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def rows() -> list[RouteParams]:
    """Every route of the app that answers HTTP."""
    api = create_app(Settings(), Engine(MemoryStore())).api
    hot = [
        RouteParams(method, path, params, Public()) for (method, path), params in HOT_PARAMS.items()
    ]
    return hot + [
        RouteParams(method, route.path, known_params(route), route.access, reads_no_body(route))
        for route in routes_of(api)
        if not isinstance(route, Mount)
        for method in sorted(methods_of(route))
    ]


ROWS = rows()
STRICT = [row for row in ROWS if isinstance(row.access, Requires)]
TOLERANT = [row for row in ROWS if isinstance(row.access, Public) and row.params is not None]
PAGES = [row for row in ROWS if row.params is None]


async def send(shop: Shop, row: RouteParams, query: str, body: bytes | None = None) -> Answer:
    """Sends a request as the owner: with the password, or in a session where that is required."""
    target = f"{concrete(row.path)}?{query}"
    sent = b"" if row.method == "GET" or row.bare else b"{}"
    sent = sent if body is None else body
    if isinstance(row.access, Requires) and row.access.account:
        visitor = await Visitor(shop.client).logged_in()
        return await visitor.send(row.method, target, sent)
    return await shop.client.request(row.method, target, sent, OWNER)


def test_the_table_has_every_kind_of_route() -> None:
    assert len(STRICT) > 80
    assert {row.path for row in TOLERANT} >= {
        *("/api/inventory/get", "/api/inventory/reserve", "/api/inventory/release"),
        *("/api/inventory/live", "/api/shop", "/api/checkout", "/api/checkout/status"),
        *("/api/webhooks/stripe", "/api/admin/login", "/healthz", "/readyz", "/metrics"),
    }
    assert {row.path for row in PAGES} > {"/", "/docs", "/openapi.json", "/success.html"}


async def test_an_endpoint_with_a_right_refuses_an_unknown_parameter(shop: Shop) -> None:
    for row in STRICT:
        assert row.params is not None
        before = shop.engine.view.revision
        answer = await send(shop, row, "unheardOf=1&ev%3Cil=2")
        assert (answer.status, answer.code) == (422, "unknown_parameter"), row
        assert answer.json["parameter"] == "unheardOf"
        assert (answer.json["nearest"], answer.json["known"]) == (None, sorted(row.params.names))
        assert answer.json["detail"].startswith(
            "Unknown parameter: unheardOf. Unknown parameter: …."
        )
        assert b"il=2" not in answer.body
        assert b"<" not in answer.body
        assert shop.engine.view.revision == before


async def test_a_misspelt_parameter_gets_its_name(shop: Shop) -> None:
    for row in [row for row in STRICT if row.params and row.params.names]:
        assert row.params is not None
        for name in row.params.names:
            for wrong in (name.upper(), name.capitalize(), f"{name}s", f"_{name}"):
                if wrong in row.params.names:
                    continue
                answer = await send(shop, row, f"{wrong}=1")
                assert (answer.status, answer.code) == (422, "unknown_parameter"), (row, wrong)
                meant = answer.json["nearest"]
                if len(name) > 2:
                    assert meant in (name, wrong.strip("_")), wrong
                    assert f"Did you mean {meant}?" in answer.json["detail"]


async def test_a_field_of_the_body_is_not_a_parameter(shop: Shop) -> None:
    for row in [*STRICT, *TOLERANT]:
        assert row.params is not None
        for name in row.params.of_body:
            if name in row.params.names:
                continue
            answer = await send(shop, row, f"{name}=true")
            assert (answer.status, answer.code) == (422, "unknown_parameter"), (row, name)
            assert f"{name} belongs in the body." in answer.json["detail"]
            assert answer.json["nearest"] == name


def test_bodies_of_every_kind_are_known() -> None:
    names = {str(row): row.params.of_body for row in ROWS if row.params is not None}
    assert "dryRun" in names["POST /api/inventory/bulk-update"]
    assert "updates" in names["POST /api/inventory/update"]
    assert "quantity" in names["POST /api/inventory/reserve"]
    assert "releaseExpired" in names["POST /api/inventory/release"]
    assert "replaces" in names["POST /api/checkout"]
    assert "dryRun" in names["POST /api/admin/undo"]
    assert names["POST /api/webhooks/stripe"] == ()


async def test_one_of_two_different_values_is_not_chosen(shop: Shop) -> None:
    for row in [*STRICT, *TOLERANT]:
        assert row.params is not None
        for name in row.params.names:
            answer = await send(shop, row, f"{name}=to_ship&{name}=shipped")
            if name in row.params.several:
                assert "two different values" not in answer.body.decode()
                continue
            assert (answer.status, answer.code) == (422, "invalid_request"), (row, name)
            assert answer.json["detail"] == f"{name} has two different values. Send one."
            assert answer.json["parameter"] == name


BEGINNINGS = {("before", f"/api/admin/{name}") for name in ("audit-log", "record")}
"""Pages that continue at a text; those of the history continue at a number."""


async def test_an_empty_filter_is_refused(shop: Shop) -> None:
    for row in [row for row in STRICT if row.params and row.params.names]:
        assert row.params is not None
        for name in row.params.names:
            if name in ("q", "name", "since", "after") or (name, row.path) in BEGINNINGS:
                continue  # search words, a file name, the first connection, the first page
            answer = await send(shop, row, f"{name}=")
            assert (answer.status, answer.code) == (422, "invalid_request"), (row, name)
            assert name in answer.json["detail"]


async def test_empty_search_words_choose_everything(shop: Shop) -> None:
    for path in ("inventory", "orders", "holds", "history"):
        every = (await shop.client.get(f"/api/admin/{path}", OWNER)).json
        answer = await shop.client.get(f"/api/admin/{path}?q=", OWNER)
        assert answer.status == 200
        assert answer.json | {"serverTime": 0} == every | {"serverTime": 0}


async def test_an_empty_end_of_the_previous_page_is_the_first_page(shop: Shop) -> None:
    paths = [row.path for row in STRICT if row.params and "after" in row.params.names]
    assert len(paths) > 4
    for path in paths:
        first = await shop.client.get(path, OWNER)
        again = await shop.client.get(f"{path}?after=", OWNER)
        assert (again.status, again.json) == (200, first.json), path


async def test_an_endpoint_for_everyone_goes_without_tracking_parameters(shop: Shop) -> None:
    """Each answers as without them, apart from the list of their names."""
    for row in TOLERANT:
        assert row.params is not None
        if row.path == "/api/inventory/live":
            continue  # the streams are in test_live
        for names in (TRACKING[:20], TRACKING[20:40], TRACKING[40:]):
            query = "&".join(f"{name}=x" for name in names)
            assert row.params.ignored(query.encode()) == names
            plain, answer = await send(shop, row, ""), await send(shop, row, query)
            assert answer.status == plain.status, row
            if answer.status == 200:
                assert answer.header("ignored-parameters") == ", ".join(names)


async def test_a_page_takes_any_parameter(shop: Shop) -> None:
    for row in PAGES:
        answer = await shop.client.get(f"{row.path}?utm_source=mail&staus=x&q=&q=1")
        assert answer.status == 200, row
        assert answer.header("ignored-parameters") is None, row


async def test_a_body_without_a_reader_is_refused(shop: Shop) -> None:
    for row in [row for row in ROWS if row.bare]:
        before = shop.engine.view.revision
        answer = await send(shop, row, "", b'{"status": "to_ship"}')
        assert (answer.status, answer.code) == (422, "unexpected_body"), row
        assert ("as query parameters" in answer.json["detail"]) is (row.method == "GET")
        assert shop.engine.view.revision == before


@pytest.mark.parametrize("path", ["/api/admin/record", "/api/admin/acts", "/api/payments/matters"])
async def test_a_former_path_has_the_parameters_of_the_present_one(shop: Shop, path: str) -> None:
    assert (await shop.client.get(f"{path}?limit=5", OWNER)).status == 200
    answer = await shop.client.get(f"{path}?limt=5", OWNER)
    assert (answer.status, answer.code) == (422, "unknown_parameter")
    assert answer.json["nearest"] == "limit"


def test_the_document_has_every_parameter_and_every_refusal() -> None:
    listed = {(method, path): operation for method, path, operation in documented.operations()}
    compared = 0
    for row in ROWS:
        operation = listed.get((row.method, row.path))
        if operation is None or row.params is None:
            continue
        parameters = operation.get("parameters", ())
        names = [param["name"] for param in parameters if param["in"] == "query"]
        assert sorted(names) == sorted(row.params.names), row
        if not row.params.tolerant or row.params.names or row.params.of_body:
            assert "422" in operation["responses"], row
        compared += 1
    assert compared > 90
