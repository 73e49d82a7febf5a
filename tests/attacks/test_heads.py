"""A head that is too long, or has too many headers, is refused before it is parsed."""

import pytest

from tests.attacks.flood import check_hardly_noticed, exchange, status
from tests.support.server import Server

pytestmark = pytest.mark.slow

HOT, COLD = "GET /api/inventory/get", "GET /api/admin/me"
FRAMEWORK = "GET /healthz"
BOTH = pytest.mark.parametrize("line", [HOT, COLD], ids=["the short way", "by ASGI"])


def head(line: str, *headers: bytes) -> bytes:
    """A request without a body."""
    lines = [f"{line} HTTP/1.1".encode(), b"Host: shop.test", *headers]
    return b"\r\n".join([*lines, b"", b""])


TOO_LONG = {
    "a cookie of 500 KB": [b"Cookie: " + b";" * 500_000],
    "a cookie just above the bound": [b"Cookie: a=" + b"b" * 32_768],
    "100,000 empty headers": [b"a:"] * 100_000,
    "101 headers": [b"x-%d: y" % number for number in range(100)],
    "many headers of middle length": [b"x-%d: %b" % (n, b"y" * 1000) for n in range(40)],
    "a long name": [b"x" * 40_000 + b": y"],
    "tags without an end": [b"If-None-Match: " + b"," * 30_000],
    "tags in many headers": [b"If-None-Match: " + b"," * 400] * 20,
    "many proxies": [b"X-Forwarded-For: " + b"," * 20_000],
    "many proxies in many headers": [b"X-Forwarded-For: " + b"1.2.3.4," * 30] * 20,
    "a content type": [b"Content-Type: " + b";" * 5000],
    "many ranges": [b"Range: bytes=" + b"0-0," * 5000],
    "connection options": [b"Connection: " + b"a," * 5000],
    "extensions": [b"Sec-WebSocket-Extensions: " + b"a," * 5000],
}


@BOTH
@pytest.mark.parametrize("what", TOO_LONG)
def test_a_head_that_is_too_long_is_refused(server: Server, line: str, what: str) -> None:
    answer = exchange(server, head(line, *TOO_LONG[what]))
    assert status(answer) == 431
    assert b'"code":"head_too_large"' in answer
    assert b"connection: close" in answer


@BOTH
@pytest.mark.parametrize("size", [1, 700, 5000, 20_000])
def test_it_is_counted_over_many_reads(server: Server, line: str, size: int) -> None:
    whole = head(line, b"Cookie: " + b";" * 500_000)
    pieces = [whole[at : at + size] for at in range(0, min(len(whole), 150 * size), size)]
    if size * len(pieces) < 40_000:  # few bytes each: the rest in one piece
        pieces.append(whole[len(pieces) * size :])
    assert status(exchange(server, *pieces)) == 431


@BOTH
def test_a_long_url_is_refused(server: Server, line: str) -> None:
    for length in (9_000, 60_000):
        assert status(exchange(server, head(f"{line}?{'x' * length}"))) == 414


@pytest.mark.parametrize("line", [HOT, COLD, FRAMEWORK])
def test_a_url_with_many_parameters_is_refused(server: Server, line: str) -> None:
    assert status(exchange(server, head(f"{line}?{'a&' * 99}", b"Connection: close"))) != 414
    answer = exchange(server, head(f"{line}?{'a&' * 100}"))
    assert status(answer) == 414
    assert b"at most 100 parameters" in answer


@pytest.mark.parametrize("path", ["/api/inventory/reserve", "/api/inventory/update"])
def test_trailers_are_counted_and_are_not_headers(server: Server, path: str) -> None:
    begin = head(f"POST {path}", b"Transfer-Encoding: chunked") + b"2\r\n{}\r\n0\r\n"
    assert status(exchange(server, begin, b"x: y\r\n" * 101 + b"\r\n")) == 431
    assert status(exchange(server, begin, b"x: " + b"y" * 60_000)) == 431
    slow = head(f"POST {path}", b"Transfer-Encoding: chunked") + b"2;" + b"x" * 60_000
    assert status(exchange(server, slow)) == 431
    tiny = head(f"POST {path}", b"Transfer-Encoding: chunked") + b"1\r\n \r\n" * 5000
    assert status(exchange(server, tiny)) == 400


@BOTH
def test_earlier_requests_are_answered_first(server: Server, line: str) -> None:
    fine, bad = head(line), head(line, b"Cookie: " + b";" * 500_000)
    answer = exchange(server, fine * 3 + bad + fine)
    statuses = [int(part[:3]) for part in answer.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [200 if line == HOT else 401] * 3 + [431]


@BOTH
def test_a_head_up_to_the_bound_is_answered(server: Server, line: str) -> None:
    for headers in (
        [b"Cookie: " + b"a=b; " * 6000],
        [b"x-%d: y" % number for number in range(97)],
        [b"X: " + b"y" * 31_000],
        [b'If-None-Match: "a", ' + b'"b", ' * 500 + b'"c"'],
    ):
        answer = exchange(server, head(line, *headers, b"Connection: close"))
        assert status(answer) == (200 if line == HOT else 401)


ATTACKS = {
    "cookies of 500 KB": (4, head(COLD, b"Cookie: " + b";" * 500_000)),
    "cookies of 30 KB": (4, head(COLD, b"Cookie: " + b";" * 30_000)),
    "cookies of 30 KB for the framework": (4, head(FRAMEWORK, b"Cookie: " + b";" * 30_000)),
    "parameters": (4, head(f"{FRAMEWORK}?{'a&' * 4000}")),
    "100,000 headers": (4, head(HOT, *[b"a:"] * 100_000)),
    "tags": (4, head(HOT, b"If-None-Match: " + b"," * 30_000)),
    "a thousand requests in one read": (4, head(HOT) * 1000),
    "fifty requests in one read": (8, head(HOT) * 50),
    "tiny chunks": (
        4,
        head("POST /api/inventory/update", b"Transfer-Encoding: chunked") + b"1\r\n \r\n" * 50_000,
    ),
}
"""Connections, and the bytes that each of them sends repeatedly."""


@pytest.mark.parametrize("what", ATTACKS)
def test_a_bystander_hardly_notices(server: Server, what: str) -> None:
    connections, raw = ATTACKS[what]
    check_hardly_noticed(server, raw, connections)
