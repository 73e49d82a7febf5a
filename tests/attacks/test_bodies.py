"""A body of many parts is refused in a moment, so it does not delay other buyers."""

import json
from typing import Any

import pytest

from tests.attacks.flood import check_hardly_noticed, exchange, status
from tests.support.server import Server

pytestmark = pytest.mark.slow

LINE = {"productId": "t", "size": "M", "quantity": 1, "x": 1}
HOLD = {"productId": "tee", "size": "M", "quantity": 1, "sessionId": "s"}
MANY = {f"q{number:05}": 1 for number in range(65_000)}

BODIES: dict[str, Any] = {
    "lines with unknown fields": {"sessionId": "s", "lines": [LINE] * 17_000},
    "a few lines too many": {"sessionId": "s", "lines": [LINE] * 3_000},
    "unknown fields": {**HOLD, **MANY},
    "choices with unknown fields": {**HOLD, "choices": [{"x": 1}] * 100_000},
    "a list": [1] * 300_000,
    "an unknown list": {**HOLD, "x": [0] * 300_000},
}
PATHS = ["/api/inventory/reserve", "/api/inventory/release", "/api/checkout", "/api/admin/login"]


def post(path: str, body: Any, *headers: str) -> bytes:
    content = json.dumps(body, separators=(",", ":")).encode()
    assert len(content) < 1024 * 1024
    length = f"Content-Length: {len(content)}"
    lines = [f"POST {path} HTTP/1.1", "Host: shop.test", length, *headers, "", ""]
    return "\r\n".join(lines).encode() + content


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", BODIES)
def test_a_body_of_many_parts_is_answered_without_a_fault(
    server: Server, path: str, name: str
) -> None:
    answer = exchange(server, post(path, BODIES[name], "Connection: close"))
    assert status(answer) in (200, 404, 413, 422, 429, 503)
    assert status(answer) != 503 or b"not_configured" in answer
    assert b"Traceback" not in answer


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/api/inventory/reserve", "lines with unknown fields"),
        ("/api/inventory/reserve", "a few lines too many"),
        ("/api/inventory/release", "unknown fields"),
        ("/api/admin/login", "unknown fields"),
    ],
)
def test_a_bystander_hardly_notices_them(server: Server, path: str, name: str) -> None:
    """Without a bound one request took up to 1,065 ms of the event loop."""
    check_hardly_noticed(server, post(path, BODIES[name]), 1)


def test_a_basket_of_a_hundred_lines_may_have_further_fields(server: Server) -> None:
    more = {f"field{number}": "x" * 20 for number in range(20)}
    lines = [
        {"productId": "tee", "size": f"{number}", "quantity": 1, **more} for number in range(100)
    ]
    answer = exchange(
        server,
        post("/api/inventory/reserve", {"sessionId": "s9", "lines": lines}, "Connection: close"),
    )
    assert status(answer) == 404
    assert b"unknown_item" in answer
