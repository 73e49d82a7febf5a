"""Tables whose lines or headers a program has changed: short lines, empty and further columns."""

import pytest

from fancymonkey.errors import DataError
from tests.spreadsheets.support import exported, faults, file_of, plan, stand_of, stocked

SHOP = (stocked(), stocked(size="L", stock=7))


def without(*columns: str) -> list[dict[str, str]]:
    return [
        {name: text for name, text in row.items() if name not in columns} for row in exported(*SHOP)
    ]


def lines_of(rows: list[dict[str, str]]) -> list[str]:
    return file_of(rows).decode().splitlines()


def test_separators_that_excel_leaves_out_are_no_fault() -> None:
    """Excel omits separators at the ends of lines, where columns are empty for many lines."""
    header, *lines = lines_of(without("exported"))
    lines = [line.replace(",20,0,20,", ",25,0,20,").rstrip(",") for line in lines]
    assert all(line.count(",") < header.count(",") for line in lines)
    found = plan(stand_of(*SHOP), "\r\n".join([header, *lines, ""]).encode())
    assert not found.faults
    assert [(one.size, one.column, one.after) for one in found.changes] == [("M", "stock", "25")]


def test_new_lines_below_an_export_may_be_short() -> None:
    lines = lines_of(exported(*SHOP))
    places = {name: place for place, name in enumerate(lines[0].split(","))}
    new = [""] * (places["stock"] + 1)
    new[places["productId"]], new[places["size"]], new[places["stock"]] = "tee", "XL", "9"
    found = plan(stand_of(*SHOP), "\r\n".join([*lines, ",".join(new), ""]).encode())
    assert not found.faults
    assert found.new_sizes == [("tee", "XL")]


def test_the_last_line_of_a_file_that_was_cut_off_is_a_fault() -> None:
    text = "productId,size,stock,lowStockThreshold\r\ntee,M,25,5\r\ntee,L,1"
    assert faults(plan(stand_of(*SHOP), text.encode())) == [(3, "")]


def test_shifted_cells_are_a_fault() -> None:
    header, first, second = lines_of(exported(*SHOP))
    cells = second.split(",")
    del cells[header.split(",").index("reserved")]
    found = plan(stand_of(*SHOP), "\r\n".join([header, first, ",".join(cells), ""]).encode())
    assert faults(found) == [(3, "")]
    assert "cells" in found.faults[0].text


def test_an_empty_column_between_others_is_left_out() -> None:
    text = "productId,,size,stock,\r\ntee,,M,25,\r\ntee, ,L,7, \r\n"
    found = plan(stand_of(*SHOP), text.encode())
    assert not found.faults
    assert [(one.size, one.after) for one in found.changes] == [("M", "25")]


def test_a_value_below_no_header_is_a_fault() -> None:
    text = "productId,,size,stock\r\ntee,30,M,25\r\ntee,,L,8\r\n"
    found = plan(stand_of(*SHOP), text.encode())
    assert faults(found) == [(2, "")]
    assert "cell 2 has '30'" in found.faults[0].text
    assert [(one.size, one.after) for one in found.changes] == [("L", "8")]


@pytest.mark.parametrize(
    "above", ["Table 1\r\n", "\r\n\r\nInventory,30.11.2026\r\n\r\n", "Inventory;1,5,6,7\r\n"]
)
def test_lines_above_the_header_are_named(above: str) -> None:
    text = f"{above}productId,size,stock\r\ntee,M,25\r\n"
    row = above.count("\r\n") + 1
    with pytest.raises(DataError, match=f"columns are in row {row}, .* delete the rows above"):
        plan(stand_of(*SHOP), text.encode())


def test_empty_lines_above_the_header_are_skipped() -> None:
    found = plan(stand_of(*SHOP), b"\r\n,,\r\nproductId,size,stock\r\ntee,M,25\r\n")
    assert [one.after for one in found.changes] == ["25"]


@pytest.mark.parametrize("last", ["Total,,27", ",,27", "Sum,,=SUM(C2:C3)", "Ergebnis,,27"])
def test_a_line_of_totals_is_a_fault_of_its_own(last: str) -> None:
    text = f"productId,size,stock\r\ntee,M,25\r\ntee,L,2\r\n{last}\r\n"
    found = plan(stand_of(*SHOP), text.encode())
    assert [fault.row for fault in found.faults] == [4]
    assert not found.new_products
    assert [(one.size, one.after) for one in found.changes] == [("M", "25"), ("L", "2")]


def test_two_headers_of_one_meaning_are_both_named() -> None:
    text = b"productId,size,stock,Bestand\r\ntee,M,25,30\r\n"
    with pytest.raises(DataError, match="stock is repeated: 'stock' and 'Bestand' mean the same"):
        plan(stand_of(*SHOP), text)


@pytest.mark.parametrize("locations", [("main", ""), ("", "main")])
def test_a_size_in_total_and_at_a_location_is_counted_once(locations: tuple[str, str]) -> None:
    rows = [
        {"productId": "tee", "size": "M", "location": location, "stock": stock}
        for location, stock in zip(locations, ("25", "30"), strict=True)
    ]
    found = plan(stand_of(*SHOP), rows)
    assert faults(found) == [(3, "location")]
    assert [one.after for one in found.changes] == ["25"]


def test_a_line_in_total_without_a_stock_may_stand_beside_a_location() -> None:
    rows = [
        {
            "productId": "tee",
            "size": "M",
            "location": "main",
            "stock": "25",
            "lowStockThreshold": "",
        },
        {"productId": "tee", "size": "M", "location": "", "stock": "", "lowStockThreshold": "9"},
    ]
    found = plan(stand_of(*SHOP), rows)
    assert not found.faults
    assert {one.column for one in found.changes} == {"stock", "lowStockThreshold"}
