"""Visitors with a page of their own, which later visitors use again.

A new page starts a process of Chromium, and a new context loads and compiles each script again. A
page that is used again has the scripts of the address that it had before. It has no cookies, stored
data, routes, listeners, initial scripts or windows of the visitor before.
"""

from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Browser, Error, Frame, Page

from tests.support.browser import BrowserPage, delay_answers

Kind = tuple[tuple[str, str], ...]
SCREEN = (1280, 720)
MEDIA: dict[str, Any] = {
    "color_scheme": "light",
    "reduced_motion": "no-preference",
    "forced_colors": "none",
    "contrast": "no-preference",
}
"""Options of a context that a page can change, with their defaults."""

LISTENING = ("on", "once")
LASTING = ("expose_binding", "expose_function")
"""Methods of a page whose effect cannot be removed from the page."""

STORED = "local_storage,indexeddb,cache_storage,service_workers"
STORE_NOTHING_MORE = """() => {
    Storage.prototype.setItem = () => {};
    sessionStorage.clear();
}"""


class Lent:
    """A page in a context that is used again, and the changes of its visitor."""

    def __init__(self, watched: BrowserPage) -> None:
        self.watched = watched
        self._follow(watched.page)

    def _follow(self, page: Page) -> None:
        """Records what would stay when the page is left."""
        self._origins: set[str] = set()
        self._is_altered = False
        self._listeners: list[tuple[Any, ...]] = []
        self._scripts: list[Any] = []
        page.on("framenavigated", self._on_navigated)
        for name in LISTENING:
            vars(page)[name] = self._listening(getattr(page, name))
        for name in LASTING:
            vars(page)[name] = self._lasting(getattr(page, name))
        vars(page)["add_init_script"] = self._adding(page.add_init_script)

    def _listening(self, method: Any) -> Any:
        @wraps(method)
        def listen(*arguments: Any) -> Any:
            self._listeners.append(arguments)
            return method(*arguments)

        return listen

    def _lasting(self, method: Any) -> Any:
        @wraps(method)
        def alter(*args: Any, **kwargs: Any) -> Any:
            self._is_altered = True
            return method(*args, **kwargs)

        return alter

    def _adding(self, method: Any) -> Any:
        @wraps(method)
        async def add(*args: Any, **kwargs: Any) -> Any:
            script = await method(*args, **kwargs)
            self._scripts.append(script)
            return script

        return add

    async def _remove_additions(self, page: Page) -> None:
        """Removes the listeners and initial scripts of the visitor."""
        for event, listener in self._listeners:
            with suppress(KeyError):  # it listened once, or was removed
                page.remove_listener(event, listener)
        for script in self._scripts:
            await script.close()
        self._listeners.clear()
        self._scripts.clear()

    def _on_navigated(self, frame: Frame) -> None:
        if urlsplit(frame.url).netloc:
            self._origins.add(urlsplit(frame.url).netloc)

    async def reset(self) -> bool:
        """Resets it to the state of a new page, or closes the context if that fails."""
        try:
            if not await self.watched.page.evaluate("'__pwClock' in globalThis"):
                await self._reset()
                return True
        except Error:  # the page was closed, crashed or did not load
            pass
        await self.watched.page.context.close()
        return False

    async def _reset(self) -> None:
        page, context = self.watched.page, self.watched.page.context
        for other in context.pages:
            if other != page:
                await other.close()
        await context.unroute_all()
        await delay_answers(context)
        await context.set_offline(False)
        await self._remove_additions(page)
        if self._is_altered or self._origins - {urlsplit(page.url).netloc}:
            await page.close()
            self.watched.page = await context.new_page()
            self._follow(self.watched.page)
        elif self._origins:
            await page.unroute_all()
            await page.evaluate(STORE_NOTHING_MORE)
            await page.mouse.move(-1, -1)
            await page.evaluate("location.replace('about:blank')")
            await page.wait_for_url("about:blank")
            self._origins.clear()
        await context.clear_cookies()
        session = await context.new_cdp_session(self.watched.page)
        await session.send("Page.resetNavigationHistory")
        await session.send("Storage.clearDataForOrigin", {"origin": "*", "storageTypes": STORED})
        await session.detach()
        self.watched.forget()


_unused: dict[tuple[Browser, Kind], list[Lent]] = defaultdict(list)


@asynccontextmanager
async def visitor(
    browser: Browser, screen: tuple[int, int] = SCREEN, *, is_first: bool = False, **options: Any
) -> AsyncIterator[BrowserPage]:
    """Gives a page with these options of a context for one visit. After a failure its context is
    closed.

    The browser of a first visitor has not loaded anything yet.
    """
    media = {name: options.pop(name, default) for name, default in MEDIA.items()}
    kind: Kind = tuple(sorted((name, repr(value)) for name, value in options.items()))
    unused = _unused[browser, kind]
    if unused and not is_first:
        lent = unused.pop()
    else:
        context = await browser.new_context(**options)
        lent = Lent(await BrowserPage.open(context))
    page = lent.watched.page
    try:
        await page.set_viewport_size({"width": screen[0], "height": screen[1]})
        await page.emulate_media(media="screen", **media)
        yield lent.watched
    except BaseException:
        await page.context.close()
        raise
    if await lent.reset():
        unused.append(lent)
