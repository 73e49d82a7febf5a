"""No text becomes a formula in a spreadsheet of any country, and each is read back unchanged."""

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fancymonkey.spreadsheets.cells.formula_escape import safe, unsafe
from tests.spreadsheets.support import exported, faults, plan, stand_of, stocked

ATTACKS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "x;=1+1;y",
    ";=1+1",
    "x;+1",
    "x;-1",
    "x;@SUM(A1)",
    "x; =1+1",
    'x;"=1+1',
    "x;'=1+1",
    "x|=1+1",
    "x\t=1+1",
    "x;\t=1",
    "x\n=1+1",
    "x\r=1+1",
    "x;\uff1d1",
    "a;b;=HYPERLINK(1);c;=2",
]
FORMULA = re.compile(r'[ "]*[=+\-@\uff1d\uff0b\uff0d\uff20]')


@pytest.mark.parametrize("text", ATTACKS)
@pytest.mark.parametrize("separator", [";", ",", "\t", "|"])
def test_no_cell_begins_a_formula_for_any_separator(text: str, separator: str) -> None:
    buffer = io.StringIO()
    csv.writer(buffer).writerow(["p", safe(text), "z"])
    if separator == ",":
        (cells,) = csv.reader(io.StringIO(buffer.getvalue(), newline=""))
    else:
        lines = buffer.getvalue().splitlines()
        cells = [cell for line in lines for cell in line.split(separator)]
    assert not [cell for cell in cells if FORMULA.match(cell)]


@pytest.mark.parametrize("text", ATTACKS)
def test_it_is_read_unchanged(text: str) -> None:
    row = stocked(name=text, sku_id=text)
    import_plan = plan(stand_of(row), exported(row))
    assert not import_plan.faults
    assert import_plan.count("unchanged") == 1
    edited = plan(stand_of(row), [exported(row)[0] | {"name": safe(f"{text};=2")}])
    if "\t" not in text and "\n" not in text and "\r" not in text:
        assert edited.changes[0].after == f"{text};=2"
    else:
        assert faults(edited) == [(2, "name")]


@given(st.text(st.sampled_from("';=-\t\r\n\" |x,"), max_size=14))
def test_any_text_is_read_unchanged(text: str) -> None:
    assert unsafe(safe(text)) == text


@pytest.mark.parametrize("text", ["a; b", "it's", "a-b", "x;y", "size 3|4", "a@b;c", "'tis"])
def test_a_harmless_text_is_unchanged(text: str) -> None:
    assert safe(text) == unsafe(text) == text
