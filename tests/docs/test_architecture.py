"""The page and the picture of the architecture have every package, on its floor."""

import re

import pytest

from scripts.package_picture import ABOUT, FILES_ONLY, PICTURE, SOURCE, packages, picture, wrapped
from tests.architecture.test_imports import LAYERS, LEAVES
from tests.docs.pages import read
from tests.docs.test_reference import table_rows

PAGE = "docs/architecture.md"


def listed(heading: str) -> list[list[str]]:
    return table_rows(read(PAGE).section(heading))


def names() -> dict[str, str]:
    """The packages of the tables and their floors; the floor is empty for a folder of one."""
    rows = listed("Floors")
    return {re.findall(r"`([\w/]+)`", row[0])[0]: row[1] if len(row) == 3 else "" for row in rows}


def inner_packages() -> set[str]:
    """Every package inside a package, as `web/http` and `web/http/bodies`."""
    packages = (path.parent.relative_to(SOURCE) for path in SOURCE.rglob("__init__.py"))
    return {path.as_posix() for path in packages if len(path.parts) >= 2}


def test_the_picture_is_current() -> None:
    drawn = PICTURE.read_text(encoding="utf-8")
    assert drawn == picture(), "draw it: python -m scripts.package_picture"
    assert "prefers-color-scheme: dark" in drawn


def test_the_picture_has_every_package() -> None:
    drawn = set(re.findall(r'class="word(?: ink)?"[^>]*>(\w+)<', picture()))
    assert drawn == packages() == ABOUT.keys()
    assert packages() == {*LAYERS, *LEAVES, *FILES_ONLY}


def test_the_page_lists_every_package_once() -> None:
    assert names().keys() == packages() | inner_packages()
    assert len(listed("Floors")) == len(names())


def test_the_page_has_the_floors_of_the_test() -> None:
    floors = {name: str(floor) for name, floor in {**LAYERS, **FILES_ONLY}.items()}
    assert {name: floor for name, floor in names().items() if floor} == floors


@pytest.mark.parametrize(
    ("words", "lines"),
    [([], []), (["a", "b"], ["a · b"]), (["a" * 9, "b" * 9], ["a" * 9, "b" * 9])],
)
def test_words_are_wrapped(words: list[str], lines: list[str]) -> None:
    assert wrapped(words, 100) == lines
