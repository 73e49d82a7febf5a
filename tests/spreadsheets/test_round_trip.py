"""An export that is imported again changes nothing, and no file breaks the reader."""

import contextlib
import json
from base64 import urlsafe_b64encode
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import MAX_QUANTITY, Item, Level, Product, sku_of
from fancymonkey.core.stock.sku_stock import SkuStock
from fancymonkey.core.stock.status import StockRow
from fancymonkey.errors import DataError
from fancymonkey.spreadsheets.cells.cells import PARSERS, canonical
from fancymonkey.spreadsheets.imports.current_stock import CurrentStock
from fancymonkey.spreadsheets.imports.import_plan import ImportOptions, marks_of
from fancymonkey.spreadsheets.imports.import_planner import Planner
from fancymonkey.spreadsheets.table import csv_table, xlsx
from fancymonkey.spreadsheets.table.columns import COLUMNS, KINDS, Record
from fancymonkey.spreadsheets.table.row_fingerprint import LENGTH, read_mark
from fancymonkey.store.products_file.fields.extra_fields import with_image

# The texts that a store and XML can hold; two code points are not allowed in spreadsheets.
CHARS = st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufffe\uffff")
TEXTS = st.text(CHARS, max_size=12) | st.sampled_from(
    ["=1+1", "'=1", "''@x", "-5", "+x", "\t", "\r\n", "1e5", "007", "TRUE", "1-2", "_x000D_", " a "]
)
NAMED = TEXTS.filter(bool)
IDS = NAMED.filter(lambda name: "/" not in name)
PRICES = st.none() | st.decimals(0, 10**9, places=2) | st.decimals(0, 10**14, places=6)
DATES = st.none() | st.sampled_from(["2026-12-01", "1900-01-01", "2026-12-01T12:00:00Z", "soon"])


@st.composite
def shops(draw: st.DrawFn) -> list[StockRow]:
    products = []
    for id_ in draw(st.lists(IDS, max_size=4, unique=True)):
        product = Product(
            id_,
            draw(TEXTS),
            draw(TEXTS),
            draw(PRICES),
            restock_date=draw(DATES),
            extra=with_image("{}", draw(st.none() | NAMED)),
        )
        for size in draw(st.lists(NAMED, max_size=3, unique=True)):
            sku = sku_of(id_, size)
            item = Item(
                sku,
                id_,
                size,
                sku_id=draw(st.none() | NAMED),
                price_id=draw(st.none() | NAMED),
                low_stock_threshold=draw(st.integers(0, 10**9)),
                sold_out=draw(st.booleans()),
            )
            on_hand = draw(st.integers(0, 10**9))
            products.append(StockRow(product, item, SkuStock(sku, on_hand=on_hand)))
    return products


def level_of(row: StockRow) -> Level:
    """The whole stock of the row at one location."""
    return Level(
        row.item.sku, DEFAULT_LOCATION, on_hand=row.stock.on_hand, reserved=row.stock.reserved
    )


def stand_of(rows: list[StockRow]) -> CurrentStock:
    return CurrentStock(
        {row.product.product_id: row.product for row in rows},
        {row.item.sku: row.item for row in rows},
        {(row.item.sku, DEFAULT_LOCATION): level_of(row) for row in rows},
        100,
    )


def as_csv(rows: list[StockRow], columns: tuple[str, ...]) -> list[Record]:
    return csv_table.records(
        csv_table.read(csv_table.decoded("".join(csv_table.write(rows, columns, 50)).encode()))
    )


def as_sheet(rows: list[StockRow], columns: tuple[str, ...]) -> list[Record]:
    kinds = [KINDS.get(name, "text") for name in columns]
    cells = [csv_table.texts_of(row, columns, 50) for row in rows]
    return csv_table.records(xlsx.read(xlsx.write(columns, kinds, cells)).rows)


