"""Export and import through the program: unedited cells change nothing."""

import asyncio
import csv
from pathlib import Path

import pytest

from fancymonkey.core.holds.end import Capture
from fancymonkey.core.holds.reserve import Reserve
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Item, Level, Line, Product
from fancymonkey.core.stock.adjust import Adjust
from fancymonkey.spreadsheets.table import csv_table
from fancymonkey.spreadsheets.table.columns import Record
from fancymonkey.store.contract import StockSnapshot
from fancymonkey.store.open import open_store
from tests.cli.conftest import Run, Write, held

M = "prod_hoodie_001/M"


def read(table: str) -> list[Record]:
    return csv_table.records(csv_table.read(table))


def snapshot(target: str) -> StockSnapshot:
    async def read() -> StockSnapshot:
        store = open_store(target, read_only=True)
        await store.open(0)
        try:
            return await store.snapshot()
        finally:
            await store.close()

    return asyncio.run(read())


def level(target: str, sku: str = M) -> Level:
    return next(level for level in snapshot(target).levels if level.sku == sku)


def item(target: str, sku: str = M) -> Item:
    return next(item for item in snapshot(target).items if item.sku == sku)


def product(target: str, id_: str) -> Product:
    return next(product for product in snapshot(target).products if product.product_id == id_)


@pytest.fixture
def exported(cli: Run, shop: str, tmp_path: Path) -> Path:
    file = tmp_path / "stock.csv"
    assert cli("export", "--data", shop, "--output", file).exit_code == 0
    return file


@pytest.fixture
def unmarked(exported: Path) -> Path:
    """An export whose last column was deleted."""
    rows = list(csv.reader(exported.read_text("utf-8").splitlines()))
    with exported.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(row[:-1] for row in rows)
    return exported


def table(tmp_path: Path, *lines: str) -> Path:
    file = tmp_path / "edited.csv"
    file.write_text("\n".join(lines) + "\n", "utf-8")
    return file


def test_the_export_has_every_size_in_the_owners_order(cli: Run, shop: str, exported: Path) -> None:
    records = read(exported.read_bytes().decode())
    assert len(records) == len(snapshot(shop).items)
    first = records[0].cells
    assert (first["productId"], first["size"], first["stock"]) == ("prod_hoodie_001", "S", "12")
    assert records[1].cells["skuId"] == "sku_midnight_emerald_m"
    assert [record.cells["size"] for record in records[:5]] == ["S", "M", "L", "XL", "XXL"]
    # A file begins with the mark by which spreadsheets recognise UTF-8; a pipe does not.
    printed = cli("export", "--data", shop)
    assert b"\xef\xbb\xbf" + printed.stdout_bytes == exported.read_bytes()


def test_the_export_does_not_count_holds_whose_time_is_up(
    cli: Run, shop: str, write: Write, tmp_path: Path
) -> None:
    write(
        Reserve(
            reservation_id="r",
            location=DEFAULT_LOCATION,
            session_id="s",
            lines=(Line(M, 2),),
            ttl=1000,
        ),
        at=5,
    )
    assert level(shop).reserved == 2
    records = read(cli("export", "--data", shop).stdout)
    assert records[1].cells["reserved"] == "0"
    assert records[1].cells["available"] == "20"


def test_a_round_trip_without_edits_changes_nothing(cli: Run, shop: str, exported: Path) -> None:
    before = snapshot(shop)
    result = cli("import", exported, "--data", shop)
    assert result.exit_code == 0
    assert "0 cells changed" in result.output
    assert f"{len(before.items)} rows unchanged" in result.output
    assert snapshot(shop) == before


def test_only_changed_cells_are_applied(cli: Run, shop: str, exported: Path) -> None:
    csv_table = exported.read_bytes().decode()
    csv_table = csv_table.replace("MIDNIGHT EMERALD HOODIE", "MIDNIGHT EMERALD")
    csv_table = csv_table.replace("58,M,sku_midnight_emerald_m,", "58,M,'=new sku,")
    csv_table = csv_table.replace(
        "price_midnight_emerald_m,20,0,20,5,false", "price_midnight_emerald_m,7,0,20,9,TRUE"
    )
    exported.write_bytes(csv_table.encode())
    before = snapshot(shop)
    dry = cli("import", exported, "--data", shop, "--dry-run")
    assert dry.exit_code == 0
    assert "5 cells changed" in dry.output
    assert "prod_hoodie_001 M stock: 20 → 7" in dry.output
    assert snapshot(shop) == before
    done = cli("import", exported, "--data", shop)
    assert done.exit_code == 0
    after = snapshot(shop)
    assert level(shop).on_hand == 7
    assert product(shop, "prod_hoodie_001").name == "MIDNIGHT EMERALD"
    changed = item(shop)
    assert (changed.sku_id, changed.low_stock_threshold, changed.sold_out) == ("=new sku", 9, True)
    assert len(after.items) == len(before.items)
    assert [item for item in before.items if item.sku != M] == [
        item for item in after.items if item.sku != M
    ]
    assert "0 cells changed" in cli("import", exported, "--data", shop).output
    assert cli("verify", "--data", shop).exit_code == 0


