"""Paths outside the served folders, to the source, and unusual methods."""

import logging

import pytest

from tests.accounts.client import Visitor
from tests.accounts.routes import NEEDS
from tests.web.shops import Shop

MOUNTS = [path for method, path in NEEDS if method == "MOUNT" and path != "/demo/stripe"]
ROOTS = (*MOUNTS, "/admin/vendor", "/static/vendor", "/v1", "")
OUT = (
    *("/../config.py", "/%2e%2e/config.py", "/..%2fconfig.py", "/%2e%2e%2fconfig.py"),
    *("/..%5cconfig.py", "/....//config.py", "/%252e%252e/config.py", "//etc/passwd"),
    *("/..;/config.py", "/./../config.py", "/%c0%ae%c0%ae/config.py", "/..%00/config.py"),
    *(
        "/../../../../../../etc/passwd",
        "/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "/\\..\\config.py",
    ),
    *("/%00", "/tokens.css%00.html", "/" + "a" * 5000, "/" + "../" * 500 + "etc/passwd"),
)


@pytest.mark.parametrize("root", ROOTS)
async def test_no_static_path_leads_out(shop: Shop, root: str) -> None:
    owner = await Visitor(shop.client).logged_in()
    for path in OUT:
        answer = await owner.get(root + path)
        assert answer.status in (303, 307, 401, 404, 405), (path, answer)
        for word in (b"root:", b"dataclass", b"def ", b"import "):
            assert word not in answer.body, path


@pytest.mark.parametrize(
    "path",
    [
        *("/.git/config", "/.git/HEAD", "/.env", "/.svn/entries", "/pyproject.toml", "/tests/"),
        *("/static/.git/config", "/admin/.git/config", "/app.py", "/admin/__init__.py"),
        *("/static/../app.py", "/data/products.json", "/products.json", "/logs/", "/backup.zip"),
        *("/admin/vendor/README.md.bak", "/server-status", "/debug", "/console", "/redoc"),
    ],
)
async def test_nothing_of_the_source_is_served(shop: Shop, path: str) -> None:
    owner = await Visitor(shop.client).logged_in()
    assert (await owner.get(path)).status == 404


@pytest.mark.parametrize(
    "path", ["/static/", "/static", "/static/vendor/", "/admin/vendor/", "/v1/"]
)
async def test_no_folder_is_listed(shop: Shop, path: str) -> None:
    owner = await Visitor(shop.client).logged_in()
    answer = await owner.get(path)
    assert answer.status in (307, 404)
    assert b"href" not in answer.body


@pytest.mark.parametrize("method", ["TRACE", "TRACK", "CONNECT", "DEBUG", "PROPFIND", "get"])
async def test_trace_is_not_answered(shop: Shop, method: str) -> None:
    for path in ("/", "/api/inventory/get", "/api/admin/me", "/static/tokens.css", "/healthz"):
        answer = await shop.client.request(method, path, b"", {"X-Secret": "seen"})
        assert answer.status in (401, 404, 405), path
        assert b"seen" not in answer.body


async def test_a_line_end_makes_no_line_of_its_own(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    """Text of a request cannot look like another line of the log or of the audit log."""
    owner = await Visitor(shop.client).logged_in()
    evil = "x\r\n2026-01-01 owner logged in"
    with caplog.at_level(logging.DEBUG):
        await shop.client.post("/api/admin/login", {"name": evil, "password": evil})
        await shop.client.get("/api/cron/x%0d%0aowner%20logged%20in")
        await shop.client.get("/api/admin/me", {"Authorization": f"Bearer {evil}"})
        await owner.get("/api/inventory/get?productId=x%0d%0ay", {"X-Forwarded-For": evil})
    assert "logged in" not in caplog.text
    acts = (await owner.get("/api/admin/audit-log?format=csv")).body.decode()
    assert all(len(line.split(",")) >= 7 for line in acts.splitlines())
