"""The files of a store are private to their owner, with any umask."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from fancymonkey.store.json.store import JsonStore
from fancymonkey.store.shared.files import Disk, write_new
from fancymonkey.store.shared.permissions import (
    make_private,
    open_to_others,
    parts_of_store,
    with_content,
)
from fancymonkey.store.sqlite.store import SqliteStore
from tests.store.scripts import catalogue


@pytest.fixture(autouse=True)
def _open_umask() -> Iterator[None]:
    """The umask hides nothing."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def too_open(folder: Path) -> list[Path]:
    """The files that other users may read or change, without products.json."""
    readable = [path for path in folder.rglob("*") if mode(path) & 0o077]
    return [path for path in readable if path.name != "products.json"]


@pytest.mark.parametrize("kind", [JsonStore, SqliteStore])
async def test_a_running_store_opens_nothing_to_others(
    kind: type[JsonStore | SqliteStore], tmp_path: Path
) -> None:
    store = kind(tmp_path / "shop" / "store")
    await store.open(0)
    await store.run(catalogue(), 1, 0)
    assert len(list((tmp_path / "shop").rglob("*"))) > 2
    assert too_open(tmp_path) == []
    await store.close()
    assert too_open(tmp_path) == []


def test_an_old_file_that_others_could_read_is_private_once_it_is_written_again(
    tmp_path: Path,
) -> None:
    path = tmp_path / "file"
    path.touch(0o666)
    write_new(Disk(), path, [b"text"])
    assert mode(path) == 0o600


@pytest.mark.parametrize("bits", [0o640, 0o620, 0o604, 0o602, 0o777])
def test_readable_files_are_found_and_made_private(bits: int, tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir(0o700)
    (tmp_path / "products.json").touch(0o666)
    (state / "products.json.swap").touch(0o666)
    snapshot, private = state / "snapshot", state / "private"
    snapshot.touch()
    private.touch()
    snapshot.chmod(bits)
    private.chmod(0o600)
    everything = [path for part in parts_of_store(str(tmp_path)) for path in with_content(part)]
    assert open_to_others(everything) == [snapshot]
    make_private(everything)
    assert open_to_others(everything) == []
    assert mode(snapshot) == bits & 0o700
    assert mode(tmp_path / "products.json") == 0o666
