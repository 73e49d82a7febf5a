"""axe-core in a page: barriers for people with disabilities."""

from functools import cache
from importlib import resources
from typing import Any

from playwright.async_api import Page

GRAVE = ("serious", "critical")


@cache
def _source() -> str:
    return (resources.files("axe_playwright_python") / "axe.min.js").read_text("utf-8")


# A row like two before it in its table or list has their violations: the same elements, classes,
# states and attributes, texts where they have texts, and no small target where they have none.
# Rules of less impact are not run. Only violations are sent to this process.
_RUN = """async ({grave, enough}) => {
    const VALUES = /^(class|role|style|tabindex|type|scope|colspan|rowspan|hidden)$/;
    const STATES = /^aria-(?!label|desc|control|owns|active|details|errorm)/;
    const isSmall = ({width, height}) => [width < 24, height < 24];
    const shapeOf = element => [
        element.localName, element.checked, element.disabled,
        element === document.activeElement, element.scrollWidth > element.clientWidth,
        ...[...element.childNodes].map(node => node.nodeType === 3 && node.data.trim() !== ''),
        ...[...element.attributes].map(({name, value}) =>
            name + (VALUES.test(name) || STATES.test(name) ? value : value.trim() !== '')),
        element.matches('a, button, input, select, summary, [tabindex]')
            && isSmall(element.getBoundingClientRect()),
    ].join();
    const counts = new Map();
    const exclude = [...document.querySelectorAll('tbody > tr, ul > li, ol > li')].filter(row => {
        const shapes = counts.get(row.parentElement) ?? new Map();
        const shape = [row, ...row.querySelectorAll('*')].map(shapeOf).join('|');
        counts.set(row.parentElement, shapes.set(shape, (shapes.get(shape) ?? 0) + 1));
        return shapes.get(shape) > enough;
    });
    const slight = axe._audit.rules.filter(({impact}) => impact && !grave.includes(impact));
    const rules = Object.fromEntries(slight.map(({id}) => [id, {enabled: false}]));
    const context = exclude.length ? {include: [document], exclude} : document;
    return (await axe.run(context, {resultTypes: ['violations'], rules})).violations;
}"""


async def assert_accessible(page: Page) -> None:
    """Fails if axe finds a serious or critical violation on the page in its present state."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(_source())  # the policy of the page does not apply
    violations: list[dict[str, Any]] = await page.evaluate(_RUN, {"grave": GRAVE, "enough": 2})
    complaints = [
        f"{row['impact']} {row['id']}: {node['html'][:200]}\n  {node['failureSummary']}"
        for row in violations
        if row["impact"] in GRAVE
        for node in row["nodes"]
    ]
    assert not complaints, "\n".join(complaints)
