"""Pages, health and metrics over a real server: found, guarded, also by HEAD."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urljoin

import httpx
import pytest

from fancymonkey import storefront
from fancymonkey.core.locations.accounts import StockState
from fancymonkey.core.locations.edit import AddLocation
from fancymonkey.core.locations.locations import Location
from fancymonkey.core.stock.adjust import Adjust
from fancymonkey.core.stock.move import MoveStock
from fancymonkey.web.pages.files import PAGES, STATIC
from fancymonkey.web.system.metrics import LOCATIONS_MOST
from tests.support.uvicorns import serving
from tests.web.client import Client
from tests.web.shops import CRON, HOODIE, Shop

PATHS = ("/healthz", "/readyz", "/metrics", "/openapi.json", "/docs", "/static/tokens.css")


@pytest.fixture
async def http(shop: Shop) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(shop.client.app) as url, httpx.AsyncClient(base_url=url) as client:
        yield client


@pytest.mark.parametrize("path", PATHS)
async def test_head_is_answered_like_get_without_a_body(http: httpx.AsyncClient, path: str) -> None:
    full, head = await http.get(path), await http.head(path)
    assert (full.status_code, head.status_code) == (200, 200)
    assert full.content
    assert head.content == b""
    assert head.headers["content-type"] == full.headers["content-type"]


async def test_the_front_page_is_the_shop_and_no_other_file_of_its_folder_is_served(
    http: httpx.AsyncClient,
) -> None:
    answer = await http.get("/")
    assert answer.text == (storefront.FOLDER / "index.html").read_text()
    assert (await http.get("/shop.css")).headers["content-type"].startswith("text/css")
    for path in ("/__init__.py", "/nothing.js", "/%2e%2e/web/pages.py"):
        assert (await http.get(path)).status_code == 404, path


async def test_the_drop_in_script_may_be_loaded_from_anywhere_and_is_kept_for_a_while(
    http: httpx.AsyncClient,
) -> None:
    answer = await http.get("/v1/fancymonkey.js")
    assert answer.content == storefront.MODULE.read_bytes()
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert "max-age=3600" in answer.headers["cache-control"]
    assert answer.headers["content-type"].startswith("text/javascript")
    tag = {"If-None-Match": answer.headers["etag"]}
    assert (await http.get("/v1/fancymonkey.js", headers=tag)).status_code == 304


@pytest.mark.parametrize(
    "path", ["/", "/success.html", "/shop.js", "/docs", "/static/docs.js", "/static/docs.css"]
)
async def test_pages_and_their_files_let_nothing_in_from_elsewhere(
    client: Client, path: str
) -> None:
    answer = await client.get(path)
    policy = answer.header("content-security-policy") or ""
    if path == "/":  # the owner's pictures may be on any host
        assert "img-src 'self' data: https:;" in policy
        policy = policy.replace("img-src 'self' data: https:;", "")
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    for word in ("unsafe", "*", "http:", "https:"):
        assert word not in policy
    assert answer.header("x-content-type-options") == "nosniff"
    assert answer.header("cache-control") == "no-cache"


async def test_a_file_that_has_not_changed_is_304(http: httpx.AsyncClient) -> None:
    tag = (await http.get("/static/docs.css")).headers["etag"]
    again = await http.get("/static/docs.css", headers={"If-None-Match": tag})
    assert again.status_code == 304
    assert "content-security-policy" in again.headers


@pytest.mark.parametrize(
    "page",
    sorted([*PAGES.glob("*.html"), *storefront.FOLDER.glob("*.html")]),
    ids=lambda page: page.name,
)
async def test_pages_hold_nothing_inline_and_nothing_from_elsewhere(
    client: Client, page: Path
) -> None:
    text = page.read_text()
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", text)
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)
    for link in re.findall(r'(?:src|href)="([^"]*)"', text):
        assert not link.startswith("//"), link
        if not link.startswith("#"):
            assert (await client.get(urljoin("/", link))).status == 200, link


def test_our_own_files_are_small() -> None:
    for file in STATIC.glob("*"):
        if file.is_file():
            assert file.stat().st_size < 30_000, file.name


async def test_metrics_count_requests_and_commits(shop: Shop) -> None:
    await shop.reserve("cs_1", quantity=2)
    await shop.reserve("cs_2", quantity=99)
    text = (await shop.client.get("/metrics")).body.decode()
    assert re.search(r'^fancymonkey_refused_total\{code="insufficient_stock"\} 1\.0$', text, re.M)
    assert re.search(r'^fancymonkey_units\{state="reserved"\} 2\.0$', text, re.M)
    assert re.search(r"^fancymonkey_oversold 0\.0$", text, re.M)
    assert re.search(r"^fancymonkey_holds 1\.0$", text, re.M)
    assert 'fancymonkey_http_requests_total{path="/api/inventory/reserve",status="409"} 1.0' in text
    bucket = r'^fancymonkey_http_seconds_bucket\{le="\+Inf",path="/api/inventory/reserve"\} 2\.0$'
    assert re.search(bucket, text, re.M)


async def test_metrics_have_locations_only_where_there_are_several(shop: Shop) -> None:
    assert "location" not in (await shop.client.get("/metrics")).body.decode()
    for number in range(LOCATIONS_MOST + 5):
        await shop.engine.submit(AddLocation(location=Location(f"l{number}", "Store", priority=9)))
    sku = f"{HOODIE}/M"
    for location in ("l0", "l8", "l9"):
        await shop.engine.submit(Adjust(sku=sku, location=location, delta=3))
    states = {"from_state": None, "to_state": StockState.DAMAGED, "reason": "wet"}
    move = MoveStock(sku=sku, quantity=1, from_location="l0", to_location="l0", **states)
    await shop.engine.submit(move)
    shop.clock.forward(60)
    text = (await shop.client.get("/metrics")).body.decode()
    rows = dict(re.findall(r"^fancymonkey_location_units(.*) (.*)$", text, re.M))
    assert rows['{location="l0",state="on_hand"}'] == "2.0"
    assert rows['{location="_other",state="on_hand"}'] == "6.0"
    assert rows['{location="l0",state="damaged"}'] == "1.0"
    assert len({row.split(",")[0] for row in rows}) <= LOCATIONS_MOST + 1


async def test_metrics_do_not_grow_with_invented_paths(shop: Shop) -> None:
    for path in ("/api/inventory/get/x", "/nothing", "/api/admin/%00"):
        await shop.client.get(path)
    text = (await shop.client.get("/metrics")).body.decode()
    assert set(re.findall(r'path="([^"]*)"', text)) <= {"/api/inventory/get"}


async def test_metrics_report_jobs(shop: Shop) -> None:
    ran = await shop.client.post(
        "/api/cron/release-expired", b"", {"Authorization": f"Bearer {CRON}"}
    )
    assert ran.status == 200, ran
    text = (await shop.client.get("/metrics")).body.decode()
    assert 'fancymonkey_job_failed{job_name="release-expired"} 0.0' in text
    assert re.search(
        r'^fancymonkey_job_ended_timestamp_seconds\{job_name="release-expired"\} 1\.7', text, re.M
    )
    assert re.search(r"^fancymonkey_store_problems 0\.0$", text, re.M)