def test_columns_and_rows_that_are_not_there_change_nothing(
    cli: Run, shop: str, tmp_path: Path
) -> None:
    before = snapshot(shop)
    file = table(tmp_path, "size,productId,lowStockThreshold", "M,prod_hoodie_001,8")
    assert cli("import", file, "--data", shop).exit_code == 0
    after = snapshot(shop)
    assert item(shop).low_stock_threshold == 8
    assert [level.on_hand for level in after.levels] == [level.on_hand for level in before.levels]
    assert len([item for item in after.items if item not in before.items]) == 1


def test_new_products_and_sizes_are_made(cli: Run, shop: str, tmp_path: Path) -> None:
    file = table(
        tmp_path,
        "productId,name,category,price,size,stock,restockDate",
        "prod_new,Näme,mugs,9.50,S,3,2026-12-01",
        "prod_new,,mugs,9.5,L,4,2026-12-01",
        "prod_hoodie_001,MIDNIGHT EMERALD HOODIE,hoodies,58,XS,2,",
    )
    result = cli("import", file, "--data", shop)
    assert result.exit_code == 0
    assert "1 new product" in result.output
    assert "3 new sizes" in result.output
    made = product(shop, "prod_new")
    assert (made.name, str(made.price), made.restock_date) == ("Näme", "9.50", "2026-12-01")
    assert made.position == 16
    assert [level(shop, sku).on_hand for sku in ("prod_new/S", "prod_new/L")] == [3, 4]
    assert level(shop, "prod_hoodie_001/XS").on_hand == 2
    assert item(shop, "prod_hoodie_001/XS").position == 5
    assert level(shop).on_hand == 20
    assert cli("verify", "--data", shop).exit_code == 0


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["prod_hoodie_001,M,x,"], "row 2, stock: 'x' is not a whole number"),
        (["prod_hoodie_001,M,-1,"], "row 2, stock: '-1' is not a whole number"),
        (["prod_hoodie_001,M,1.5,"], "row 2, stock"),
        (["prod_hoodie_001,M,99999999999,"], "row 2, stock"),
        (
            ["prod_hoodie_001,M,1,", "prod_hoodie_001,M,2,"],
            "row 3, size: this size is already in",
        ),
        (["prod_hoodie_001,,1,"], "row 2, size"),
        (["a/b,M,1,"], "row 2, productId: a product id must not contain a slash"),
        (["prod_none,M,1,"], "row 2, name: a new product requires a name"),
        (
            ["prod_hoodie_001,S,1,A", "prod_hoodie_001,M,1,B"],
            "row 3, name: a product has only",
        ),
    ],
)
def test_a_bad_cell_is_reported_and_nothing_is_changed(
    cli: Run, shop: str, tmp_path: Path, lines: list[str], words: str
) -> None:
    before = snapshot(shop)
    good = "prod_cap_001,ONE SIZE,59,"
    file = table(tmp_path, "productId,size,stock,name", *lines, good)
    result = cli("import", file, "--data", shop)
    assert result.exit_code == 1
    assert words in result.output
    assert "1 problem; nothing was changed" in result.output
    assert snapshot(shop) == before


def test_sales_since_the_export_are_no_change_with_base(
    cli: Run, shop: str, write: Write, unmarked: Path, tmp_path: Path
) -> None:
    edited = tmp_path / "edited.csv"
    edited.write_bytes(unmarked.read_bytes().replace(b"emerald_l,22,", b"emerald_l,30,"))
    write(Adjust(sku=M, location=DEFAULT_LOCATION, delta=-3))
    without = cli("import", edited, "--data", shop, "--dry-run")
    assert "prod_hoodie_001 M stock: 17 → 20" in without.output
    result = cli("import", edited, "--base", unmarked, "--data", shop)
    assert result.exit_code == 0
    assert "1 cell changed" in result.output
    assert level(shop).on_hand == 17
    assert level(shop, "prod_hoodie_001/L").on_hand == 30


def test_a_stock_that_moved_since_the_export_is_refused_with_base(
    cli: Run, shop: str, write: Write, unmarked: Path, tmp_path: Path
) -> None:
    edited = tmp_path / "edited.csv"
    csv_table = unmarked.read_bytes().replace(b"emerald_m,20,", b"emerald_m,25,")
    edited.write_bytes(csv_table.replace(b"emerald_l,22,", b"emerald_l,30,"))
    write(Adjust(sku=M, location=DEFAULT_LOCATION, delta=-3))
    before = snapshot(shop)
    for options in ([], ["--dry-run"]):
        result = cli("import", edited, "--base", unmarked, "--data", shop, *options)
        assert result.exit_code == 1
        assert "row 3, stock: it has changed since the export, by -3, to 17" in result.output
        assert snapshot(shop) == before


