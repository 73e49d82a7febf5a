"""The dashboard's files are requested once, and again as soon as one of them has changed."""

import os
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from fancymonkey.web.pages.dashboard import FILES
from fancymonkey.web.pages.versioned_files import KEEP, REFERENCE, Version, VersionedAssets
from tests.accounts.client import Visitor
from tests.web.client import Client
from tests.web.shops import Shop

PAGE = (
    '<link href="/admin/css/a.css"><script src="/admin/lib/b.js"></script><a href="/admin/x.html">'
)
SCRIPT = 'import { c } from "/admin/lib/c.js"; location = "/admin/x.html?a=b.js";'


@pytest.fixture
async def http(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    (tmp_path / "lib").mkdir()
    (tmp_path / "x.html").write_text(PAGE)
    (tmp_path / "lib/b.js").write_text(SCRIPT)
    (tmp_path / "lib/c.js").write_text("export const c = 1;")
    app = Starlette()
    app.mount("/admin", VersionedAssets(tmp_path, Version(tmp_path), html=True))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as client:
        yield client


async def version_of(http: httpx.AsyncClient) -> str:
    """The version in a page; all its references have the same one."""
    versions = set(re.findall(r"\?v=(\w+)", (await http.get("/admin/x.html")).text))
    assert len(versions) == 1
    return versions.pop()


async def test_a_page_and_its_scripts_refer_to_one_version(http: httpx.AsyncClient) -> None:
    version = await version_of(http)
    page = await http.get("/admin/x.html")
    assert page.headers["cache-control"] == "no-cache"
    assert page.text == PAGE.replace('.css"', f'.css?v={version}"').replace(
        '.js"', f'.js?v={version}"'
    )
    script = await http.get(f"/admin/lib/b.js?v={version}")
    assert script.headers["cache-control"] == KEEP
    assert script.text == SCRIPT.replace('c.js"', f'c.js?v={version}"')
    assert script.headers["content-type"] == "text/javascript; charset=utf-8"
    plain = await http.get("/admin/lib/b.js")
    assert plain.text == SCRIPT
    assert plain.headers["cache-control"] == "no-cache"


async def test_any_changed_file_changes_the_version_and_the_page(
    http: httpx.AsyncClient, tmp_path: Path
) -> None:
    before, page = await version_of(http), await http.get("/admin/x.html")
    known = {"If-None-Match": page.headers["etag"]}
    assert (await http.get("/admin/x.html", headers=known)).status_code == 304
    (tmp_path / "lib/c.js").write_text("export const c = 2;")
    os.utime(tmp_path / "lib/c.js", ns=(1, 1))
    assert (await http.get("/admin/x.html", headers=known)).status_code == 200
    after = await version_of(http)
    assert after != before
    changed = await http.get(f"/admin/lib/c.js?v={after}")
    assert (changed.text, changed.headers["cache-control"]) == ("export const c = 2;", KEEP)


async def test_a_changed_file_is_not_kept_under_the_version_before(
    http: httpx.AsyncClient, tmp_path: Path
) -> None:
    before = await version_of(http)
    (tmp_path / "lib/c.js").write_text("export const c = 22;")
    answer = await http.get(f"/admin/lib/c.js?v={before}")
    assert answer.text == "export const c = 22;"
    assert answer.headers["cache-control"] == "no-cache"


async def test_a_page_of_another_server_loads_each_script_once_and_keeps_none(
    http: httpx.AsyncClient,
) -> None:
    """While servers are upgraded, a script must not import a second copy of a module."""
    other = "0123456789abcdef"
    script = await http.get(f"/admin/lib/b.js?v={other}")
    assert script.headers["cache-control"] == "no-cache"
    assert script.text == SCRIPT.replace('c.js"', f'c.js?v={other}"')


@pytest.mark.parametrize("version", ["", "1", "x" * 16, "0123456789ABCDEF", '"><script>', "%00"])
async def test_a_text_that_is_not_a_version_changes_nothing(
    http: httpx.AsyncClient, version: str
) -> None:
    answer = await http.get("/admin/lib/b.js", params={"v": version})
    assert answer.text == SCRIPT
    assert answer.headers["cache-control"] == "no-cache"


async def test_head_and_a_range_are_answered_for_the_whole_file(http: httpx.AsyncClient) -> None:
    for path in ("/admin/x.html", f"/admin/lib/b.js?v={await version_of(http)}"):
        whole, head = await http.get(path), await http.head(path)
        assert head.headers == whole.headers
        assert (head.content, len(whole.content)) == (b"", int(whole.headers["content-length"]))
        part = await http.get(path, headers={"Range": "bytes=2-4"})
        assert (part.status_code, part.content) == (200, whole.content)


def test_the_version_depends_on_names_and_contents_only(tmp_path: Path) -> None:
    texts = []
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.js").write_text("a")
        os.utime(tmp_path / folder / "a.js", ns=(len(texts), 1))
        texts.append(Version(tmp_path / folder).current())
    assert texts[0] == texts[1]
    (tmp_path / "two/a.js").rename(tmp_path / "two/b.js")
    assert Version(tmp_path / "two").current() != texts[0]


def test_without_its_files_there_is_no_version(tmp_path: Path) -> None:
    assert Version(tmp_path / "nothing").current() == ""


async def test_every_reference_of_the_dashboard_has_the_version(shop: Shop, client: Client) -> None:
    owner = await Visitor(client).logged_in()
    for file in sorted([*FILES.rglob("*.html"), *FILES.rglob("*.js")]):
        path = f"/admin/{file.name if file.suffix == '.html' else file.relative_to(FILES)}"
        answer = await owner.get(f"{path}?v=0123456789abcdef")
        assert answer.status == 200, path
        text = answer.body.decode()
        assert REFERENCE.search(answer.body) is None, path
        imports = re.findall(
            r'(?:from |^import |src=|modulepreload" href=|stylesheet" href=)"([^"]*)"', text, re.M
        )
        for reference in imports:
            assert re.search(r"\.(js|css|svg)\?v=[0-9a-f]{16}$", reference), (path, reference)
            assert (await owner.get(reference)).status == 200, reference
