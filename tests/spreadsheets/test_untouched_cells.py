"""The automatic conversions of a spreadsheet are not changes, and never stop an import."""

from decimal import Decimal

import pytest

from fancymonkey.spreadsheets.cells.dates import shows_date
from tests.spreadsheets.support import book, exported, faults, file_of, plan, stand_of, stocked

SHOP = (stocked(), stocked(size="L", stock=1299, sku_id="4006381333931"))


def with_cells(**cells: str) -> list[dict[str, str]]:
    """An export of both sizes: M with other cells, L with another stock."""
    first, second = exported(*SHOP)
    return [first | cells, second | {"stock": "1300"}]


SPREADSHEETS = [
    ("price", "1.299"),
    ("price", "1,299"),
    ("price", "1 299"),
    ("price", "1\u00a0299"),
    ("price", "1\u202f299"),
    ("price", "1'299"),
    ("price", "1.299,00"),
    ("price", "1,299.00"),
    ("price", "€ 1.299,00"),
    ("price", "1.299,00 €"),
    ("price", "1299.00"),
    ("price", "1.299E+03"),
    ("price", "1299.0000000000002"),
    ("skuId", "123"),
    ("skuId", "123.0"),
    ("skuId", " 00123\u00a0"),
    ("skuId", "00123\u200b"),
    ("restockDate", "01.12.2026"),
    ("restockDate", "12/01/2026"),
    ("restockDate", "01/12/2026"),
    ("restockDate", "1-Dec-26"),
    ("restockDate", "01. Dez 2026"),
    ("restockDate", "46357"),
    ("soldOut", "FALSCH"),
    ("soldOut", "FAUX"),
    ("soldOut", "nein"),
    ("soldOut", "0"),
    ("stock", "20.0"),
    ("stock", "20,00"),
    ("stock", "20.000000000000004"),
    ("name", "TEE "),
    ("lowStockThreshold", "5.0"),
]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize(("column", "text"), SPREADSHEETS)
def test_a_cell_that_a_spreadsheet_changed_stays(column: str, text: str, separator: str) -> None:
    import_plan = plan(stand_of(*SHOP), file_of(with_cells(**{column: text}), separator))
    assert not import_plan.faults
    assert [(change.size, change.column, change.after) for change in import_plan.changes] == [
        ("L", "stock", "1300")
    ]


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("stock", "1.299"),
        ("stock", "1 299"),
        ("skuId", "4.00638E+12"),
        ("skuId", "4006381333931.0"),
    ],
)
def test_large_numbers_stay_as_well(column: str, text: str) -> None:
    first, second = exported(*SHOP)
    import_plan = plan(stand_of(*SHOP), [first | {"stock": "21"}, second | {column: text}])
    assert not import_plan.faults
    assert [(change.size, change.after) for change in import_plan.changes] == [("M", "21")]


def test_unchanged_cells_are_reported_with_their_rows() -> None:
    import_plan = plan(stand_of(*SHOP), with_cells(price="1.299"))
    (notice,) = import_plan.notices
    assert (notice.column, notice.rows) == ("price", [2])
    assert "'1.299' is the spreadsheet format of it" in notice.text


@pytest.mark.parametrize(
    ("column", "text", "words"),
    [
        ("price", "1.399", "is not an unambiguous price: write 1399, or 1.3990"),
        ("price", "1,399", "is not an unambiguous price: write 1399, or 1.3990"),
        ("price", "21.455", "is not an unambiguous price"),
        ("price", "1.2.3", "is not a price"),
        ("price", "1E3", "is not a price"),
        ("price", "1_000", "is not a price"),
        ("price", "\u0663", "is not a price"),
        ("price", "\uff15\uff18", "is not a price"),
        ("stock", "1.399", "is not a whole number"),
        ("stock", "1E3", "is not a whole number"),
        ("stock", "25.5", "is not a whole number"),
        ("stock", "1_000", "is not a whole number"),
        ("stock", "\u0663", "is not a whole number"),
        ("stock", "\uff12\uff15", "is not a whole number"),
        ("stock", "25.0000001", "is not a whole number"),
        ("restockDate", "03/04/2026", "is not a date that means one day only"),
        ("restockDate", "04-03-2026", "is not a date that means one day only"),
        ("restockDate", "31.02.2026", "is not a date"),
        ("restockDate", "\u0663\u0661.12.2026", "is not a date"),
        ("restockDate", "46500", "is not a date"),
        ("soldOut", "vielleicht", "is not true or false"),
        ("name", "T\u202eEE", "is not a valid text"),
    ],
)
def test_open_or_wrong_items_are_faults(column: str, text: str, words: str) -> None:
    import_plan = plan(stand_of(*SHOP), with_cells(**{column: text}))
    assert faults(import_plan) == [(2, column)]
    assert words in import_plan.faults[0].text