def test_an_exported_row_shows_sales_since(
    cli: Run, shop: str, write: Write, exported: Path, tmp_path: Path
) -> None:
    spreadsheet = tmp_path / "stock.xlsx"
    assert cli("export", "--data", shop, "--output", spreadsheet).exit_code == 0
    assert "62 rows unchanged" in cli("import", spreadsheet, "--data", shop).output
    csv_table = exported.read_bytes().replace(b"emerald_m,20,", b"emerald_m,25,")
    exported.write_bytes(csv_table.replace(b"emerald_l,22,", b"emerald_l,30,"))
    write(
        Reserve(
            reservation_id="r",
            location=DEFAULT_LOCATION,
            session_id="s",
            lines=(Line(M, 3),),
            ttl=10**12,
        )
    )
    write(Capture(ref="r"))
    write(Adjust(sku="prod_hoodie_001/L", location=DEFAULT_LOCATION, delta=-1))
    refused = cli("import", exported, "--data", shop)
    assert "row 4, stock: it has changed since the export, by -1, to 21" in refused.output
    exported.write_bytes(exported.read_bytes().replace(b"emerald_l,30,", b"emerald_l,22,"))
    assert "prod_hoodie_001 M stock: 17 → 22" in cli("import", exported, "--data", shop).output
    assert level(shop).on_hand == 22
    assert "0 cells changed" in cli("import", exported, "--data", shop).output


def test_beside_a_server_one_may_export_and_not_import(cli: Run, shop: str, exported: Path) -> None:
    store = asyncio.run(held(shop))
    try:
        assert cli("export", "--data", shop).stdout_bytes == exported.read_bytes()[3:]
        refused = cli("import", exported, "--data", shop)
        assert refused.exit_code == 1
        assert "Error: " in refused.output
    finally:
        asyncio.run(store.close())


def test_one_row_may_rename_a_product_with_base(
    cli: Run, shop: str, unmarked: Path, tmp_path: Path
) -> None:
    edited = tmp_path / "edited.csv"
    old, new = b"EMERALD HOODIE,hoodies,58,L", b"EMERALD ZIP HOODIE,hoodies,58,L"
    edited.write_bytes(unmarked.read_bytes().replace(old, new))
    assert "a product has only one name" in cli("import", edited, "--data", shop).output
    for cells in ("1 cell changed", "0 cells changed"):
        assert cells in cli("import", edited, "--base", unmarked, "--data", shop).output
    assert product(shop, "prod_hoodie_001").name == "MIDNIGHT EMERALD ZIP HOODIE"


def test_a_file_in_another_encoding_is_refused(cli: Run, shop: str, tmp_path: Path) -> None:
    file = tmp_path / "latin.csv"
    file.write_bytes("productId,size,name\np,M,Näme\n".encode("latin-1"))
    result = cli("import", file, "--data", shop)
    assert result.exit_code == 1
    assert "UTF-8" in result.output


def test_a_catalogue_in_json_is_not_a_table(cli: Run, shop: str, tmp_path: Path) -> None:
    (tmp_path / "catalogue.json").write_text('[{"id": "p"}]')
    result = cli("import", tmp_path / "catalogue.json", "--data", shop)
    assert result.exit_code == 1
    assert "This file is JSON" in result.output
    assert "fancymonkey check" in result.output


def test_a_table_by_location_is_exported_and_imported(cli: Run, shop: str, tmp_path: Path) -> None:
    assert cli("location", "add", "berlin", "--name", "Studio", "--data", shop).exit_code == 0
    file = tmp_path / "places.csv"
    result = cli("export", "--locations", "--data", shop, "--output", file)
    assert result.exit_code == 0, result.output
    rows = list(csv.DictReader(file.read_text("utf-8-sig").splitlines()))
    assert {row["location"] for row in rows} == {"main", "berlin"}
    assert len(rows) == 2 * len(snapshot(shop).items)
    for row in rows:
        if (row["productId"], row["size"], row["location"]) == ("prod_hoodie_001", "M", "berlin"):
            row["stock"] = "7"
    with file.open("w", encoding="utf-8", newline="") as made:
        writer = csv.DictWriter(made, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    for _ in range(2):
        result = cli("import", file, "--data", shop)
        assert result.exit_code == 0, result.output
    levels = {level.location: level.on_hand for level in snapshot(shop).levels if level.sku == M}
    assert levels == {"main": 20, "berlin": 7}
    only = cli("export", "--location", "berlin", "--data", shop)
    assert {row["location"] for row in csv.DictReader(only.output.splitlines())} == {"berlin"}
    wrong = cli("export", "--location", "Berlin", "--data", shop)
    assert wrong.exit_code == 2
    assert "Probably berlin is meant." in wrong.output


def test_a_file_of_shopify_is_imported(cli: Run, shop: str, tmp_path: Path) -> None:
    head = "Handle,Title,Option1 Name,Option1 Value,SKU,Location,On hand (current),On hand (new)"
    file = table(tmp_path, head, "prod_hoodie_001,,Size,M,,Anywhere,20,22")
    result = cli("import", file, "--data", shop)
    assert result.exit_code == 0, result.output
    assert "prod_hoodie_001 M at main stock: 20 → 22" in result.output
    assert level(shop).on_hand == 22
    result = cli("import", table(tmp_path, head, "hat,,Size,M,X-1,Anywhere,1,2"), "--data", shop)
    assert result.exit_code == 1
    assert "row 2, SKU: no size has the skuId 'X-1'" in result.output
