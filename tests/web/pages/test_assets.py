"""Static files are served from memory, and are always those of the disk."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from fancymonkey.web.pages.dashboard import FILES, PAGES
from fancymonkey.web.pages.files import DEEPEST, STATIC, Assets


@pytest.fixture
async def http(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    app = Starlette()
    app.mount("/static", Assets(tmp_path))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as client:
        yield client


async def test_a_changed_file_is_served_at_once(http: httpx.AsyncClient, tmp_path: Path) -> None:
    file = tmp_path / "page.js"
    file.write_text("first")
    first = await http.get("/static/page.js")
    assert first.text == (await http.get("/static/page.js")).text == "first"
    file.write_text("other")  # of the same size
    os.utime(file, ns=(1, 1))
    other = await http.get("/static/page.js")
    assert other.text == "other"
    assert other.headers["etag"] != first.headers["etag"]
    file.unlink()
    assert (await http.get("/static/page.js")).status_code == 404


async def test_the_headers_are_those_of_a_file_from_the_disk(
    http: httpx.AsyncClient, tmp_path: Path
) -> None:
    (tmp_path / "page.js").write_text("0123456789")
    whole = await http.get("/static/page.js")
    head = await http.head("/static/page.js")
    assert head.headers == whole.headers
    assert head.content == b""
    assert whole.headers["content-length"] == "10"
    assert whole.headers["content-type"].startswith("text/javascript")
    part = await http.get("/static/page.js", headers={"Range": "bytes=2-4"})
    assert (part.status_code, part.text) == (206, "234")
    known = {"If-None-Match": whole.headers["etag"]}
    assert (await http.get("/static/page.js", headers=known)).status_code == 304


async def test_the_deepest_file_is_served_and_nothing_below_it(
    http: httpx.AsyncClient, tmp_path: Path
) -> None:
    deep = tmp_path.joinpath(*"abcd")
    (deep / "e").mkdir(parents=True)
    (deep / "page.js").write_text("deep")
    (deep / "e" / "page.js").write_text("deeper")
    assert (await http.get("/static/a/b/c/d/page.js")).text == "deep"
    assert (await http.get("/static/a/b/c/d/e/page.js")).status_code == 404


def test_no_file_of_ours_is_deeper() -> None:
    for folder in (STATIC, FILES, PAGES):
        files = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
        assert files
        assert max(len(path.parents) - 1 for path in files) <= DEEPEST


@pytest.mark.parametrize("path", ["..%2fsecret", "%00", "x" * 300, "folder", "none.js", "%2fetc"])
async def test_a_path_without_a_file_is_404(
    http: httpx.AsyncClient, tmp_path: Path, path: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path.parent / "secret").write_text("secret")
    assert (await http.get(f"/static/{path}")).status_code == 404
