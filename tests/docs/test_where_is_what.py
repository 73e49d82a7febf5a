"""The page "Where is what" names existing files, and classes and functions in them."""

import re
from collections.abc import Iterator

from tests.docs.pages import ROOT, Page, read
from tests.docs.test_reference import table_rows

PAGE = "docs/where-is-what.md"
LEAST = 40
_PLACE = re.compile(r"\[`([^`]+)`\]\(\.\./([^)]+)\)|`(\w+)`")


def places(page: Page) -> Iterator[tuple[str, str, str]]:
    """(question, file, name) of every row; the name is empty if only the file is meant."""
    for question, where, _ in table_rows(page.text):
        path = ""
        for shown, target, name in _PLACE.findall(where):
            if target:
                assert target.endswith(shown), f"{question} shows {shown} and links to {target}"
                path = target
            yield question, path, name


def missing(page: Page) -> Iterator[str]:
    """The names of the page that the tree does not have."""
    for question, path, name in places(page):
        file = ROOT / path
        if not file.is_file():
            yield f"{question} {path} does not exist"
        elif name and not _defines(file.read_text(encoding="utf-8"), name):
            yield f"{question} {path} has no {name}"


def _defines(text: str, name: str) -> bool:
    defined = rf"^\s*(async def|def|class) {name}\b|^{name}\b.*="
    return bool(re.search(defined, text, re.M)) or f"Code.{name}" in text


def test_every_file_and_name_exists() -> None:
    assert list(missing(read(PAGE))) == []


def test_it_answers_enough_questions() -> None:
    questions = [row[0] for row in table_rows(read(PAGE).text)]
    assert len(questions) == len(set(questions)) >= LEAST
    assert all(question.endswith("?") for question in questions)


def test_a_file_or_name_that_is_gone_is_found() -> None:
    text = (
        "| a | b | |\n|---|---|---|\n"
        "| Gone? | [`core/gone.py`](../src/fancymonkey/core/gone.py) | |\n"
        "| Renamed? | [`core/ledger.py`](../src/fancymonkey/core/ledger.py) `unknown` | |\n"
        "| There? | [`core/ledger.py`](../src/fancymonkey/core/ledger.py) `evolve` | |\n"
    )
    assert len(list(missing(Page(ROOT / "docs" / "made-up.md", text)))) == 2
