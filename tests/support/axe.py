"""axe-core in a page: barriers for people with disabilities."""

from functools import cache
from importlib import resources
from typing import Any

from playwright.async_api import Page

GRAVE = ("serious", "critical")


@cache
def _source() -> str:
    return (resources.files("axe_playwright_python") / "axe.min.js").read_text("utf-8")


# Only violations are sent to this process: the other results take a sixth of the time.
_RUN = "axe.run(document, {resultTypes: ['violations']}).then(results => results.violations)"


async def assert_accessible(page: Page) -> None:
    """Fails if axe finds a serious or critical violation on the page in its present state."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(_source())  # by the debugger: the page's own policy lets nothing in
    violations: list[dict[str, Any]] = await page.evaluate(_RUN)
    complaints = [
        f"{row['impact']} {row['id']}: {node['html'][:200]}\n  {node['failureSummary']}"
        for row in violations
        if row["impact"] in GRAVE
        for node in row["nodes"]
    ]
    assert not complaints, "\n".join(complaints)
