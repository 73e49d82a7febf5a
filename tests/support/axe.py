"""axe-core in a page: barriers for people with disabilities."""

from functools import cache
from importlib import resources
from typing import Any

from playwright.async_api import Page

GRAVE = ("serious", "critical")


@cache
def _source() -> str:
    return (resources.files("axe_playwright_python") / "axe.min.js").read_text("utf-8")


async def assert_accessible(page: Page) -> None:
    """Fail when axe finds something serious or critical on the page as it is now."""
    await page.evaluate(_source())  # by the debugger: the page's own policy lets nothing in
    found: dict[str, Any] = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    told = [
        f"{row['impact']} {row['id']}: {node['html'][:200]}\n  {node['failureSummary']}"
        for row in found["violations"]
        if row["impact"] in GRAVE
        for node in row["nodes"]
    ]
    assert not told, "\n".join(told)
