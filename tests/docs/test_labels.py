"""A label of the dashboard or the shop that a page names is a text of the program.

Labels are in *italics*, and buttons in **bold** after a verb such as "click".
"""

import re
from collections.abc import Iterator
from functools import cache

import pytest

from tests.docs.pages import ROOT, Page, pages

PLACES = ("README.md", "docs/tutorial.md", "docs/glossary.md", "docs/how-to/")
_LABEL = re.compile(r"(?<![*\w])\*([^*\n]{2,60})\*(?![*\w])")
_BUTTON = re.compile(r"\b(?:click|choose|select|press|button|with)\s+\*\*([^*\n]{2,60})\*\*", re.I)
_CODE_OR_BOLD = re.compile(r"`[^`\n]*`|\*\*.*?\*\*", re.S)


@cache
def program() -> str:
    """The source of the program, with its pages and scripts."""
    files = [
        path
        for path in sorted((ROOT / "src").rglob("*"))
        if path.suffix in (".py", ".js", ".html") and "vendor" not in path.parts
    ]
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


def unknown_labels(page: Page) -> Iterator[str]:
    """The labels of a page that the program does not have. `*A > B*` is a menu and its entry."""
    labels = _LABEL.findall(_CODE_OR_BOLD.sub("", page.prose))
    for text in [*labels, *_BUTTON.findall(page.prose)]:
        for part in re.split(r" > |, | … ", text):
            label = part.strip(" .:…")
            if label not in program():
                yield label


@pytest.mark.parametrize("place", PLACES)
def test_every_label_is_a_text_of_the_program(place: str) -> None:
    chosen = [page for page in pages() if page.name.startswith(place)]
    assert chosen
    assert [f"{page.name}: {label}" for page in chosen for label in unknown_labels(page)] == []


def test_a_former_label_is_found() -> None:
    text = (
        "Click *To decide*, *Import* and *To act on now …*. **Bold** and `*code*` do not count.\n"
        "Click **Go on now** or choose **Import**.\n"
    )
    page = Page(ROOT / "docs" / "made-up.md", text)
    assert list(unknown_labels(page)) == ["To act on now", "Go on now"]
