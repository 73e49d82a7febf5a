"""The browser of the tests runs scripts, stays on this machine, and reports errors of pages."""

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.axe import assert_accessible
from tests.support.browser import BrowserMissing, BrowserPage, find_chromium

PAGES = {
    "/good": "<title>Good</title><script>document.title += '!'</script>",
    "/strict": "<title>Strict</title><script>document.title = 'ran'</script>",
    "/broken": "<title>Broken</title><img src=/missing><script>throw new Error('boom')</script>",
    "/barrier": "<html lang=en><title>Barrier</title><main><h1>Picture</h1><img src=data:,></main>",
    "/rows": """<html lang=en><title>Rows</title><main><h1>Rows</h1><table><tbody></table></main>
        <script>for (let at = 0; at < 9; at++) document.querySelector('tbody').insertAdjacentHTML(
            'beforeend', `<tr><th scope=row>${at}<td class=wide><button>Row ${at}</button>`)
        </script>""",
    "/outside": "<title>Outside</title><img src=http://shop.example/picture.png>",
}


class Pages(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = PAGES.get(self.path, "").encode()
        self.send_response(200 if body or self.path == "/favicon.ico" else 404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        if self.path == "/strict":
            self.send_header("Content-Security-Policy", "script-src 'self'")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


async def test_a_good_page_runs_and_is_clean(browser_page: BrowserPage, site: str) -> None:
    await browser_page.page.goto(f"{site}/good")
    assert await browser_page.page.title() == "Good!"
    browser_page.assert_clean()


async def test_a_script_against_the_policy_is_reported(
    browser_page: BrowserPage, site: str
) -> None:
    await browser_page.page.goto(f"{site}/strict")
    assert await browser_page.page.title() == "Strict"
    await browser_page.page.wait_for_timeout(100)
    assert "script-src-elem blocked inline" in browser_page.policy_violations[0]
    with pytest.raises(AssertionError, match="not clean"):
        browser_page.assert_clean()
    browser_page.forget()
    browser_page.assert_clean()


async def test_errors_and_missing_files_are_reported(browser_page: BrowserPage, site: str) -> None:
    await browser_page.page.goto(f"{site}/broken")
    assert ["boom" in page_error for page_error in browser_page.page_errors] == [True]
    assert browser_page.failed_requests == [f"GET {site}/missing: status 404"]
    assert any("404" in console_error for console_error in browser_page.console_errors)


async def test_nothing_outside_this_machine_is_reached(
    browser_page: BrowserPage, site: str
) -> None:
    await browser_page.page.goto(f"{site}/outside")
    assert browser_page.failed_requests == [
        "GET http://shop.example/picture.png: net::ERR_NAME_NOT_RESOLVED"
    ]


def test_a_missing_browser_is_explained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CHROMIUM", str(tmp_path / "none"))
    with pytest.raises(BrowserMissing, match="SKIP_BROWSER=1"):
        find_chromium()


async def test_axe_finds_a_barrier(browser_page: BrowserPage, site: str) -> None:
    await browser_page.page.goto(f"{site}/barrier")
    for _ in range(2):  # with axe loaded by the first call
        with pytest.raises(AssertionError, match="critical image-alt"):
            await assert_accessible(browser_page.page)


@pytest.mark.parametrize(
    ("change", "violation"),
    [
        ("button.textContent = ' '", "button-name"),
        ("button.style.color = '#aaa'; button.style.background = 'white'", "color-contrast"),
        ("button.setAttribute('role', 'picture')", "aria-roles"),
        ("button.setAttribute('aria-pressed', 'perhaps')", "aria-valid-attr-value"),
        ("row.append(document.createElement('div'))", None),
        ("row.insertAdjacentHTML('beforeend', '<td><img src=data:,>')", "image-alt"),
    ],
)
async def test_axe_finds_a_barrier_in_one_of_many_equal_rows(
    browser_page: BrowserPage, site: str, change: str, violation: str | None
) -> None:
    page = browser_page.page
    await page.goto(f"{site}/rows")
    await assert_accessible(page)
    await page.evaluate(
        "change => { const row = document.querySelector('tr:nth-child(7)');"
        " const button = row.querySelector('button'); eval(change) }",
        change,
    )
    if violation is None:
        await assert_accessible(page)
        return
    with pytest.raises(AssertionError, match=violation):
        await assert_accessible(page)
