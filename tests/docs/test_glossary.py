"""The glossary has the words that the code and the wire use."""

import re
from dataclasses import fields

from fancymonkey.core.model import Level, Status
from tests.docs.pages import read
from tests.docs.test_reference import table_rows

TERMS = {
    *("adjustment", "allocated", "atp", "available", "backorder", "bundle", "capture"),
    *("cycle count", "days of cover", "drop", "fill rate", "hold", "incoming", "lead time"),
    *("ledger entry", "low stock", "on hand", "receipt", "release", "reorder point"),
    *("reservation", "reserved", "revision", "routing", "safety stock", "shortfall", "sku"),
    *("sold out", "transfer"),
}
"""The field's standard terms that the project has agreed on."""

NO_QUANTITIES = {"sku", "location", "updated_at"}


def terms() -> list[str]:
    """Every term of the glossary, in small letters; several may share a row."""
    cells = [row[0] for row in table_rows(read("docs/glossary.md").text)]
    bold = [found for cell in cells for found in re.findall(r"\*\*(.+?)\*\*", cell)]
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
    known = {*terms(), "backordered"}  # the glossary has the noun
    assert "backorder" in known
    assert names <= known


def test_how_a_hold_ends_is_said() -> None:
    hold = next(row for row in table_rows(_text()) if row[0].startswith("**Hold"))
    assert all(status in hold[1] for status in Status)


def _text() -> str:
    return read("docs/glossary.md").text