@pytest.mark.parametrize("through", [as_csv, as_sheet])
@pytest.mark.parametrize("columns", [COLUMNS, COLUMNS[:-1]], ids=["marked", "unmarked"])
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(rows=shops())
def test_a_round_trip_changes_nothing(through, columns, rows) -> None:  # type: ignore[no-untyped-def]
    records = through(rows, columns)
    current = stand_of(rows)
    assert len(records) == len(rows)
    assert not marks_of(records, current)
    plan = Planner(current, ImportOptions()).read(records)
    assert plan.faults == plan.changes == plan.steps == []
    assert plan.count("unchanged") == len(rows)


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    try:
        records = csv_table.records(csv_table.read(csv_table.decoded(data)))
    except DataError:
        return
    Planner(stand_of([]), ImportOptions(create=True)).read(records)


CELLS = st.sampled_from(
    ["", "x", "-1", "1", "20", "=1", "true", "r1s2hAAAA", "2026-12-01", "a/b", "9" * 400, "\u0661"]
) | st.text(max_size=8)


@settings(max_examples=200)
@given(
    st.lists(st.sampled_from([*COLUMNS, "Größe", "on hand", " "]), min_size=1, max_size=8),
    st.lists(st.lists(CELLS, max_size=9), max_size=6),
    st.booleans(),
)
def test_no_table_breaks_the_planner(
    header: list[str], lines: list[list[str]], create: bool
) -> None:
    product = Product("p", "x", price=Decimal("1.50"))
    item = Item("p/1", "p", "1")
    current = stand_of([StockRow(product, item, SkuStock("p/1", on_hand=20))])
    rows = [(1, header), *((number, cells) for number, cells in enumerate(lines, 2))]
    try:
        records = csv_table.records(rows)
    except DataError:
        return
    since = marks_of(records, current)
    plan = Planner(current, ImportOptions(create=create), since).read(records)
    assert len(plan.fates) == len(records)
    assert {fault.row for fault in plan.faults} == {
        number for number, fate in plan.fates.items() if fate == "fault"
    }


SOUND = xlsx.write(["productId", "size"], ["text", "text"], [["p", "M"]])


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_no_damage_to_a_spreadsheet_breaks_its_reader(data: st.DataObject) -> None:
    whole = bytearray(SOUND)
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(whole) - 1))
        whole[place] = data.draw(st.integers(0, 255))
    with contextlib.suppress(DataError):
        csv_table.records(xlsx.read(bytes(whole)).rows)


@given(st.sampled_from(sorted(PARSERS)), st.text(max_size=40))
def test_a_cell_is_read_or_refused(column: str, cell: str) -> None:
    canonical_text = canonical(column, cell)
    assert canonical(column, canonical_text) == canonical_text
    try:
        value = PARSERS[column](cell)
    except ValueError:
        return
    json.dumps(str(value))


FINGERPRINTS = st.builds(
    "r{}s{}h{}{}".format,
    st.integers(0, 10**18 - 1),
    st.integers(0, MAX_QUANTITY),
    st.binary(min_size=LENGTH, max_size=LENGTH).map(lambda raw: urlsafe_b64encode(raw).decode()),
    st.just("")
    | st.binary(min_size=18, max_size=18).map(lambda raw: "." + urlsafe_b64encode(raw).decode()),
)


@given(FINGERPRINTS, st.sampled_from(["", " ", "\n"]))
def test_a_fingerprint_is_read_whole(text: str, space: str) -> None:
    text = text.replace("=", "")
    row = read_mark(space + text + space)
    hashes = urlsafe_b64encode(row.hashes).decode().rstrip("=")
    unread = f".{urlsafe_b64encode(row.unread).decode()}" if row.unread else ""
    assert f"r{row.revision}s{row.stock}h{hashes}{unread}" == text


@given(FINGERPRINTS, st.data())
def test_a_damaged_fingerprint_is_refused_or_read_as_another(
    text: str, data: st.DataObject
) -> None:
    text = text.replace("=", "")
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.characters(codec="utf-8") | st.just(""))
    damaged = text[:place] + other + text[place + 1 :]
    try:
        row = read_mark(damaged)
    except ValueError as error:
        assert str(error) == "it was edited"  # noqa: PT017
    else:
        assert row != read_mark(text) or damaged.strip() == text
        assert 0 <= row.stock <= MAX_QUANTITY
        assert len(row.hashes) == LENGTH


@given(st.text(max_size=100))
def test_other_text_is_not_a_fingerprint(cell: str) -> None:
    with pytest.raises(ValueError, match="it was edited"):
        read_mark(cell)
