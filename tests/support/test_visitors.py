"""A visitor gets nothing of the visitor before, except the files in the browser's cache."""

import http.server
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.async_api import Browser, Page

from tests.support.visitors import visitor

PAGE = """<!doctype html><title>Page</title><link rel="icon" href="data:,">
<script src="/script.js?v=1"></script>"""
STATE = """async () => [document.cookie, localStorage.length, sessionStorage.length,
    (await indexedDB.databases()).length, (await caches.keys()).length, innerWidth,
    matchMedia('(prefers-color-scheme: dark)').matches, new Date().getFullYear() > 2020]"""
UNTOUCHED = ["", 0, 0, 0, 0, 1280, False, True]


@dataclass
class VisitedSite:
    url: str
    requests: Counter[str] = field(default_factory=Counter)


@pytest.fixture
def site() -> Iterator[VisitedSite]:
    class Pages(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            running.requests[self.path] += 1
            is_script = self.path.startswith("/script.js")
            body = b"window.ran = true" if is_script else PAGE.encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/javascript" if is_script else "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "max-age=999, immutable" if is_script else "no-cache")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        running = VisitedSite(f"http://127.0.0.1:{server.server_port}")
        yield running
        server.shutdown()


async def test_a_visitor_finds_nothing_of_the_one_before(
    browser: Browser, site: VisitedSite
) -> None:
    async with visitor(browser, (390, 844), color_scheme="dark") as first:
        first_page, context = first.page, first.page.context
        await first.page.goto(site.url)
        await first.page.evaluate(
            """async () => { document.cookie = 'a=1'; localStorage.a = sessionStorage.a = 1;
            await caches.open('a');
            await new Promise(done => { indexedDB.open('a').onsuccess = done; }); }"""
        )
        assert await first.page.evaluate(STATE) == ["a=1", 1, 1, 1, 1, 390, True, True]
        await first.page.evaluate("console.error('wrong')")
        assert first.console_errors
        await first.page.route("**/other", lambda route: route.abort())
        await context.route("**/other", lambda route: route.abort())
        await context.set_offline(True)
    async with visitor(browser) as second:
        assert second.page is first_page
        await second.page.goto(f"{site.url}/other")
        assert await second.page.evaluate("ran")
        assert await second.page.evaluate(STATE) == UNTOUCHED
        second.assert_clean()
    assert site.requests["/script.js?v=1"] == 1


async def test_the_browser_of_a_first_visitor_has_loaded_nothing(
    browser: Browser, site: VisitedSite
) -> None:
    for _ in range(2):
        async with visitor(browser, is_first=True) as first:
            await first.page.goto(site.url)
    assert site.requests["/script.js?v=1"] == 2


async def test_visitors_at_the_same_time_are_apart(browser: Browser, site: VisitedSite) -> None:
    async with visitor(browser) as first, visitor(browser) as second:
        await first.page.goto(site.url)
        await first.page.evaluate("document.cookie = 'a=1'; localStorage.a = 1")
        await second.page.goto(site.url)
        assert await second.page.evaluate(STATE) == UNTOUCHED
        await first.page.evaluate("console.error('wrong')")
        assert first.console_errors
        assert not second.problems


async def test_a_page_that_it_opens_is_closed_and_its_problems_are_reported(
    browser: Browser, site: VisitedSite
) -> None:
    for _ in range(2):
        async with visitor(browser) as watched:
            await watched.page.goto(site.url)
            assert len(watched.page.context.pages) == 1
            async with watched.page.expect_popup() as opened:
                await watched.page.evaluate("window.open('/opened') && undefined")
            other = await opened.value
            await other.wait_for_load_state()
            await other.evaluate("console.error('wrong')")
            assert [text for text in watched.console_errors if "wrong" in text]


async def test_a_context_with_a_changed_clock_is_not_used_again(
    browser: Browser, site: VisitedSite
) -> None:
    async with visitor(browser) as first:
        context = first.page.context
        await first.page.clock.install(time=0)
        await first.page.goto(site.url)
        assert await first.page.evaluate("new Date().getFullYear()") == 1970
    async with visitor(browser) as second:
        assert second.page.context is not context
        await second.page.goto(site.url)
        assert await second.page.evaluate(STATE) == UNTOUCHED


async def test_a_page_is_used_again_at_another_address(browser: Browser, site: VisitedSite) -> None:
    pages: list[Page] = []
    for url in (site.url, site.url.replace("127.0.0.1", "localhost"), site.url):
        async with visitor(browser) as watched:
            pages.append(watched.page)
            await watched.page.goto(url)
            assert await watched.page.evaluate(STATE) == UNTOUCHED
    assert pages[1] is pages[2]


async def test_after_a_failure_the_context_is_closed(browser: Browser) -> None:
    pages: list[Page] = []

    async def fail() -> None:
        async with visitor(browser) as watched:
            pages.append(watched.page)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert pages[0].context not in browser.contexts
    async with visitor(browser) as second:
        assert second.page.context is not pages[0].context


async def test_listeners_and_initial_scripts_end_with_their_visitor(
    browser: Browser, site: VisitedSite
) -> None:
    requests: list[str] = []
    async with visitor(browser) as first:
        page = first.page
        await page.add_init_script("window.added = 1")
        page.on("request", lambda request: requests.append(request.url))
        page.once("load", lambda _page: requests.append("load"))
        page.once("dialog", lambda dialog: requests.append("dialog"))
        await page.goto(site.url)
        assert await page.evaluate("window.added") == 1
        assert {f"{site.url}/", "load"} <= set(requests)
        requests.clear()
    async with visitor(browser) as second:
        assert second.page is page
        await second.page.goto(site.url)
        assert await second.page.evaluate("window.added") is None
        await second.page.evaluate("confirm('Is no listener left?')")
        assert requests == []
        await second.page.add_init_script("window.added = 2")
        await second.page.goto(f"{site.url}/again")
        assert await second.page.evaluate("window.added") == 2


async def test_a_page_with_lasting_changes_is_not_used_again(
    browser: Browser, site: VisitedSite
) -> None:
    async with visitor(browser) as first:
        page, context = first.page, first.page.context
        await page.expose_function("added", lambda: 1)
        await page.goto(site.url)
    async with visitor(browser) as second:
        assert second.page is not page
        assert second.page.context is context
        await second.page.goto(site.url)
        assert await second.page.evaluate("typeof added") == "undefined"


async def test_a_page_that_did_not_load_is_not_used_again(
    browser: Browser, site: VisitedSite
) -> None:
    async with visitor(browser) as first:
        page = first.page
        await page.goto(site.url)
        await page.context.set_offline(True)
        with pytest.raises(Exception, match="ERR_INTERNET_DISCONNECTED"):
            await page.goto(f"{site.url}/third")
    async with visitor(browser) as second:
        assert second.page is not page
        await second.page.goto(site.url)
        assert await second.page.evaluate(STATE) == UNTOUCHED
        second.assert_clean()


async def test_a_context_is_for_visitors_with_the_same_options(browser: Browser) -> None:
    async with visitor(browser, locale="de-DE") as german:
        assert await german.page.evaluate("navigator.language") == "de-DE"
    async with visitor(browser) as other:
        assert await other.page.evaluate("navigator.language") != "de-DE"
        assert other.page.context is not german.page.context
    async with visitor(browser, locale="de-DE") as again:
        assert again.page.context is german.page.context
