"""Errors, and formulas without a result, are not read as empty cells."""

import io
import re
import zipfile

import pytest

from fancymonkey.errors import DataError
from fancymonkey.spreadsheets.table import xlsx
from tests.spreadsheets.support import book, exported, faults, plan, stand_of, stocked

HEAD = ["productId", "size", "name", "price", "stock"]
SHOP = stand_of(stocked(), stocked(size="L"))


def rewritten(data: bytes, old: str, new: str, part: str = "xl/worksheets/sheet1.xml") -> bytes:
    """The spreadsheet with a replaced text in the XML of a part."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(made, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == part:
                changed = re.sub(old, new, content.decode())
                assert changed != content.decode()
                content = changed.encode()
            target.writestr(name, content)
    return made.getvalue()


def with_cell(xml: str, place: int = 4) -> bytes:
    """A spreadsheet whose row M has this XML in a column."""
    row = ["tee", "M", "TEE", 1299, 20]
    row[place] = 424242
    data = book(("Stock", [HEAD, row, ["tee", "L", "TEE", 1299, 21]]))
    cell = f'<c r="{"ABCDE"[place]}2"'
    return rewritten(data, rf"{cell}[^>]*><v>424242</v></c>", f"{cell} {xml}")


CELLS = {
    "formula": "><f>20+5</f></c>",
    "formula with an empty value": "><f>20+5</f><v></v></c>",
    "formula with no value in one tag": "><f>20+5</f><v/></c>",
    "shared formula": '><f t="shared" si="0"/></c>',
    "array formula": '><f t="array" ref="A1">SUM(A1)</f></c>',
    "not there": ' t="e"><v>#N/A</v></c>',
    "reference": ' t="e"><f>A1</f><v>#REF!</v></c>',
    "division": ' t="e"><v>#DIV/0!</v></c>',
    "name": " t='e'><v>#NAME?</v></c>",
    "an error without its name": ' t="e"></c>',
}


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("place", [1, 2, 3, 4])
def test_a_cell_without_a_value_is_a_fault_of_its_row(name: str, place: int) -> None:
    import_plan = plan(SHOP, with_cell(CELLS[name], place))
    assert faults(import_plan) == [(2, HEAD[place])]
    assert (
        "formula without a result" in import_plan.faults[0].text
        or "spreadsheet error" in import_plan.faults[0].text
    )
    assert [(change.size, change.after) for change in import_plan.changes] == [("L", "21")]


def test_a_formula_whose_result_is_an_empty_text_is_an_empty_cell() -> None:
    import_plan = plan(SHOP, with_cell(' t="str"><f>""</f><v></v></c>'))
    assert not import_plan.faults


@pytest.mark.parametrize(
    "text",
    [
        *("#N/A", "#NV", "#REF!", "#BEZUG!", "#DIV/0!", "#NAME?", "#NOM?", "#\u00a1REF!"),
        *("#VALUE!", "#WERT!", "Err:502", "Fehler:508", "#####", " #N/A "),
    ],
)
def test_the_same_text_in_a_csv_is_a_fault(text: str) -> None:
    (row,) = exported(stocked())
    for column in ("name", "skuId", "price", "stock", "restockDate", "soldOut"):
        assert faults(plan(SHOP, [row | {column: text}])) == [(2, column)]


def test_a_text_that_begins_like_a_formula_needs_its_sign() -> None:
    (row,) = exported(stocked())
    assert faults(plan(SHOP, [row | {"name": "=A2"}])) == [(2, "name")]
    assert plan(SHOP, [row | {"name": "'=A2"}]).changes[0].after == "=A2"
    named = stocked(name="=A2")
    assert not plan(stand_of(named), [exported(named)[0] | {"name": "=A2"}]).faults


@pytest.mark.parametrize(
    ("place", "expected"), [(3, [(2, "price"), (3, "price")]), (4, [(2, "stock")])]
)
def test_a_new_product_gets_no_stock_and_no_price_by_it(
    place: int, expected: list[tuple[int, str]]
) -> None:
    rows = [HEAD, ["pin", "OS", "PIN", 5, 5], ["pin", "S", "PIN", "", 6]]
    rows[1][place] = 424242
    cell = f'<c r="{"ABCDE"[place]}2"'
    data = rewritten(
        book(("Stock", rows)), rf"{cell}[^>]*><v>424242</v></c>", f"{cell}><f>1+1</f></c>"
    )
    import_plan = plan(SHOP, data)
    assert faults(import_plan) == expected
    assert len(import_plan.steps) == (place == 4)


def test_an_error_below_and_beside_everything_else_is_found() -> None:
    data = book(("Stock", [["productId", "size", "stock"], ["tee", "M", 424242]]))
    data = rewritten(data, '<c r="C2"[^>]*><v>424242</v></c>', '<c t="e"><v>#N/A</v></c>')
    assert faults(plan(SHOP, data)) == [(2, "stock")]
    data = rewritten(data, '<row r="2"[^>]*>', "<row>")
    assert faults(plan(SHOP, data)) == [(2, "stock")]


def test_the_names_of_elements_may_have_a_prefix() -> None:
    import_plan = plan(SHOP, with_cell(CELLS["formula"]))
    data = with_cell(CELLS["formula"])
    prefixed = rewritten(data, r"<(/?)(?=[a-z])", r"<\1x:")
    prefixed = rewritten(prefixed, "x:worksheet xmlns=", "x:worksheet xmlns:x=")
    assert faults(plan(SHOP, prefixed)) == faults(import_plan) == [(2, "stock")]


# Sheets.

TABLE = [["productId", "size", "stock"], ["tee", "M", 25]]


def test_the_sheet_with_the_table_is_read() -> None:
    notes = [["Dear colleague"], ["count again on Friday"]]
    data = book(("Notes", notes), ("Empty", []), ("Count", TABLE))
    cells = xlsx.read(data)
    assert (cells.name, cells.names) == ("Count", ["Notes", "Empty", "Count"])
    assert plan(SHOP, data).changes[0].after == "25"


def test_a_file_with_several_tables_is_refused() -> None:
    with pytest.raises(xlsx.SheetAmbiguous, match=r"Several sheets.*'May', 'June'") as caught:
        xlsx.read(book(("May", TABLE), ("Notes", [["x"]]), ("June", TABLE)))
    assert caught.value.sheets == ["May", "June"]


@pytest.mark.parametrize("wanted", ["June", "june", " June ", "JUNE"])
def test_a_sheet_is_chosen_by_its_name(wanted: str) -> None:
    assert xlsx.read(book(("May", TABLE), ("June", TABLE)), wanted).name == "June"


def test_a_sheet_that_is_not_there_is_reported_with_those_that_are() -> None:
    with pytest.raises(xlsx.SheetAmbiguous, match=r"No sheet is called 'July'.*'May', 'June'"):
        xlsx.read(book(("May", TABLE), ("June", TABLE)), "July")


def test_a_table_with_a_column_twice_counts_as_one() -> None:
    twice = [["productId", "size", "stock", "Bestand"], ["tee", "M", 1, 2]]
    with pytest.raises(xlsx.SheetAmbiguous):
        xlsx.read(book(("May", TABLE), ("June", twice)))
    with pytest.raises(DataError, match="The column stock is repeated"):
        plan(SHOP, book(("Notes", [["x"]]), ("June", twice)))
