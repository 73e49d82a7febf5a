"""`verify` through the program: clean, damaged, beside a writer, without a store."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from fancymonkey.commands.store.verify import _audit
from fancymonkey.core.holds.reserve import Reserve
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Line
from fancymonkey.store.open import open_store
from tests.cli.conftest import Run, Write

M = "prod_hoodie_001/M"


def test_a_sound_store_is_one_line_and_exit_code_0(cli: Run, shop: str) -> None:
    result = cli("verify", "--data", shop)
    assert result.exit_code == 0
    (line,) = result.output.splitlines()
    assert "everything adds up" in line
    assert "78 ledger entries, 62 SKUs, 0 live holds" in line


def test_a_sound_store_as_json(cli: Run, shop: str, write: Write) -> None:
    write(
        Reserve(
            reservation_id="r",
            location=DEFAULT_LOCATION,
            session_id="s",
            lines=(Line(M, 2),),
            ttl=1000,
        )
    )
    result = json.loads(cli("verify", "--data", shop, "--json").output)
    assert result.pop("milliseconds") >= 0
    assert result == {
        "clean": True,
        "entries": 79,
        "skus": 62,
        "holds": 1,
        "findings": [],
        "trouble": [],
    }


def test_the_store_is_named_by_the_environment_too(
    cli: Run, shop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL" if "://" in shop else "DATA_DIR", shop)
    assert "78 ledger entries" in cli("verify").output


def test_the_option_beats_the_environment(
    cli: Run, shop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    monkeypatch.setenv("DATA_DIR", "nowhere")
    assert cli("verify", "--data", shop).exit_code == 0


def test_a_damaged_ledger_is_reported_with_its_first_entry(
    cli: Run, write: Write, tmp_path: Path
) -> None:
    """A database that was changed by hand."""
    target = f"sqlite:///{tmp_path}/damaged.db"
    assert cli("init", "--data", target).exit_code == 0
    with closing(sqlite3.connect(tmp_path / "damaged.db")) as database:
        database.execute("UPDATE entry SET on_hand = on_hand + 1 WHERE revision IN (4, 9)")
        database.execute("UPDATE level SET on_hand = 5 WHERE sku = 'prod_cap_001/ONE SIZE'")
        database.commit()
    result = cli("verify", "--data", target)
    assert result.exit_code == 1
    assert "3 findings." in result.output
    assert "it states 22 on hand and 0 reserved after it, the entries before it" in result.output
    assert "on_hand is 5, the entries add up to 60" in result.output
    assert result.output.splitlines()[-1] == "The first entry to check is 4."
    report = json.loads(cli("verify", "--data", target, "--json").output)
    assert not report["clean"]
    assert [finding["rule"] for finding in report["findings"]] == [
        "arithmetic",
        "arithmetic",
        "level",
    ]
    *first, level = report["findings"]
    assert [finding["revision"] for finding in first] == [4, 9]
    explained = json.loads(
        cli("explain", "prod_cap_001", "ONE SIZE", "--data", target, "--json").output
    )
    assert level["revision"] == explained["entries"][-1]["revision"]


def test_a_file_that_does_not_parse_is_reported(cli: Run, tmp_path: Path) -> None:
    shop = tmp_path / "own"
    cli("init", "--data", shop)
    assert cli("release-expired", "--data", shop).exit_code == 0
    (shop / "products.json").write_text('[{"id": "p",}]')
    result = cli("verify", "--data", shop)
    assert result.exit_code == 1
    assert "78 ledger entries, 62 SKUs" in result.output
    assert "line 1" in result.output


def test_missing_parts_are_reported(cli: Run) -> None:
    result = cli("verify", "--data", "nowhere")
    assert result.exit_code == 1
    assert result.output == (
        "Error: There is no directory nowhere. Name the store with --data DIR.\n"
    )
    assert cli("verify", "--data", "oracle://x").exit_code == 1


async def test_an_empty_store_is_sound(target: str) -> None:
    store = open_store(target)
    await store.open(0)
    await store.close()
    verification = await _audit(target, lambda done, total: None)
    assert verification.clean
    assert verification.entries == 0
