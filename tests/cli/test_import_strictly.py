"""The command imports like the dashboard: the same checks, one change, one undo."""

import asyncio
import json
from pathlib import Path

import pytest

from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.engine.engine import Engine
from fancymonkey.services.changes.undo import find_change_set, undo_change_set
from fancymonkey.store.open import open_store
from tests.cli.conftest import Run
from tests.cli.test_export_import import M, item, level, snapshot, table
from tests.spreadsheets.support import book
from tests.spreadsheets.test_formulas import ATTACKS

HEAD = "productId,size,stock,price"


async def undone(target: str) -> tuple[str, str, int]:
    """Undoes the latest change; returns its action, its reason and the number of restored rows."""
    engine = Engine(open_store(target))
    await engine.open()
    try:
        entries = await engine.store.entries_after(0, 10_000)
        change_id = next(
            entry.cause for entry in reversed(entries) if (entry.cause or "").startswith("act_")
        )
        assert change_id is not None
        act = await find_change_set(engine, change_id)
        done = await undo_change_set(
            engine, "owner", change_id, act, DEFAULT_LOCATION, partial=False, dry_run=False
        )
        return act.action, act.reason, len(done.rows)
    finally:
        await engine.close()


def test_an_import_is_one_change_with_one_undo(cli: Run, shop: str, tmp_path: Path) -> None:
    before = snapshot(shop)
    lines = ["prod_hoodie_001,M,25,,", "prod_hoodie_001,L,30,59,", "new,OS,3,5,NEW"]
    file = table(tmp_path, f"{HEAD},name", *lines)
    assert cli("import", file, "--data", shop).exit_code == 0
    assert level(shop).on_hand == 25
    # Two stocks, a price, a product and its size.
    assert asyncio.run(undone(shop)) == ("import", "edited.csv", 5)
    after = snapshot(shop)
    stock = {level.sku: level.on_hand for level in after.levels}
    assert all(stock[level.sku] == level.on_hand for level in before.levels)
    names = [product.product_id for product in after.products if not product.archived]
    assert names == [product.product_id for product in before.products]
    assert cli("verify", "--data", shop).exit_code == 0


def test_a_dry_run_and_a_fault_leave_no_act(cli: Run, shop: str, tmp_path: Path) -> None:
    before = snapshot(shop)
    file = table(tmp_path, HEAD, "prod_hoodie_001,M,25,58")
    assert cli("import", file, "--data", shop, "--dry-run").exit_code == 0
    file = table(tmp_path, HEAD, "prod_hoodie_001,M,25,58", "prod_hoodie_001,m,26,58")
    assert cli("import", file, "--data", shop).exit_code == 1
    assert snapshot(shop) == before


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("prod_hoodie_001,M ,25,58", "but 'M' does"),
        ("PROD_hoodie_001,M,25,58", "but 'prod_hoodie_001' does"),
        ("prod_hoodie_001,M,#N/A,58", "a spreadsheet error"),
        ("prod_hoodie_001,M,1E3,58", "is not a whole number"),
        ("prod_hoodie_001,M,25,1.299", "is not an unambiguous price"),
        ("prod_hoodie_001,M,\u0662\u0665,58", "is not a whole number"),
    ],
)
def test_the_page_refuses_invalid_values(
    cli: Run, shop: str, tmp_path: Path, line: str, words: str
) -> None:
    before = snapshot(shop)
    result = cli("import", table(tmp_path, HEAD, line), "--data", shop)
    assert result.exit_code == 1
    assert words in result.output
    assert "1 problem; nothing was changed" in result.output
    assert snapshot(shop) == before


def test_an_edit_that_is_not_taken_in_is_reported(cli: Run, shop: str, tmp_path: Path) -> None:
    file = tmp_path / "stock.csv"
    assert cli("export", "--data", shop, "--output", file).exit_code == 0
    file.write_bytes(file.read_bytes().replace(b"emerald_m,20,0,20,", b"emerald_m,20,0,50,"))
    for more in ((), ("--dry-run",)):
        result = cli("import", file, "--data", shop, *more)
        assert result.exit_code == 0
        assert "Note: `available` was changed in row 3 and is not imported" in result.output
        assert "0 cells changed" in result.output


def test_the_sheet_that_was_read_is_reported_and_can_be_chosen(
    cli: Run, shop: str, tmp_path: Path
) -> None:
    file = tmp_path / "stock.xlsx"
    rows = [["productId", "size", "stock"], ["prod_hoodie_001", "M", 25]]
    other = [["productId", "size", "stock"], ["prod_hoodie_001", "M", 26]]
    file.write_bytes(book(("May", rows), ("June", other)))
    asked = cli("import", file, "--data", shop)
    assert asked.exit_code == 1
    assert "'May', 'June'" in asked.output
    assert level(shop).on_hand == 20
    done = cli("import", file, "--data", shop, "--sheet", "june")
    assert "Sheet 'June' was read, not 'May'." in done.output
    assert level(shop).on_hand == 26
    file.write_bytes(book(("May", rows)))
    assert "Sheet 'May' was read." in cli("import", file, "--data", shop).output
    csv = table(tmp_path, HEAD, "prod_hoodie_001,M,25,58")
    assert "this file is not one" in cli("import", csv, "--data", shop, "--sheet", "May").output


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_hostile_names_are_read_unchanged(cli: Run, shop: str, tmp_path: Path, ending: str) -> None:
    lines = [
        f"mug,{number},1,5,{json.dumps(f'x;{text}')[1:-1]}"
        for number, text in enumerate(ATTACKS)
        if '"' not in text and "," not in text and text.isprintable()
    ]
    file = table(tmp_path, f"{HEAD},skuId,name", *(f"{line},MUG" for line in lines))
    assert cli("import", file, "--data", shop).exit_code == 0
    assert item(shop, "mug/0").sku_id == "x;=1+1"
    file = tmp_path / f"out.{ending}"
    assert cli("export", "--data", shop, "--output", file).exit_code == 0
    before = snapshot(shop)
    result = cli("import", file, "--data", shop)
    assert "0 cells changed" in result.output
    assert "Note" not in result.output
    assert snapshot(shop) == before


def test_a_file_for_spreadsheets_begins_with_its_mark(cli: Run, shop: str, tmp_path: Path) -> None:
    file = tmp_path / "stock.csv"
    cli("export", "--data", shop, "--output", file)
    assert file.read_bytes().startswith(b"\xef\xbb\xbfproductId,")
    assert cli("export", "--data", shop).stdout_bytes.startswith(b"productId,")
    assert cli("export", "--data", shop, "--format", "xlsx").stdout_bytes.startswith(b"PK")
    other = tmp_path / "stock.ods"
    refused = cli("export", "--data", shop, "--output", other)
    assert refused.exit_code == 2
    assert not other.exists()
    assert cli("export", "--data", shop, "--output", other, "--format", "csv").exit_code == 0
    assert other.read_bytes() == file.read_bytes()
    assert M in {item.sku for item in snapshot(shop).items}
