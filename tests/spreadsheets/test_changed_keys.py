"""Keys that a spreadsheet or a person has changed add no second product or size."""

from datetime import date

import pytest

from tests.spreadsheets.support import book, exported, faults, plan, stand_of, stocked

SIZES = [
    ("1-2", "1-Feb"),
    ("1-2", "2-Jan"),
    ("1-2", "01. Feb"),
    ("1-2", "01.Feb"),
    ("1-2", "2026-02-01"),
    ("1-2", "02.01.2026"),
    ("1-2", "46054"),
    ("3/4", "4-Mar"),
    ("10-12", "12-Oct"),
    ("10-12", "10. Dez"),
    ("2-30", "Feb-30"),
    ("MAR1", "1-Mar"),
    ("10:30", "10:30:00"),
    ("0042", "42"),
    ("0042", "42.0"),
    ("38.5", "38,5"),
    ("1E3", "1000"),
    ("1E3", "1.00E+03"),
    ("1.299", "1299"),
    ("4006381333931", "4.00638E+12"),
    ("4006381333931", "4,00638E+12"),
    ("1234567890123456789", "1234567890123450000"),
    ("50%", "0.5"),
    ("+5", "5"),
    ("true", "WAHR"),
    ("M", "M "),
    ("M", " M"),
    ("M", "M\u00a0"),
    ("M", "M\u200b"),
    ("M", "m"),
    ("M", "\u041c"),
    ("M", "\uff2d"),
    ("XL", "X L"),
    ("1-2", "1\u20132"),
    ("1-2", "'1-2"),
]


@pytest.mark.parametrize(("there", "text"), SIZES)
@pytest.mark.parametrize("column", ["size", "productId"])
def test_a_key_that_is_nearly_one_is_a_fault_that_names_it(
    there: str, text: str, column: str
) -> None:
    key = {"size": "M", "productId": "tee"} | {column: there.replace("/", "-")}
    row = stocked(key["productId"], key["size"])
    for cells in (exported(row)[0], {"productId": "", "size": "", "stock": "3", "name": "X"}):
        import_plan = plan(stand_of(row), [cells | key | {column: text}])
        assert faults(import_plan) == [(2, column)]
        assert repr(key[column]) in import_plan.faults[0].text
        assert not import_plan.steps


@pytest.mark.parametrize("cell", [("day", date(2026, 2, 1)), 46054, ("day", 46054)])
def test_a_size_that_became_a_date_in_a_spreadsheet_is_a_fault(cell: object) -> None:
    rows = [["productId", "size", "stock"], ["tee", cell, 25]]
    import_plan = plan(stand_of(stocked(size="1-2")), book(("Stock", rows), day="d-mmm"))
    assert faults(import_plan) == [(2, "size")]
    assert "'1-2'" in import_plan.faults[0].text


def test_an_id_that_became_a_number_in_a_spreadsheet_is_a_fault() -> None:
    rows = [["productId", "size", "stock"], [42, "M", 25]]
    assert faults(plan(stand_of(stocked("0042")), book(("Stock", rows)))) == [(2, "productId")]


def test_a_number_that_is_the_key_is_the_key() -> None:
    rows = [["productId", "size", "stock"], [42, 38.5, 25]]
    import_plan = plan(stand_of(stocked("42", "38.5")), book(("Stock", rows)))
    assert not import_plan.faults
    assert import_plan.count("changed") == 1


@pytest.mark.parametrize("size", ["42", "S", "1-Feb", "something else"])
def test_a_row_of_the_export_whose_key_was_changed_makes_nothing_new(size: str) -> None:
    rows = exported(stocked(), stocked(size="L"))
    rows[0]["size"] = size
    import_plan = plan(stand_of(stocked(), stocked(size="L")), rows)
    assert faults(import_plan) == [(2, "size")]
    assert "'tee' 'M'" in import_plan.faults[0].text


def test_rows_that_were_copied_beside_their_original_are_new() -> None:
    (row,) = exported(stocked())
    new = row | {"productId": "mug", "name": "MUG", "price": "5", "size": "OS", "available": "20"}
    import_plan = plan(stand_of(stocked()), [row, row | {"size": "S"}, new])
    assert not import_plan.faults
    assert [change.new for change in import_plan.changes] == ["size", "product"]


def test_a_file_of_another_shop_is_taken_in() -> None:
    import_plan = plan(stand_of(stocked("other")), exported(stocked("mug")))
    assert not import_plan.faults
    assert import_plan.new_products == ["mug"]


def test_a_new_row_whose_export_was_changed_is_a_fault() -> None:
    rows = [exported(stocked())[0] | {"size": "S", "exported": "r1s2hAAAA"}]
    assert faults(plan(stand_of(stocked()), rows)) == [(2, "exported")]


@pytest.mark.parametrize("twin", ["XXL ", "xxl", "\u0425XL", "X XL", "XXL\u200b"])
def test_two_new_keys_that_look_alike_are_not_both_made(twin: str) -> None:
    for column in ("size", "productId"):
        rows = [
            {"productId": "mug", "size": "S", "name": "MUG"} | {column: size}
            for size in ("XXL", twin)
        ]
        import_plan = plan(stand_of(stocked()), rows)
        assert faults(import_plan) == [(3, column)]


@pytest.mark.parametrize("key", [" S", "S ", "S\u00a0", "S\u200b", "\u0663", "=1+1", "#N/A", "#NV"])
def test_a_new_key_that_is_not_valid_is_a_fault(key: str) -> None:
    for column in ("size", "productId"):
        row = {"productId": "mug", "size": "OS", "name": "MUG"} | {column: key}
        assert faults(plan(stand_of(stocked()), [row])) == [(2, column)]


def test_the_form_of_a_letter_is_not_another_key() -> None:
    row = {"productId": "tee", "size": "GRO\u0308SSE", "stock": "3"}  # in two code points
    import_plan = plan(stand_of(stocked(size="GR\u00d6SSE")), [row])
    assert not import_plan.faults
    assert import_plan.count("changed") == 1


@pytest.mark.parametrize("key", ["2-1", "S", "XS", "M2", "12-14", "43", "Feb", "1-2-3"])
def test_another_key_is_new(key: str) -> None:
    rows = [stocked(size="M"), stocked(size="1-2"), stocked(size="42")]
    import_plan = plan(stand_of(*rows), [{"productId": "tee", "size": key, "stock": "3"}])
    assert not import_plan.faults
    assert import_plan.new_sizes == [("tee", key)]


def test_existing_keys_are_found_in_any_spelling() -> None:
    rows = [stocked(size=size) for size in ("M", "M ", "m", "1-2", "2026-02-01", "42", "0042")]
    import_plan = plan(stand_of(*rows), exported(*rows))
    assert not import_plan.faults
    assert import_plan.count("unchanged") == len(rows)
