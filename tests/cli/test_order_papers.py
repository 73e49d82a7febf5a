"""`fancymonkey order pick-list` and `packing-slip`."""

import json
from pathlib import Path

import pytest

from fancymonkey import examples
from tests.cli.conftest import Run, Write
from tests.cli.test_order import SALE, SKU
from tests.support.pdf_text import pdf_pages
from tests.support.server import Server


def test_papers_are_printed_as_text_json_and_pdf(
    cli: Run, shop: str, write: Write, tmp_path: Path
) -> None:
    write(*SALE, at=1)
    listed = cli("order", "pick-list", "--data", shop)
    assert listed.output.splitlines()[0] == "Pick list, Main: 2 units"
    assert SKU in listed.output
    slip = cli("order", "packing-slip", "1", "--data", shop).output
    assert slip.startswith("Packing slip, order #1")
    (row,) = json.loads(cli("order", "packing-slip", "--data", shop, "--json").output)[
        "packingSlips"
    ]
    assert (row["number"], row["rows"][0]["units"]) == (1, 2)
    (row,) = json.loads(cli("order", "pick-list", "--data", shop, "--json").output)["pickLists"]
    assert row["rows"][0]["sku"] == SKU
    for command in ("pick-list", "packing-slip"):
        file = tmp_path / f"{command}.pdf"
        result = cli("order", command, "1", "--data", shop, "--pdf", file, "--paper", "letter")
        assert result.exit_code == 0, result.output
        (page,) = pdf_pages(file.read_bytes())
        assert SKU in page.lines


def test_nothing_to_print_is_one_line(cli: Run, shop: str, write: Write, tmp_path: Path) -> None:
    write(*SALE, at=1)
    file = tmp_path / "list.pdf"
    for arguments, words in (
        (("pick-list", "9"), "There is no order 9."),
        (("pick-list", "--location", "nowhere"), "No unit of these orders is ready"),
        (("packing-slip", *(str(number) for number in range(1, 202))), "at most 200 orders"),
    ):
        result = cli("order", *arguments, "--data", shop, "--pdf", file)
        assert (result.exit_code, words in result.output) == (1, True), result.output
        assert len(result.output.splitlines()) == 1
    assert not file.exists()
    cli("order", "ship", "1", "--data", shop)
    assert "No unit" in cli("order", "pick-list", "1", "--data", shop).output
    assert cli("order", "packing-slip", "1", "--data", shop).exit_code == 0


def test_a_running_server_is_asked_for_its_orders(
    cli: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "products.json").write_bytes(examples.products_json())
    monkeypatch.setenv("ADMIN_PASSWORD", "correct horse")
    with Server(data=tmp_path, env={"ADMIN_PASSWORD": "correct horse"}) as server:
        monkeypatch.setenv("PORT", str(server.port))
        assert "No unit" in cli("order", "pick-list", "--data", tmp_path).output
        assert "no order 7" in cli("order", "packing-slip", "7", "--data", tmp_path).output
