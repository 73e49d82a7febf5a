"""axe-core in a page: barriers for people with disabilities."""

from functools import cache
from importlib import resources
from typing import Any, Literal

import pytest
from playwright.async_api import Page

GRAVE = ("serious", "critical")
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
COLOUR_RULES = ("color-contrast", "link-in-text-block")
"""Rules that read colours. `test_colour_schemes.py` shows that a scheme changes nothing else."""


@cache
def _source() -> str:
    return (resources.files("axe_playwright_python") / "axe.min.js").read_text("utf-8")


# A row like two before it in its table or list has their violations: the same elements, classes,
# states and attributes, texts where they have texts, and no small target where they have none.
# Rules of less impact are not run. Only violations are sent to this process, and only their
# elements are written as HTML: axe itself writes each element that it checks, with its content.
_RUN = """async ({grave, enough, only}) => {
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
    const unused = axe._audit.rules.filter(({id, impact}) =>
        impact && !grave.includes(impact) || only && !only.includes(id));
    const rules = Object.fromEntries(unused.map(({id}) => [id, {enabled: false}]));
    const context = exclude.length ? {include: [document], exclude} : document;
    const options = {resultTypes: ['violations'], elementRef: true, rules};
    const {violations} = await axe.run(context, options);
    return violations.map(({id, impact, nodes}) => ({id, impact, nodes: nodes.map(
        ({element, failureSummary}) => ({html: element.outerHTML, failureSummary}))}));
}"""
# axe parses the text of each colour for each element; here it parses each text once.
_PREPARE = """
axe.configure({noHtml: true});
{
    const colours = new Map();
    const prototype = axe.commons.color.Color.prototype;
    const parse = prototype.parseString;
    prototype.parseString = function (text) {
        const colour = colours.get(text);
        if (colour) return Object.assign(this, colour);
        parse.call(this, text);
        const {r, g, b, alpha} = this;
        colours.set(text, {r, g, b, alpha});
        return this;
    };
}
'axe' in window"""


async def _load(page: Page) -> None:
    """Runs axe's script. The policy of the page does not apply.

    Chromium compiles a script of the DevTools protocol once for each process, and a script of
    `page.evaluate` for each page.
    """
    session = await page.context.new_cdp_session(page)
    answer = await session.send("Runtime.evaluate", {"expression": _source() + _PREPARE})
    await session.detach()
    assert answer["result"].get("value") is True, answer


async def assert_accessible(page: Page, only: tuple[str, ...] | None = None) -> None:
    """Fails if axe finds a serious or critical violation on the page in its present state."""
    if not await page.evaluate("'axe' in window"):
        await _load(page)
    options = {"grave": GRAVE, "enough": 2, "only": only}
    violations: list[dict[str, Any]] = await page.evaluate(_RUN, options)
    complaints = [
        f"{row['impact']} {row['id']}: {node['html'][:200]}\n  {node['failureSummary']}"
        for row in violations
        if row["impact"] in GRAVE
        for node in row["nodes"]
    ]
    assert not complaints, "\n".join(complaints)


async def assert_accessible_in_both_schemes(page: Page, subtests: pytest.Subtests) -> None:
    """Checks the page in its present state in light colours, then in dark ones, and leaves it so.

    Both checks run, also if the first one fails.
    """
    for scheme in SCHEMES:
        with subtests.test(f"{await page.title()}, {scheme}"):
            await page.emulate_media(color_scheme=scheme)
            await assert_accessible(page, COLOUR_RULES if scheme == "dark" else None)
