"""The files of the dashboard need a session, except the login page."""

import re
from pathlib import Path

import pytest

from fancymonkey.accounts.sessions import ACCESS_LIFE
from fancymonkey.web.pages.dashboard import FILES, OPEN
from tests.accounts.client import Visitor
from tests.web.shops import Shop

LOGIN = "/admin/admin-login.html"


@pytest.mark.parametrize(
    ("target", "next_"),
    [
        ("/admin/", "/admin/"),
        ("/admin/index.html", "/admin/index.html"),
        ("/admin/holds?sku=a/b&x=1", "/admin/holds%3Fsku%3Da/b%26x%3D1"),
        ("/admin/nothing-here", "/admin/nothing-here"),
        ("/admin//evil", "/admin//evil"),
    ],
)
async def test_a_page_without_a_session_leads_to_the_login(
    visitor: Visitor, target: str, next_: str
) -> None:
    answer = await visitor.client.get(target)
    assert (answer.status, answer.header("location")) == (303, f"{LOGIN}?next={next_}")
    assert answer.header("cache-control") == "no-store"


async def test_a_script_without_a_session_is_401(visitor: Visitor) -> None:
    answer = await visitor.client.get("/admin/stock/stock-table.js")
    assert (answer.status, answer.code) == (401, "no_session")


@pytest.mark.parametrize("path", sorted(OPEN))
async def test_files_of_the_login_are_open_and_have_security_headers(
    visitor: Visitor, path: str
) -> None:
    answer = await visitor.client.get(path)
    assert answer.status == 200
    policy = answer.header("content-security-policy") or ""
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.header("x-content-type-options") == "nosniff"
    tag = answer.header("etag") or ""
    assert (await visitor.client.get(path, {"If-None-Match": tag})).status == 304


async def test_with_a_session_there_are_pages(visitor: Visitor) -> None:
    await visitor.logged_in()
    answer = await visitor.get("/admin/nothing-here.html")
    assert answer.status == 404


async def test_a_page_renews_a_session_whose_minutes_are_over(shop: Shop, visitor: Visitor) -> None:
    await visitor.logged_in()
    shop.clock.now += ACCESS_LIFE
    assert (await visitor.get("/api/admin/me")).code == "session_expired"
    assert (await visitor.get("/admin/nothing-here.html")).status == 404
    assert (await visitor.get("/api/admin/me")).status == 200
    shop.clock.forward(24 * 3600)
    assert (await visitor.get("/admin/")).status == 303


async def test_a_link_from_elsewhere_comes_back_with_the_cookies(visitor: Visitor) -> None:
    """A link from a mail brings no strict cookies: the page then requests itself again."""
    answer = await visitor.client.get("/admin/holds?x=1", {"Sec-Fetch-Site": "cross-site"})
    assert answer.status == 200
    assert b'http-equiv="refresh"' in answer.body
    assert answer.header("cache-control") == "no-store"


@pytest.mark.parametrize(
    "path",
    [
        "/admin/../config.py",
        "/admin/%2e%2e/config.py",
        "/admin/..%2fweb/auth.py",
        "/admin//etc/passwd",
    ],
)
async def test_no_path_leads_out_of_the_folder(visitor: Visitor, path: str) -> None:
    await visitor.logged_in()
    assert (await visitor.get(path)).status in (303, 401, 404)


@pytest.mark.parametrize("page", sorted(FILES.rglob("*.html")), ids=lambda page: page.name)
def test_pages_hold_nothing_inline_and_nothing_from_elsewhere(page: Path) -> None:
    text = page.read_text()
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", text)
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)
    for link in re.findall(r'(?:src|href)="([^"]*)"', text):
        assert re.match(r"/(?!/)|#", link), link
