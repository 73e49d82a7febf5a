"""The durability of a written file, and of a rotated segment."""

from pathlib import Path

import pytest

from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.stock.adjust import Count
from fancymonkey.store.json.store import JsonStore
from fancymonkey.store.shared.files import Disk, write_safely
from tests.store.faults import Crashed, CrashedMachine, FaultyDisk
from tests.store.json.test_json_crash import content_of
from tests.store.scripts import catalogue


@pytest.mark.parametrize("old", [b"", b"old", b"a longer old content than the new one"])
def test_a_file_that_was_written_safely_outlives_a_power_cut(tmp_path: Path, old: bytes) -> None:
    folder = tmp_path / "disk"
    folder.mkdir()
    if old:
        (folder / "file").write_bytes(old)
    disk = FaultyDisk(folder)
    write_safely(disk, folder / "file", [b"new", b" content"])
    after = disk.after_crash("lost", tmp_path / "after")
    assert (after / "file").read_bytes() == b"new content"
    assert [path.name for path in after.iterdir()] == ["file"]


class LastRenameFirst(FaultyDisk):
    """A power cut may keep the last rename of a folder and lose the one before it."""

    def __init__(self, folder: Path, stop: CrashedMachine) -> None:
        self._waiting: list[tuple[Path, Path]] = []
        super().__init__(folder, stop)

    def rename(self, old: Path, new: Path) -> None:
        super().rename(old, new)
        self._waiting.append((old, new))

    def sync_folder(self, path: Path) -> None:
        super().sync_folder(path)
        self._waiting = [pair for pair in self._waiting if pair[1].parent != path]

    def keep_last_rename(self) -> None:
        """The power is gone: of the names that were not synced only the last one is kept."""
        for old, new in self._waiting[-1:]:
            self.durable_names.pop(old, None)
            self.durable_names[new] = self.names[new]


async def test_a_rotation_keeps_the_old_segment_whichever_rename_outlives_a_power_cut(
    tmp_path: Path,
) -> None:
    number, finished = 1, False
    while not finished:
        folder = tmp_path / f"{number}"
        folder.mkdir()
        disk = LastRenameFirst(folder, CrashedMachine(10_000))
        store = JsonStore(folder, disk=disk, segment_entries=13)
        await store.open(0)
        await store.run(catalogue(), 1, 0)
        confirmed = store.image.revision
        disk.revive(CrashedMachine(len(disk.operations) + number))
        try:
            await store.run(
                [Count(sku="prod_a/M", location=DEFAULT_LOCATION, quantity=number + 20)], 2, 0
            )
            confirmed = store.image.revision
        except Crashed:
            pass
        finished = "rename inventory-changes.log" in disk.operations[-8:] and number > 12
        disk.keep_last_rename()
        content = await content_of(disk.after_crash("lost", tmp_path / f"{number}-after"))
        assert len(content["entries"]) >= confirmed, disk.operations[-1]
        disk.revive(CrashedMachine(10**9))
        await store.close()
        number += 1


def test_a_folder_whose_name_could_not_be_synced_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk, synced = Disk(), list[Path]()
    sync = disk.sync_folder

    def failing(path: Path) -> None:
        if not synced:
            synced.append(path)
            raise OSError(5, "Input/output error")
        synced.append(path)
        sync(path)

    monkeypatch.setattr(disk, "sync_folder", failing)
    with pytest.raises(OSError, match="Input/output"):
        disk.make_folder(tmp_path / "shop" / "logs")
    disk.make_folder(tmp_path / "shop" / "logs")
    assert synced == [tmp_path, tmp_path, tmp_path / "shop"]
    assert (tmp_path / "shop" / "logs").is_dir()
