"""A real Chromium for tests, which reaches only this machine and reports every problem.

The fixture `browser_page` gives a `BrowserPage`: `.page` is Playwright's, and `.assert_clean()`
fails when the page logged an error, broke its security policy, or requested a missing file.
"""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Page,
    Request,
    Response,
    Route,
    async_playwright,
    expect,
)

# The shell draws and runs pages as the whole browser does, without the windows around them.
NAMES = (
    "chromium-headless-shell",
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
)
FROM_NPM = Path(__file__).parents[2] / ".venv" / "chromium" / "start"
APPLICATIONS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
ARGUMENTS = (
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-quic",
    "--disable-sync",
    "--metrics-recording-only",
    "--no-first-run",
    "--no-pings",
    # Neither a page nor Chromium itself sends a request to another machine.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE localhost , EXCLUDE 127.0.0.1",
)
EXPECT_SECONDS = 20
"""The longest wait for an expectation: on a loaded machine a page needs several seconds."""
SLOW_SECONDS = int(os.environ.get("SLOW_NETWORK_MS", "0")) / 1000
"""The delay of each answer of the API: a test that does not wait for one fails on any machine."""

WATCH_POLICY = """
document.addEventListener('securitypolicyviolation', event => window.__policyViolation(
    `${event.effectiveDirective} blocked ${event.blockedURI} in ${event.documentURI}`));
"""


class BrowserMissing(RuntimeError):
    """There is no Chromium; the text has the remedy."""


def find_chromium() -> Path:
    """Give the Chromium to use: CHROMIUM, one on PATH, npm's, one of macOS's applications."""
    named = os.environ.get("CHROMIUM")
    programs = [shutil.which(name) for name in ((named,) if named else NAMES)]
    places = (str(FROM_NPM), *APPLICATIONS)
    programs += [] if named else [place for place in places if Path(place).exists()]
    for place in programs:
        if place:
            return Path(place)
    raise BrowserMissing(
        f"No Chromium found (looked for {named or ', '.join(NAMES)}). As root on Debian,"
        " `make browser` installs it; elsewhere install Chromium or Google Chrome, or set CHROMIUM"
        " to its path. To leave the browser tests out: SKIP_BROWSER=1."
    )


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Run one headless Chromium."""
    as_root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    executable = find_chromium()
    expect.set_options(timeout=EXPECT_SECONDS * 1000)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=executable, headless=True, args=[*ARGUMENTS, *as_root]
        )
        try:
            yield browser
        finally:
            await browser.close()


async def delay_answers(context: BrowserContext) -> None:
    """Delay each answer of the API in this context, if SLOW_NETWORK_MS is set."""
    if SLOW_SECONDS:
        await context.route("**/api/**", delayed)


async def delayed(route: Route) -> None:
    """Let a request continue after SLOW_SECONDS."""
    await asyncio.sleep(SLOW_SECONDS)
    with suppress(Error):  # the test has left the page
        await route.continue_()


@dataclass
class BrowserPage:
    """One page, with its own cookies and storage, and its recorded problems."""

    page: Page
    console_errors: list[str] = field(default_factory=list)
    page_errors: list[str] = field(default_factory=list)
    policy_violations: list[str] = field(default_factory=list)
    failed_requests: list[str] = field(default_factory=list)

    @classmethod
    async def open(cls, context: BrowserContext) -> Self:
        """Open an empty page and watch it; pages that it opens are watched too."""
        watch = cls(await context.new_page())
        await context.expose_binding(
            "__policyViolation", lambda _source, event: watch.policy_violations.append(event)
        )
        await context.add_init_script(WATCH_POLICY)
        await delay_answers(context)
        context.on("console", watch._on_console)
        context.on("weberror", lambda error: watch.page_errors.append(str(error.error)))
        context.on("requestfailed", watch._on_failed)
        context.on("response", watch._on_response)
        return watch

    @property
    def problems(self) -> list[str]:
        """All problems since the page was opened, or since the last forget()."""
        kinds = ("console_errors", "page_errors", "policy_violations", "failed_requests")
        return [f"{kind}: {text}" for kind in kinds for text in getattr(self, kind)]

    def assert_clean(self) -> None:
        """Fail if there was any problem."""
        assert not self.problems, "\n".join(["The page is not clean:", *self.problems])

    def forget(self) -> None:
        """Forget the problems so far: for a test that caused them."""
        for texts in (
            self.console_errors,
            self.page_errors,
            self.policy_violations,
            self.failed_requests,
        ):
            texts.clear()

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "assert"}:
            place: Any = message.location
            self.console_errors.append(f"{message.text} ({place['url']}:{place['lineNumber']})")

    def _on_failed(self, request: Request) -> None:
        # Leaving a page ends its open streams and requests: that is not a failure.
        if request.failure != "net::ERR_ABORTED":
            self.failed_requests.append(f"{request.method} {request.url}: {request.failure}")

    def _on_response(self, response: Response) -> None:
        if response.status >= 400:
            self.failed_requests.append(
                f"{response.request.method} {response.url}: status {response.status}"
            )
