"""Postal codes: the longest known beginning counts, and unknown codes are near."""

import pytest

from fancymonkey.core.locations.postal_codes import (
    Point,
    compacted,
    longest_match,
    normal_code,
    with_beginnings,
)
from fancymonkey.errors import DataError
from fancymonkey.services.locations.postal_codes import read_geonames

MITTE, WEDDING, BONN = (52.53, 13.38), (52.55, 13.36), (50.73, 7.1)
TABLE = with_beginnings([("10115", MITTE), ("13347", WEDDING), ("1-3347", WEDDING)])


@pytest.mark.parametrize(
    ("code", "point"),
    [
        ("10115", MITTE),
        ("10 115", MITTE),
        ("101150", MITTE),  # longer than any code that is known
        ("10199", MITTE),  # as the only one that begins with 101
        ("13999", WEDDING),
        ("19999", (52.54, 13.37)),  # the mean of all that begin with 1
        ("20095", None),
        ("", None),
        ("--", None),
    ],
)
def test_the_longest_known_beginning_counts(code: str, point: Point | None) -> None:
    area = longest_match(TABLE, code)
    assert area == pytest.approx(point, abs=0.011) if point is not None else area is None


def test_a_full_british_code_equals_its_outward_code() -> None:
    table = with_beginnings([("SW1A", (51.5, -0.14)), ("SW2", (51.45, -0.12))])
    assert longest_match(table, "sw1a 1aa") == (51.5, -0.14)


def test_a_code_is_compared_without_spaces_and_hyphens() -> None:
    assert normal_code(" pl-00 950 ") == "PL00950"


def test_a_large_table_keeps_the_beginnings() -> None:
    table = compacted(with_beginnings([(f"1{n:03}", (50.0, 10.0)) for n in range(1000)]), 200)
    assert len(table) == 111
    assert longest_match(table, "1234") == (50.0, 10.0)


def row(country: str, code: str, latitude: object, longitude: object) -> str:
    return f"{country}\t{code}\tPlace\t\t\t\t\t\t\t{latitude}\t{longitude}\t4\n"


def test_a_geonames_file_becomes_a_table_for_each_first_character() -> None:
    tables = read_geonames([row("DE", "10115", *MITTE), row("de", "53111", *BONN), "\n"])
    assert list(tables) == ["DE 1", "DE 5"]
    assert tables["DE 5"]["53111"] == BONN


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["DE\t10115\n"],
        ["geonameid,name\n"],
        [row("DE", "10115", "north", 13)],
        [row("DE", "10115", 95, 13)],
        [row("DE", "10115", "nan", 13)],
        [row("XX", "10115", 52, 13)],
        [row("DE", "", 52, 13)],
    ],
)
def test_another_file_is_refused(lines: list[str]) -> None:
    with pytest.raises(DataError):
        read_geonames(lines)
