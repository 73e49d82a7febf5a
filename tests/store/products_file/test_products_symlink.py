"""products.json may be a symbolic link, as into a checkout of git: the link stays a link."""

import json
import os
from pathlib import Path

import pytest

from fancymonkey.store.json.store import JsonStore
from tests.store.json_shop import SEED, close, hold, open_shop


@pytest.fixture
def real(tmp_path: Path) -> Path:
    """The file behind the link."""
    (tmp_path / "git").mkdir()
    (tmp_path / "shop").mkdir()
    path = tmp_path / "git" / "catalogue.json"
    path.write_text(SEED)
    (tmp_path / "shop" / "products.json").symlink_to(path)
    return path


def reserved(path: Path) -> int:
    number: int = json.loads(path.read_text())[0]["sizes"]["M"]["reserved"]
    return number


async def stock(store: JsonStore) -> int:
    levels = (await store.snapshot()).levels
    return next(level.on_hand for level in levels if level.sku == "prod_hoodie_001/M")


async def test_changes_are_written_behind_the_link(tmp_path: Path, real: Path) -> None:
    store = await open_shop(tmp_path / "shop")
    await hold(store, "s1", "prod_hoodie_001/M", 2)
    await store.mirror.reconcile()
    assert reserved(real) == 2
    await close(store)
    assert (tmp_path / "shop" / "products.json").is_symlink()
    assert sorted(path.name for path in real.parent.iterdir()) == ["catalogue.json"]


@pytest.mark.parametrize("stopped", [False, True])
async def test_edits_behind_the_link_are_applied(stopped: bool, tmp_path: Path, real: Path) -> None:
    store = await open_shop(tmp_path / "shop")
    await hold(store, "s1", "prod_hoodie_001/M", 2)
    await store.mirror.reconcile()
    if stopped:
        await close(store)
    real.write_text(real.read_text().replace('"stock": 20', '"stock": 25'))
    if stopped:
        store = await open_shop(tmp_path / "shop")
    await store.mirror.reconcile()
    assert await stock(store) == 25
    assert reserved(real) == 2
    await close(store)


async def test_an_editor_may_replace_the_link_by_a_file(tmp_path: Path, real: Path) -> None:
    store = await open_shop(tmp_path / "shop")
    named = tmp_path / "shop" / "products.json"
    named.unlink()
    named.write_text(real.read_text().replace('"stock": 20', '"stock": 30'))
    await store.mirror.reconcile()
    assert await stock(store) == 30
    await hold(store, "s1", "prod_hoodie_001/M", 3)
    await store.mirror.reconcile()
    assert reserved(named) == 3
    await close(store)


async def test_a_file_may_become_a_link_while_the_shop_runs(tmp_path: Path, real: Path) -> None:
    named = tmp_path / "shop" / "products.json"
    named.unlink()
    named.write_text(SEED)
    store = await open_shop(tmp_path / "shop")
    real.write_text(named.read_text().replace('"stock": 20', '"stock": 35'))
    named.unlink()
    named.symlink_to(real)
    await store.mirror.reconcile()
    await hold(store, "s1", "prod_hoodie_001/M", 3)
    await store.mirror.reconcile()
    assert await stock(store) == 35
    assert reserved(real) == 3
    assert named.is_symlink()
    await close(store)


async def test_a_link_to_a_missing_file_gets_the_file(tmp_path: Path, real: Path) -> None:
    store = await open_shop(tmp_path / "shop")
    real.unlink()
    store.mirror.all_changed()
    await store.mirror.reconcile()
    assert json.loads(real.read_text())[0]["id"] == "prod_hoodie_001"
    await close(store)


@pytest.mark.parametrize("kind", ["pipe", "folder", "loop"])
async def test_anything_but_a_file_is_reported_and_replaced_later(
    kind: str, tmp_path: Path, real: Path
) -> None:
    named = tmp_path / "shop" / "products.json"
    named.unlink()
    named.write_text(SEED)
    store = await open_shop(tmp_path / "shop")
    named.unlink()
    if kind == "pipe":
        os.mkfifo(named)
    elif kind == "folder":
        named.mkdir()
    else:
        named.symlink_to("products.json")
    with pytest.raises(OSError, match=r"not a file|symbolic links"):
        await store.mirror.reconcile()
    assert await stock(store) == 20
    if kind == "folder":
        named.rmdir()
    else:
        named.unlink()
    store.mirror.all_changed()
    await store.mirror.reconcile()
    assert json.loads(named.read_text())[0]["id"] == "prod_hoodie_001"
    await close(store)