@pytest.mark.parametrize(
    ("column", "text", "after"),
    [
        ("price", "21.450000000000003", Decimal("21.45")),
        ("price", "21,450000000000003", Decimal("21.45")),
        ("price", "1.399,50", Decimal("1399.50")),
        ("price", "1,399.50", Decimal("1399.50")),
        ("price", "1'399.50", Decimal("1399.50")),
        ("price", "1.234.567", Decimal(1234567)),
        ("price", "0.299", Decimal("0.299")),
        ("restockDate", "31.12.2026", "2026-12-31"),
        ("restockDate", "12/31/2026", "2026-12-31"),
        ("restockDate", "31/12/2026", "2026-12-31"),
        ("restockDate", "31-Dec-2026", "2026-12-31"),
        ("restockDate", "31. Dezember 2026", "2026-12-31"),
        ("restockDate", "12.01.2026", "2026-01-12"),
    ],
)
def test_a_clear_edit_is_taken_in(column: str, text: str, after: object) -> None:
    import_plan = plan(stand_of(*SHOP), [with_cells(**{column: text})[0]])
    assert not import_plan.faults
    (step,) = import_plan.steps
    assert dict(step.command.fields).popitem()[1] == after  # type: ignore[attr-defined]


@pytest.mark.parametrize("text", ["WAHR", "VRAI", "ja", "1", "TRUE", "x"])
def test_a_switch_in_another_language_is_taken_in(text: str) -> None:
    import_plan = plan(stand_of(*SHOP), [with_cells(soldOut=text)[0]])
    assert not import_plan.faults
    assert [change.column for change in import_plan.changes] == ["soldOut"]


@pytest.mark.parametrize("result", [21.450000000000003, 21.449999999999996, 21.45])
def test_a_result_in_a_spreadsheet_is_what_it_shows(result: float) -> None:
    rows = [
        ["productId", "size", "price", "stock"],
        ["tee", "M", ("formula", "=1", result), 25 + 4e-15],
    ]
    import_plan = plan(stand_of(*SHOP), book(("Stock", rows)))
    assert not import_plan.faults
    assert {(change.column, change.after) for change in import_plan.changes} == {
        ("price", "21.45"),
        ("stock", "25"),
    }


@pytest.mark.parametrize("result", [25.5, 25.0001, -1.0, 1e12])
def test_a_result_that_is_not_a_whole_number_stays_a_fault(result: float) -> None:
    rows = [["productId", "size", "stock"], ["tee", "M", ("formula", "=1", result)]]
    assert faults(plan(stand_of(*SHOP), book(("Stock", rows)))) == [(2, "stock")]


def test_without_the_export_a_price_with_two_meanings_is_a_fault() -> None:
    for text in ("1.299", "1,299"):
        import_plan = plan(stand_of(*SHOP), [{"productId": "tee", "size": "M", "price": text}])
        assert faults(import_plan) == [(2, "price")]


def test_without_the_export_a_code_that_lost_its_zeros_is_a_fault() -> None:
    import_plan = plan(stand_of(*SHOP), [{"productId": "tee", "size": "M", "skuId": "123"}])
    assert faults(import_plan) == [(2, "skuId")]
    assert "'00123'" in import_plan.faults[0].text


def test_a_shop_with_thousandths_keeps_them() -> None:
    row = stocked(product={"price": Decimal("1.255")})
    import_plan = plan(stand_of(row), [exported(row)[0] | {"price": "1.265"}])
    assert not import_plan.faults
    assert import_plan.changes[0].after == "1.265"
    to_a_thousand = plan(stand_of(row), [exported(row)[0] | {"price": "1255"}])
    assert to_a_thousand.changes[0].after == "1255"


def test_a_dotted_date_has_the_day_in_front() -> None:
    assert shows_date("01.12.2026", "2026-12-01")
    assert not shows_date("12.01.2026", "2026-12-01")
