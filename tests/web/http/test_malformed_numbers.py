"""Malformed numbers, times and prices are refused in every place."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from tests.web.shops import HOODIE, PASSWORD, Shop

OWNER = {"Authorization": f"Bearer {PASSWORD}"}

NUMBERS = (
    *("²", "①", "½", "٣", "１２", "-1", "+5", "1_0", "0x10", "1.5", "1e5", "1e999", "NaN", "sNaN"),
    *("Infinity", "-Infinity", "five", "5 ", " 5", "9" * 19, "9" * 400),
)
TIMES = (
    *("²", "NaN", "now", "0", "2026-13-01", "2026-02-30", "2026-01-31T25:00", "２０２６-01-31"),
    *("0001-01-01T00:00:00+23:59", "0000-00-00", "10000-01-01", "-2026-01-01", "1969-12-31"),
    *("2026-01-31T12:00:00+99:99", "9" * 400),
)
LISTS = (
    *("/api/admin/changes", "/api/admin/holds", "/api/admin/history", "/api/admin/audit-log"),
    *("/api/admin/alerts", "/api/payments/issues", "/api/payments/events"),
    "/api/admin/webhooks/deliveries",
    "/api/admin/orders",
)
NUMBERED = [
    *((path, "limit") for path in LISTS),
    *(("/api/admin/history", "before"), ("/api/admin/overview", "days")),
    *(("/api/inventory/live", "since"), ("/api/admin/inventory/live", "since")),
    ("/api/admin/holds", "after"),
    ("/api/admin/orders", "after"),
]
TIMED = [
    *(("/api/admin/holds", "since"), ("/api/admin/history", "from"), ("/api/admin/history", "to")),
    *((f"/api/admin/explain?sku={HOODIE}/M", name) for name in ("asOf", "from")),
]


@pytest.mark.parametrize(("path", "name"), NUMBERED)
async def test_an_invalid_number_is_not_a_number(shop: Shop, path: str, name: str) -> None:
    await shop.reserve("cs_1")
    for text in NUMBERS:
        value = f"{text}:x" if name == "after" else text
        if name == "after" and text.isascii() and text.isdigit():
            continue  # after the end of every hold
        answer = await shop.client.get(f"{path}?{name}={quote(value)}", OWNER)
        assert (answer.status, answer.code) == (422, "invalid_request"), text


@pytest.mark.parametrize(("path", "name"), TIMED)
async def test_an_invalid_time_is_not_a_time(shop: Shop, path: str, name: str) -> None:
    await shop.reserve("cs_1")
    for text in TIMES:
        target = f"{path}{'&' if '?' in path else '?'}{name}={quote(text)}"
        answer = await shop.client.get(target, OWNER)
        assert (answer.status, answer.code) == (422, "invalid_request"), text


RAW = ("1e999", "-1e999", "1" + "0" * 30, "18446744073709551616", "1" + "0" * 400, "1.5", "1e-400")
"""Numbers of JSON that are too large for any type."""

ODD = "@"
SIZE = {"productId": HOODIE, "size": "M"}
BODIES: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/api/inventory/reserve", {**SIZE, "sessionId": "s", "quantity": ODD}),
    ("POST", "/api/checkout", {**SIZE, "quantity": ODD}),
    *(
        ("POST", "/api/inventory/update", {"updates": [{**SIZE, **row}]})
        for row in (
            *({name: ODD} for name in ("stock", "adjustStock", "reserved", "lowStockThreshold")),
            *({"restockDate": ODD}, {"stock": 5, "expected": ODD}),
            {"stock": 5, "was": {"stock": ODD}},
        )
    ),
    ("POST", "/api/inventory/bulk-update", {"action": "adjust", "changes": {"stock": ODD}}),
    ("POST", "/api/admin/keys/make", {"label": "a", "days": ODD}),
    (
        "POST",
        "/api/admin/products",
        {"productId": "p", "name": "n", "sizes": [{"size": "M"}], "price": ODD},
    ),
    *(
        ("PUT", "/api/admin/products", {"productId": HOODIE, **fields})
        for fields in (
            *({"price": ODD}, {"restockDate": ODD}, {"price": 60, "was": {"price": ODD}}),
            {"price": None, "was": {"price": ODD}},
        )
    ),
]


@pytest.mark.parametrize(("method", "path", "body"), BODIES)
async def test_a_value_that_fits_no_column(
    shop: Shop, method: str, path: str, body: dict[str, Any]
) -> None:
    values = [*RAW, *(json.dumps(text) for text in NUMBERS)]
    for place, value in enumerate(values):
        sent = json.dumps(body).replace(f'"{ODD}"', value).encode()
        for headers in (OWNER, {**OWNER, "Idempotency-Key": f"key-{place}"}):
            answer = await shop.client.request(method, path, sent, headers)
            assert answer.status < 500 or answer.code == "not_configured", value
            json.loads(answer.body, parse_constant=_no_json)
    await shop.check()


def _no_json(text: str) -> Any:
    raise AssertionError(f"{text} is no JSON")
