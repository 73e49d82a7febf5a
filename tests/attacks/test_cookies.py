"""Long cookie headers are not parsed as a whole, and the login cookie in them still counts."""

from typing import Any

import pytest

from fancymonkey.web.http.cookies import COOKIES_MAX, SHORT, only_ours, read
from fancymonkey.web.http.messages import Request, Scope
from tests.attacks.flood import exchange, status
from tests.attacks.test_heads import head
from tests.support.server import Server

OURS = b"fm_access=token; __Host-fm_device=a=b"


def scope(*cookies: bytes) -> dict[str, Any]:
    headers = [(b"host", b"shop.test"), *((b"cookie", cookie) for cookie in cookies)]
    return {"type": "http", "scheme": "http", "headers": headers}


def cookie_of(shortened: Scope) -> bytes:
    """The only cookie header."""
    (value,) = [value for name, value in shortened["headers"] if name == b"cookie"]
    return bytes(value)


def test_short_cookies_stay_as_they_are() -> None:
    for given in (scope(), scope(OURS), scope(b"a=b; " * 20), scope(b"a" * SHORT)):
        assert only_ours(given) is given


@pytest.mark.parametrize("others", [b";" * 30_000, b"a=b; " * 6000, b"a" * 30_000, b"\xff;" * 9000])
def test_of_long_cookie_headers_only_our_cookies_are_kept(others: bytes) -> None:
    shortened = only_ours(scope(OURS + b"; " + others))
    assert cookie_of(shortened) == OURS
    assert (b"host", b"shop.test") in shortened["headers"]
    assert cookie_of(only_ours(scope(others))) == b""


def test_they_are_read_as_before() -> None:
    for given in (
        scope(b"a=b; " * 200 + OURS),
        scope(b"fm_access=first; fm_access=second; " + b"a=b; " * 900),
        scope(b"fm_access" + b"; a=b" * 900),
        scope(b"x; " * (COOKIES_MAX // 3 - 2) + OURS),
        scope(OURS, b"a=b; " * 900),
        scope(b"a=b; " * 900, OURS),
    ):
        for name in ("fm_access", "fm_device"):
            before = read(Request(given, None), name)  # type: ignore[arg-type]
            assert read(Request(only_ours(given), None), name) == before  # type: ignore[arg-type]


@pytest.mark.parametrize("line", ["GET /healthz", "GET /api/admin/jobs", "GET /"])
def test_the_framework_answers_as_without_them(server: Server, line: str) -> None:
    close = b"Connection: close"
    plain = exchange(server, head(line, close))
    long = exchange(server, head(line, close, b"Cookie: " + b";" * 30_000))
    assert status(long) == status(plain)
