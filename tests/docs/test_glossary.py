"""The glossary has the words that the code and the wire use."""

import ast
import inspect
import re
from collections.abc import Iterator
from dataclasses import fields
from enum import StrEnum
from importlib import import_module

import pytest

from fancymonkey.core.model import Kind, Level, Status
from fancymonkey.core.outcomes import Code
from fancymonkey.core.rows import ROWS
from tests.architecture.source import Module, modules
from tests.docs.pages import Page, read
from tests.docs.test_reference import table_rows

TERMS = {
    *("adjustment", "allocated", "atp", "available", "backorder", "bundle", "capture"),
    *("cycle count", "days of cover", "drop", "fill rate", "hold", "incoming", "lead time"),
    *("ledger entry", "low stock", "on hand", "receipt", "release", "reorder point"),
    *("reservation", "reserved", "revision", "routing", "safety stock", "shortfall", "sku"),
    *("sold out", "transfer", "payment issue", "change set", "audit log", "document"),
    *("outbox", "lease", "feed", "view", "batch", "savepoint", "journal", "segment", "snapshot"),
    *("fake stripe", "drill", "group commit", "idempotency key", "turned away", "in transit"),
}
"""The field's standard terms that the project has agreed on."""

NO_QUANTITIES = {"sku", "location", "updated_at"}


def terms() -> list[str]:
    """Every term of the glossary, in small letters; several may share a row."""
    cells = [row[0] for row in table_rows(read("docs/glossary.md").text)]
    bold = [term for cell in cells for term in re.findall(r"\*\*(.+?)\*\*", cell)]
    return [term.strip().lower() for text in bold for term in text.split(",")]


def test_the_agreed_terms_are_there() -> None:
    assert TERMS - set(terms()) == set()


def test_no_term_is_there_twice() -> None:
    assert len(terms()) == len(set(terms()))


def test_terms_are_in_order() -> None:
    rows = [row[0].strip("*").split(",")[0].lower() for row in table_rows(_text())]
    assert rows == sorted(rows)


def test_quantities_of_a_level_are_terms() -> None:
    names = {field.name.replace("_", " ") for field in fields(Level)} - {
        name.replace("_", " ") for name in NO_QUANTITIES
    }
    assert names <= set(terms())


def test_the_end_of_a_hold_is_reported() -> None:
    hold = next(row for row in table_rows(_text()) if row[0].startswith("**Hold"))
    assert all(status in hold[1] for status in Status)


LISTED_ELSEWHERE: dict[type[StrEnum], str] = {
    Code: "docs/reference/errors.md",
    Kind: "docs/reference/ledger.md",
}
"""Lists that have a page of their own, and that page."""


def core_modules() -> list[Module]:
    return [module for module in modules() if module.name.startswith("fancymonkey.core")]


def classes_of_the_core() -> Iterator[str]:
    """The names of all public classes of the core."""
    for module in core_modules():
        for node in module.tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                yield node.name


def enums_of_the_core() -> set[type[StrEnum]]:
    """All enums of the core."""
    loaded = (import_module(module.name) for module in core_modules())
    members = (member for module in loaded for _, member in inspect.getmembers(module))
    return {
        member
        for member in members
        if inspect.isclass(member)
        and issubclass(member, StrEnum)
        and member is not StrEnum
        and member.__module__.startswith("fancymonkey.core")
    }


def lacks(page: Page, words: Iterator[str] | set[str]) -> list[str]:
    """The words that a page neither explains as a term nor shows as code."""
    cells = [row[0] for row in table_rows(page.text)]
    bold = (term for cell in cells for term in re.findall(r"\*\*(.+?)\*\*", cell))
    known = page.codes | {term.strip().lower() for text in bold for term in text.split(",")}
    return sorted({word for word in words if word not in known and _spoken(word) not in known})


def _spoken(name: str) -> str:
    """A name of the code as people write it: `SessionLink` and `session_link` as two words."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).replace("_", " ").lower()


def test_every_class_of_the_core_is_in_the_glossary() -> None:
    names = set(classes_of_the_core())
    assert {kind.__name__ for kind in ROWS} < names
    assert lacks(read("docs/glossary.md"), names) == []


def test_every_table_is_in_the_glossary() -> None:
    assert lacks(read("docs/glossary.md"), {kind.TABLE for kind in ROWS}) == []


def test_every_value_of_an_enum_of_the_core_is_listed() -> None:
    enums = enums_of_the_core()
    assert {Status, *LISTED_ELSEWHERE} < enums
    missing = {
        enum.__name__: lacks(
            read(LISTED_ELSEWHERE.get(enum, "docs/glossary.md")), {value.value for value in enum}
        )
        for enum in enums
    }
    assert {name: words for name, words in missing.items() if words} == {}


@pytest.mark.parametrize(
    ("words", "missing"),
    [
        ({"Hold", "SessionLink", "on_hand"}, []),
        ({"HoldUp", "levels"}, ["HoldUp", "levels"]),
    ],
)
def test_a_missing_word_is_found(words: set[str], missing: list[str]) -> None:
    text = (
        "| word | meaning |\n|---|---|\n"
        "| **Hold, reservation** | In code `SessionLink`. |\n| **On hand** | |\n"
    )
    assert lacks(Page(read("README.md").path, text), words) == missing


def _text() -> str:
    return read("docs/glossary.md").text
