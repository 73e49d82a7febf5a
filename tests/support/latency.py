"""The time from a key press to the frame that shows it, compared with an empty page."""

from typing import Self

from playwright.async_api import Browser, Page

WATCH = """() => {
    window.took = [];
    window.began = 0;
    document.addEventListener('keydown', () => { began = performance.now(); }, true);
    document.addEventListener('input', () => {
        const at = began;
        requestAnimationFrame(() => {
            const after = new MessageChannel();
            after.port1.onmessage = () => took.push(performance.now() - at);
            after.port2.postMessage(0);
        });
    }, true);
}"""


def within(took: list[float], part: float) -> float:
    """The time in ms that a part of the keys did not exceed."""
    return sorted(took)[min(len(took) - 1, int(len(took) * part))]


class Keys:
    """Types into a page and, in turn, into an empty one, so that the machine's own time can be
    subtracted.
    """

    def __init__(self, page: Page, blank: Page) -> None:
        self.page, self.blank = page, blank

    @classmethod
    async def watch(cls, browser: Browser, page: Page) -> Self:
        """Begins to watch a page. The field to type into must have the focus."""
        blank = await (await browser.new_context()).new_page()
        await blank.set_content("<!doctype html><title>Blank</title><input autofocus>")
        await blank.locator("input").focus()
        for page_measured in (page, blank):
            await page_measured.evaluate(WATCH)
        return cls(page, blank)

    async def press(self, *keys: str) -> None:
        """Types these, first there and then here."""
        for key in keys:
            await self.blank.keyboard.press(key)
            await self.page.keyboard.press(key)

    async def taken(self) -> tuple[list[float], list[float]]:
        """The times since the last question, in ms: of the page, of the empty page."""
        times = [
            await page_measured.evaluate("took.splice(0)")
            for page_measured in (self.page, self.blank)
        ]
        return times[0], times[1]

    async def close(self) -> None:
        """Closes the empty page."""
        await self.blank.context.close()
