"""Edits in columns that an import does not read are reported, with the column to use."""

import pytest

from fancymonkey.spreadsheets.imports.import_plan import ImportPlan
from tests.spreadsheets.support import exported, plan, stand_of, stocked

ROWS = (stocked(reserved=2), stocked(size="L"))


def notices(import_plan: ImportPlan) -> dict[str, str]:
    return {notice.column: notice.text for notice in import_plan.notices}


@pytest.mark.parametrize(
    ("column", "text", "instead"),
    [
        ("available", "50", "change `stock` instead"),
        ("available", "", "change `stock` instead"),
        ("reserved", "0", "release holds"),
        ("status", "sold_out", "`soldOut`"),
        ("status", "out", "`stock` or `soldOut`"),
        ("backordered", "3", "incoming goods"),
        ("short", "1", "change `stock` instead"),
        ("lastChanged", "yesterday", "it is computed"),
    ],
)
def test_an_edit_is_reported_and_the_rest_is_imported(column: str, text: str, instead: str) -> None:
    first, second = exported(*ROWS)
    import_plan = plan(stand_of(*ROWS), [first | {column: text}, second | {"stock": "25"}])
    assert not import_plan.faults
    assert import_plan.count("changed") == 1
    assert list(notices(import_plan)) == [column]
    assert instead in notices(import_plan)[column]
    assert "row 2" in notices(import_plan)[column]


def test_sales_since_the_export_are_no_edits() -> None:
    sold = stocked(stock=17, reserved=1), stocked(size="L", sold_out=True)
    assert not notices(plan(stand_of(*sold), exported(*ROWS)))


@pytest.mark.parametrize("text", ["1.299", "1,299", "1 299", "1299.0"])
def test_a_spreadsheets_form_of_a_value_is_not_an_edit(text: str) -> None:
    row = stocked(stock=1299)
    assert not notices(plan(stand_of(row), [exported(row)[0] | {"available": text}]))


def test_without_the_export_a_difference_from_now_is_reported() -> None:
    row = {
        "productId": "tee",
        "size": "L",
        "available": "50",
        "reserved": "0",
        "status": "in_stock",
    }
    import_plan = plan(stand_of(*ROWS), [row])
    assert "differs from the current value in row 2" in notices(import_plan)["available"]
    assert list(notices(import_plan)) == ["available"]


def test_an_export_of_an_older_version_is_imported_without_it() -> None:
    (row,) = exported(stocked())
    row["exported"] = row["exported"].partition(".")[0]
    import_plan = plan(stand_of(stocked()), [row | {"stock": "25", "available": "50"}])
    assert not import_plan.faults
    assert import_plan.count("changed") == 1


def test_something_new_gets_no_stock_from_available() -> None:
    row = {"productId": "mug", "size": "OS", "name": "MUG", "available": "50"}
    import_plan = plan(stand_of(*ROWS), [row])
    assert "a new row is not imported (row 2)" in notices(import_plan)["available"]


def test_many_rows_are_one_notice() -> None:
    rows = [stocked(size=str(number)) for number in range(40)]
    import_plan = plan(stand_of(*rows), [row | {"available": "1"} for row in exported(*rows)])
    (notice,) = import_plan.notices
    assert (notice.count, notice.rows) == (40, [2, 3, 4, 5, 6])
    assert "40 rows (2, 3, 4, 5, 6, …)" in notice.text
