"""`backup`, `restore`, `check` and `migrate --live` as commands: texts, JSON, exit codes."""

import asyncio
import json
from pathlib import Path

import pytest

from fancymonkey import examples
from tests.cli.conftest import Run, held
from tests.support.server import Server


def test_saved_and_put_back_in_words(cli: Run, shop: str, tmp_path: Path) -> None:
    saved = cli("backup", "--data", shop, "--to", tmp_path / "b.tar.gz")
    assert saved.exit_code == 0, saved.output
    assert "is saved as" in saved.output
    assert "everything adds up. 78 ledger entries" in saved.output
    again = cli("restore", "--from", tmp_path / "b.tar.gz", "--data", tmp_path / "again")
    assert again.exit_code == 0, again.output
    assert "is restored to" in again.output
    assert cli("verify", "--data", tmp_path / "again").exit_code == 0


def test_saved_and_put_back_for_machines(cli: Run, shop: str, tmp_path: Path) -> None:
    made = json.loads(cli("backup", "--data", shop, "--to", tmp_path, "--json").stdout)
    assert made["verify"]["clean"]
    assert made["bytes"] == Path(made["path"]).stat().st_size
    done = cli("restore", "--from", made["path"], "--data", tmp_path / "again", "--json")
    report = json.loads(done.stdout)
    assert (report["clean"], report["keptAside"], report["revision"]) == (
        True,
        None,
        made["revision"],
    )


def test_of_a_directory_the_newest_is_put_back(cli: Run, shop: str, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    assert "is a directory" in cli("restore", "--from", folder, "--data", tmp_path / "no").output
    made = json.loads(cli("backup", "--data", shop, "--to", folder, "--json").stdout)
    (folder / "fancymonkey-20200101T000000Z-json.tar.gz").write_text("an older one")
    (folder / "other.tar.gz").write_text("something else")
    done = cli("restore", "--from", folder, "--data", tmp_path / "again", "--json")
    assert json.loads(done.stdout)["path"] == made["path"]


def test_refusals_are_one_line(cli: Run, shop: str, tmp_path: Path) -> None:
    cli("backup", "--data", shop, "--to", tmp_path / "b.tar.gz")
    (tmp_path / "torn").write_bytes((tmp_path / "b.tar.gz").read_bytes()[:500])
    for words in (
        ("restore", "--from", "b.tar.gz", "--data", shop),
        ("restore", "--from", "torn", "--data", "x"),
        ("restore", "--from", "nothing", "--data", "x"),
        ("restore", "--from", "torn", "--data", "memory://"),
        ("backup", "--to", "b.tar.gz", "--data", shop),
        ("backup", "--to", "nowhere/b", "--data", shop),
        ("backup", "--to", "c", "--data", "no-such-place"),
        ("migrate", "--reopen", shop),
    ):
        result = cli(*words)
        assert result.exit_code == 1, (words, result.output)
        assert result.output.startswith("Error: ")
        assert len(result.output.splitlines()) == 1


def test_a_running_server_is_named(cli: Run, shop: str, tmp_path: Path) -> None:
    cli("backup", "--data", shop, "--to", tmp_path / "b.tar.gz")
    store = asyncio.run(held(shop))
    try:
        result = cli("restore", "--from", "b.tar.gz", "--data", shop, "--force")
        assert "in use by process" in result.output
        assert cli("backup", "--data", shop, "--to", "c.tar.gz").exit_code == 0
    finally:
        asyncio.run(store.close())


def test_missing_fields_are_reported(cli: Run, tmp_path: Path) -> None:
    path = tmp_path / "products.json"
    path.write_bytes(examples.products_json())
    assert "16 products and 62 sizes can be imported; 0 assumptions" in cli("check", path).output
    path.write_text('[{"id": "a", "name": "A", "price": 1,\n "sizes": {"M": {"stock": 2}}}]')
    result = cli("check", path)
    assert result.exit_code == 0
    assert "products.json, line 2, column 17: product a, size M: lowStockThreshold" in result.output
    path.write_text('[{"id": "a",\n "sizes": {"M": {"stock": -2}}}]')
    refused = cli("check", path)
    assert refused.exit_code == 1
    assert "line 2, column 27: product a, size M: stock must be from 0" in refused.output
    as_data = cli("check", path, "--json")
    assert as_data.exit_code == 1
    assert json.loads(as_data.stdout)["taken"] is False


@pytest.mark.parametrize("words", [[], ["--to", "x"], ["--from", "x"], ["--live"]])
def test_a_move_without_its_ends_is_wrong_usage(cli: Run, words: list[str]) -> None:
    assert cli("migrate", *words).exit_code == 2


def test_a_server_moves_and_the_old_store_can_be_opened_again(
    cli: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = tmp_path / "old", f"sqlite:///{tmp_path}/new.db"
    monkeypatch.setenv("ADMIN_PASSWORD", "let me move on")
    words = ("migrate", "--live", "--to", new)
    env = {"ADMIN_PASSWORD": "let me move on", "MIGRATION_TARGETS": new}
    with Server(data=old, arguments=["--init"], env=env) as server:
        done = cli(*words, "--url", server.url)
        assert done.exit_code == 0, done.output + server.log
        assert "62 SKUs" in done.output
        assert "Before the next start set DATABASE_URL=" in done.output
    gone = cli("migrate", "--live", "--to", new, "--url", server.url)
    assert gone.exit_code == 1
    assert "does not respond" in gone.output
    refused = Server(data=old)
    assert refused.launch().wait() == 1
    assert "The shop has moved from here to sqlite:///" in refused.log
    refused.close()
    Path("x.csv").write_text("productId,size,stock\nprod_hoodie_001,M,3\n")
    assert "has moved from here" in cli("import", "x.csv", "--data", old).output
    with Server(database_url=new):
        pass
    assert cli("migrate", "--reopen", old).exit_code == 0
    with Server(data=old):
        pass
