"""Long documents are built once, not for each request."""

import pytest

from tests.attacks.flood import check_hardly_noticed, exchange, status
from tests.support.server import Server

pytestmark = pytest.mark.slow

GET = b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.mark.parametrize(
    "path", [b"/openapi.json", b"/docs", b"/", b"/healthz", b"/static/tokens.css", b"/nothing"]
)
def test_a_bystander_hardly_notices_sixty_four_readers(server: Server, path: bytes) -> None:
    check_hardly_noticed(server, GET % path, 64)


@pytest.mark.parametrize("path", [b"a/" * 4000, b"../" * 2600, b"vendor/" * 1100, b"%61/" * 2000])
def test_nor_one_of_a_path_of_many_folders(server: Server, path: bytes) -> None:
    """Without a bound each request took 48 ms of the event loop."""
    raw = GET % (b"/static/" + path)
    assert (
        status(exchange(server, raw.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))) == 404
    )
    check_hardly_noticed(server, raw, 4)


@pytest.mark.parametrize("path", [b"/metrics", b"/openapi.json"])
def test_nor_in_a_large_shop(large: Server, path: bytes) -> None:
    check_hardly_noticed(large, GET % path, 64)


def test_the_documents_have_a_limit_of_their_own(server: Server) -> None:
    raw = b"GET /openapi.json HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    statuses = [status(exchange(server, raw)) for _ in range(100)]
    assert 429 in statuses
    other = raw.replace(b"/openapi.json", b"/api/inventory/get")
    assert status(exchange(server, other)) == 200
