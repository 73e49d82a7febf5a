"""Cells as spreadsheets of further countries show them: no change, and no end of an import."""

import pytest

from fancymonkey.spreadsheets.cells.cells import PARSERS
from tests.spreadsheets.support import exported, faults, file_of, plan, stand_of, stocked

SHOP = (stocked(), stocked(size="L", stock=1299))


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("soldOut", "NEPRAVDA"),
        ("soldOut", "HAMIS"),
        ("soldOut", "EPÄTOSI"),
        ("soldOut", "EPA\u0308TOSI"),
        ("soldOut", "USANN"),
        ("soldOut", "FALSK"),
        ("soldOut", "YANLIŞ"),
        ("soldOut", "ЛОЖЬ"),
        ("soldOut", "ХИБНІСТЬ"),
        ("soldOut", "FALS"),
        ("soldOut", "FALSE\u00a0"),
        ("restockDate", "1. 12. 2026"),
        ("restockDate", "01. 12. 2026"),
        ("restockDate", "2026. 12. 01."),
        ("restockDate", "2026. 12. 1"),
        ("restockDate", "1.12.2026 г."),
        ("restockDate", "2026年12月1日"),
        ("restockDate", "2026년 12월 1일"),
        ("restockDate", "01.12.2026."),
    ],
)
def test_a_cell_of_another_country_stays(column: str, text: str) -> None:
    first, second = exported(*SHOP)
    imported = plan(stand_of(*SHOP), [first | {column: text}, second | {"stock": "1300"}])
    assert not imported.faults
    assert [(change.size, change.column, change.after) for change in imported.changes] == [
        ("L", "stock", "1300")
    ]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("24. 12. 2026", "2026-12-24"),
        ("2026. 12. 24.", "2026-12-24"),
        ("2026年12月24日", "2026-12-24"),
    ],
)
def test_a_date_of_another_country_is_taken_in(text: str, day: str) -> None:
    assert PARSERS["restockDate"](text) == day


@pytest.mark.parametrize("text", ["31. 02. 2026", "12. 2026", "2026年13月1日"])
def test_a_day_that_does_not_exist_is_a_fault(text: str) -> None:
    first, _ = exported(*SHOP)
    assert faults(plan(stand_of(*SHOP), [first | {"restockDate": text}])) == [(2, "restockDate")]


@pytest.mark.parametrize("text", ["PRAVDA", "IGAZ", "TOSI", "SANN", "DOĞRU", "ИСТИНА", "ADEVĂRAT"])
def test_true_in_another_language_is_an_edit(text: str) -> None:
    first, _ = exported(*SHOP)
    imported = plan(stand_of(*SHOP), [first | {"soldOut": text}])
    assert [change.column for change in imported.changes] == ["soldOut"]


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        ("10:30", "10:30:00 AM"),
        ("10:30", "10:30 am"),
        ("13:30", "1:30:00 PM"),
        ("12:05", "12:05:00 p.m."),
        ("0:05", "12:05:00 AM"),
    ],
)
def test_a_size_that_became_a_time_adds_no_second_size(size: str, shown: str) -> None:
    stand = stand_of(stocked(size=size))
    imported = plan(stand, [{"productId": "tee", "size": shown, "stock": "25"}])
    assert faults(imported) == [(2, "size")]
    assert repr(size) in imported.faults[0].text
    assert not imported.steps


@pytest.mark.parametrize("text", ["1900-01-20", "20.01.1900", "1/20/1900", "20-Jan-1900"])
@pytest.mark.parametrize("column", ["stock", "available"])
def test_a_number_in_the_format_of_dates_stays(column: str, text: str) -> None:
    first, second = exported(*SHOP)
    imported = plan(stand_of(*SHOP), [first | {column: text}, second | {"stock": "1300"}])
    assert not imported.faults
    assert [(change.size, change.after) for change in imported.changes] == [("L", "1300")]
    assert all("stays as it was exported" in notice.text for notice in imported.notices)


@pytest.mark.parametrize("text", ["1900-01-21", "46357", "2026-12-01", "1-Feb"])
def test_another_number_in_the_format_of_dates_is_a_fault_or_a_count(text: str) -> None:
    first, _ = exported(*SHOP)
    imported = plan(stand_of(*SHOP), [first | {"stock": text}])
    if text.isdigit():
        assert [change.after for change in imported.changes] == [text]
    else:
        assert faults(imported) == [(2, "stock")]


def test_a_minus_of_another_country_is_not_an_edit() -> None:
    shop = stocked(stock=2, reserved=4)
    (row,) = exported(shop)
    assert row["available"] == "-2"
    imported = plan(stand_of(shop), [row | {"available": "\u22122", "stock": "3"}])
    assert not list(imported.notices)
    assert [change.after for change in imported.changes] == ["3"]


@pytest.mark.parametrize(
    "quoted",
    ["'tee'", '"tee"', "\u201ctee\u201d", "\u201etee\u201c", "\u00abtee\u00bb", "`tee`"],
)
def test_quotes_around_an_id_add_no_second_product(quoted: str) -> None:
    row = {"productId": quoted, "size": "M", "name": "TEE", "stock": "25"}
    imported = plan(stand_of(*SHOP), [row])
    assert faults(imported) == [(2, "productId")]
    assert not imported.steps


@pytest.mark.parametrize(
    "header",
    [
        "productId,size,Quantité",
        "Artikel-Nr.,Größe,Bestand",
        "productId,Taille,Existencias",
        "código,size,stock",
        "ID,Tamaño,Cantidad",
    ],
)
def test_headers_are_known_with_and_without_accents(header: str) -> None:
    imported = plan(stand_of(*SHOP), f"{header}\r\ntee,M,25\r\n".encode())
    assert [(change.column, change.after) for change in imported.changes] == [("stock", "25")]


@pytest.mark.parametrize("line_end", ["\r", "\n", "\r\n"])
@pytest.mark.parametrize("first", ["", "sep=;{}", '"sep=;"{}', "SEP=;{}", "{}{}"])
def test_any_line_ends_and_separator_lines_are_read(line_end: str, first: str) -> None:
    text = file_of(exported(*SHOP), ";").decode().replace("20;0;20", "25;0;20")
    text = first.replace("{}", "\r\n") + text
    imported = plan(stand_of(*SHOP), text.replace("\r\n", line_end).encode("utf-8-sig"))
    assert not imported.faults
    assert [(change.size, change.after) for change in imported.changes] == [("M", "25")]


def test_bars_are_a_separator() -> None:
    imported = plan(
        stand_of(*SHOP), file_of([{"productId": "tee", "size": "M", "stock": "25"}], "|")
    )
    assert [change.after for change in imported.changes] == ["25"]
