"""How Sphinx makes a site of these pages: `make docs`."""

import re
from pathlib import Path
from typing import Any

project = "Fancy Monkey Inventory"
html_title = project
extensions = ["myst_parser"]
myst_heading_anchors = 4
html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_show_copyright = False
exclude_patterns = ["_static"]
# Examples say `…` where something is left out, which is no JSON.
suppress_warnings = ["misc.highlighting_failure"]

_OUTSIDE = re.compile(r"\[([^\]]+)\]\(((?:\.\./)+)([^)#\s]*)(#[^)\s]*)?\)")
_ROOT = Path(__file__).parents[1]


def _without_links_to_source(app: Any, name: str, source: list[str]) -> None:
    """Names files of the checkout that a site does not have, in place of links to them."""
    here = Path(app.srcdir, name).parent

    def named(found: re.Match[str]) -> str:
        target = (here / found[2] / found[3]).resolve()
        if target.is_relative_to(Path(app.srcdir)):
            return found[0]
        path = target.relative_to(_ROOT).as_posix()
        words = found[1].strip("`")
        return f"`{path}`" if words in path else f"{words} (`{path}`)"

    source[0] = _OUTSIDE.sub(named, source[0])


def _with_contents(app: Any, name: str, source: list[str]) -> None:
    """Makes the site's menu from the lists of the first page, and from the folder of decisions."""
    if name == "decisions/index":
        source[0] += _menu("Decisions", ["*"], more=":glob:\n")
    elif name == "index":
        for part in re.split(r"^(?=\*\*)", source[0], flags=re.M)[1:]:
            title = part.partition("\n")[0].strip("*")
            source[0] += _menu(title, re.findall(r"\]\(([^)#]+)\.md\)", part))


def _menu(title: str, pages: list[str], more: str = "") -> str:
    lines = "\n".join(pages)
    return f"\n```{{toctree}}\n:hidden:\n:caption: {title}\n{more}\n{lines}\n```\n"


def setup(app: Any) -> None:
    """Called by Sphinx."""
    app.connect("source-read", _without_links_to_source)
    app.connect("source-read", _with_contents)
