"""The dark scheme of our pages changes colours and nothing else.

The tests in a browser rely on it: they check the layout and all rules of axe in light colours, and
only the rules that read colours in dark ones. Swagger's page has a class for dark, and is checked
in both schemes.
"""

import re
from importlib import resources
from pathlib import Path

import pytest

PACKAGE = Path(str(resources.files("fancymonkey")))
SHEETS = sorted(
    sheet
    for sheet in PACKAGE.rglob("*.css")
    if "vendor" not in sheet.parts and sheet.name != "docs.css"
)
SCRIPTS = sorted(script for script in PACKAGE.rglob("*.js") if "vendor" not in script.parts)
DARK = re.compile(r"@media[^{]*prefers-color-scheme[^{]*\{(.*?\})\s*\}", re.DOTALL)
ONLY_COLOURS = re.compile(r"\s*:root\s*\{\s*(--[\w-]+:\s*#[0-9a-f]{3,8};\s*)+\}", re.IGNORECASE)
OTHER_MEDIA = re.compile(r"@container[^{]*(scheme|dark)", re.IGNORECASE)
SCHEME_SELECTOR = re.compile(r"([^{}]*data-scheme[^{}]*)\{([^{}]*)\}")
SCRIPTS_WITH_SCHEME = {"docs.js", "line-chart.js"}
"""The script of Swagger's page, and a chart that draws itself in the colours of the scheme."""


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_a_dark_scheme_sets_only_named_colours(sheet: Path) -> None:
    text = re.sub(r"/\*.*?\*/", "", sheet.read_text("utf-8"), flags=re.DOTALL)
    blocks = DARK.findall(text)
    assert len(blocks) == text.count("prefers-color-scheme")
    for block in blocks:
        assert ONLY_COLOURS.fullmatch(block), block
    assert not OTHER_MEDIA.search(text)
    for selector, rules in SCHEME_SELECTOR.findall(text):
        assert re.fullmatch(r"\s*color-scheme:\s*(only )?(light|dark);?\s*", rules), selector


def test_the_sheets_with_a_dark_scheme_are_among_them() -> None:
    names = {
        sheet.name
        for sheet in SHEETS
        if re.search("color-scheme|light-dark", sheet.read_text("utf-8"))
    }
    assert names == {"tokens.css", "shop.css", "pay.css"}


def test_only_a_chart_reads_the_scheme() -> None:
    readers = {
        script.name for script in SCRIPTS if "prefers-color-scheme" in script.read_text("utf-8")
    }
    assert readers == SCRIPTS_WITH_SCHEME


@pytest.mark.parametrize(
    "rules", [":root { --gap: 4px; }", ":root { --a: #fff; } main { display: none; }"]
)
def test_a_layout_in_a_dark_scheme_is_found(rules: str) -> None:
    (block,) = DARK.findall(f"@media (prefers-color-scheme: dark) {{ {rules} }}")
    assert not ONLY_COLOURS.fullmatch(block)
