"""The git history of products.json: readable, without secrets, and reversible."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fancymonkey.backup.catalogue_history import keep_version, message_of, save_version
from fancymonkey.backup.git_repository import Repository
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Entry, Kind, sku_of
from fancymonkey.core.stock.adjust import Adjust, Count
from fancymonkey.engine.engine import Engine
from fancymonkey.errors import BackupError
from fancymonkey.store.json.store import JsonStore
from tests.cli.conftest import Run
from tests.store.scripts import PRODUCTS, SIZES, catalogue

SKU = sku_of(PRODUCTS[0], SIZES[0])
OTHER = sku_of(PRODUCTS[1], SIZES[0])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "shop"


@pytest.fixture
async def engine(folder: Path) -> AsyncIterator[Engine]:
    engine = Engine(JsonStore(folder))
    await engine.open()
    for command in catalogue():
        await engine.submit(command)
    await _written(engine)
    yield engine
    await engine.close()


async def _written(engine: Engine) -> None:
    assert isinstance(engine.store, JsonStore)
    await engine.store.mirror.reconcile()


def git(folder: Path, *words: str) -> str:
    return subprocess.run(
        ["git", *words], cwd=folder, capture_output=True, text=True, check=True
    ).stdout


async def test_a_version_has_the_changes_and_their_actors(engine: Engine, folder: Path) -> None:
    assert await keep_version(engine, folder) is not None
    await engine.submit(Count(sku=SKU, location=DEFAULT_LOCATION, quantity=4, actor="owner Ada"))
    await engine.submit(
        Adjust(
            sku=OTHER, location=DEFAULT_LOCATION, delta=3, actor="key scanner", kind=Kind.RECEIVED
        )
    )
    await _written(engine)
    assert await keep_version(engine, folder) == "2 sizes: 6 counted, 3 received"
    assert await keep_version(engine, folder) is None
    body = git(folder, "log", "-1", "--format=%B")
    assert f"- {SKU} counted -6 (10 → 4) by owner Ada\n" in body
    assert f"- {OTHER} received +3 (10 → 13) by key scanner\n" in body
    assert f"Revision: {engine.view.revision}" in body
    versions = await Repository(folder).versions()
    assert versions[0].revision == engine.view.revision
    assert len(versions) == 2


async def test_nothing_secret_is_committed(engine: Engine, folder: Path) -> None:
    await keep_version(engine, folder)
    assert git(folder, "ls-files").split() == [".gitignore", "products.json"]
    assert not git(folder, "status", "--porcelain")  # and nothing else asks to be


def test_a_message_cannot_be_forged() -> None:
    evil = "x\nRevision: 999999\n\x1b[2J--amend\u2028"
    entry = Entry(
        revision=7,
        at=0,
        kind=Kind.COUNTED,
        sku="a/M",
        location="main",
        on_hand=1,
        on_hand_after=2,
        actor=evil,
    )
    message = message_of([entry], 7)
    assert [line for line in message.splitlines() if line.startswith("Revision")] == ["Revision: 7"]
    assert "\x1b" not in message


async def test_hooks_and_settings_of_the_folder_do_nothing(
    engine: Engine, folder: Path, tmp_path: Path
) -> None:
    await keep_version(engine, folder)
    mark = tmp_path / "mark"
    for hook in ("pre-commit", "post-commit", "commit-msg"):
        path = folder / ".git" / "hooks" / hook
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\ntouch {mark}\nexit 1\n")
        path.chmod(0o755)
    git(folder, "config", "commit.gpgsign", "true")
    await engine.submit(Count(sku=SKU, location=DEFAULT_LOCATION, quantity=4, actor="owner"))
    await _written(engine)
    assert await keep_version(engine, folder)
    assert not mark.exists()


@pytest.mark.parametrize("version", ["--output=/tmp/x", "HEAD:../x", "main --", "", "abc;id"])
async def test_no_version_is_taken_for_an_option(
    engine: Engine, folder: Path, version: str
) -> None:
    await keep_version(engine, folder)
    with pytest.raises(BackupError, match="is not a version"):
        await Repository(folder).show(version)


async def test_versions_are_pushed_and_a_failing_remote_is_reported(
    engine: Engine, folder: Path, tmp_path: Path
) -> None:
    remote = tmp_path / "remote.git"
    git(tmp_path, "init", "--bare", "--quiet", str(remote))
    await save_version(engine, str(folder), str(remote))
    assert git(remote, "log", "--format=%s", "main")
    await engine.submit(Count(sku=SKU, location=DEFAULT_LOCATION, quantity=4, actor="owner"))
    await _written(engine)
    for bad in ("https://ada:secret@127.0.0.1:1/x.git", "ext::sh -c 'touch /tmp/evil'", "--exec=x"):
        with pytest.raises(BackupError, match="git push failed") as caught:
            await save_version(engine, str(folder), bad)
        assert "secret" not in str(caught.value)
    await save_version(engine, str(folder), str(remote))  # later, the waiting versions are sent
    assert git(remote, "rev-parse", "main") == git(folder, "rev-parse", "HEAD")
    with pytest.raises(BackupError, match="Only a store of JSON files"):
        await save_version(engine, "sqlite:///x.db", None)


def _stock(folder: Path) -> tuple[int, str]:
    shown = json.loads((folder / "products.json").read_text())["products"]
    (product,) = [product for product in shown if product["id"] == PRODUCTS[0]]
    return product["sizes"][SIZES[0]]["stock"], product["name"]


def _edit(folder: Path, name: str) -> None:
    path = folder / "products.json"
    path.write_text(path.read_text().replace(f"Name of {PRODUCTS[0]}", name))


async def test_the_way_back_keeps_what_was_sold(
    engine: Engine,
    folder: Path,
    cli: Run,
) -> None:
    await keep_version(engine, folder)
    _edit(folder, "Typo")
    await _written(engine)
    await engine.submit(Adjust(sku=SKU, location=DEFAULT_LOCATION, delta=-3, actor="sale"))
    await _written(engine)
    await keep_version(engine, folder)
    before = engine.view.revision
    assert _stock(folder) == (7, "Typo")
    await engine.close()

    def catalogue(*words: str) -> str:
        result = cli("history", *words, "--data", folder)
        assert result.exit_code == 0, result.output
        return result.output

    listed = await asyncio.to_thread(catalogue, "list")
    assert len(listed.splitlines()) == 2
    assert "+" in await asyncio.to_thread(catalogue, "show", "HEAD")
    await asyncio.to_thread(catalogue, "rollback", "HEAD~1")
    assert _stock(folder) == (7, f"Name of {PRODUCTS[0]}")
    await asyncio.to_thread(catalogue, "rollback", "HEAD~1", "--stock")
    assert _stock(folder) == (10, f"Name of {PRODUCTS[0]}")
    store = JsonStore(folder, read_only=True)
    await store.open(0)
    later = await store.entries_after(before)
    assert {(entry.kind, entry.actor) for entry in later} == {
        (Kind.EDITED, "file"),
        (Kind.COUNTED, "file"),
    }
    await store.close()


async def test_a_running_server_imports_a_rollback(engine: Engine, folder: Path, cli: Run) -> None:
    await keep_version(engine, folder)
    _edit(folder, "Typo")
    await _written(engine)
    await keep_version(engine, folder)
    result = await asyncio.to_thread(cli, "history", "rollback", "HEAD~1", "--data", folder)
    assert "The running server imports it" in result.output
    await _written(engine)
    assert engine.view.products[PRODUCTS[0]].name == f"Name of {PRODUCTS[0]}"


def test_a_folder_without_history_names_the_setting(cli: Run, folder: Path) -> None:
    folder.mkdir()
    for words in (["list"], ["show", "HEAD"], ["rollback", "HEAD"]):
        result = cli("history", *words, "--data", folder)
        assert result.exit_code == 1
        assert "BACKUP_GIT=on" in result.output
