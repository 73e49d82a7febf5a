"""The stock page names every module it needs, so that a browser fetches them all at once."""

import re

from fancymonkey.web.pages.dashboard import FILES

IMPORT = re.compile(r'^(?:import|export) .*?"/admin/([\w./-]+\.js)";$', re.MULTILINE)
PRELOAD = re.compile(r'<link rel="modulepreload" href="/admin/([\w./-]+)">')


def needed(start: str) -> set[str]:
    """Every module that one imports, and those that they import."""
    modules, todo = set[str](), [start]
    while todo:
        fresh = set(IMPORT.findall((FILES / todo.pop()).read_text("utf-8"))) - modules
        modules |= fresh
        todo += fresh
    return modules


def test_the_stock_page_preloads_what_it_imports() -> None:
    page = (FILES / "pages/index.html").read_text("utf-8")
    assert sorted(PRELOAD.findall(page)) == sorted(needed("pages/stock.js"))
