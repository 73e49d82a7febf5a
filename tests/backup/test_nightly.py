"""The nightly backup, and the retention of backups."""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fancymonkey.backup.archive import inspect
from fancymonkey.backup.create import file_name
from fancymonkey.backup.nightly import BackupPlan, save
from fancymonkey.backup.retention import made_at, tidy, to_remove
from fancymonkey.errors import BackupError, ConfigError
from fancymonkey.store.contract import Store


def name_of(at: datetime) -> str:
    return file_name(int(at.timestamp() * 1000), "json")


def test_days_and_weeks_stay() -> None:
    newest = datetime(2026, 3, 31, 3, 30, tzinfo=UTC)  # a Tuesday
    nights = [newest - timedelta(days=n) for n in range(200)]
    twice = [newest - timedelta(days=n, hours=1) for n in range(200)]
    names = [name_of(at) for at in (*nights, *twice)]
    random.Random(1).shuffle(names)
    remaining = {made_at(name) for name in names} - {
        made_at(name) for name in to_remove(names, 14, 8)
    }
    assert remaining >= set(nights[:14])
    assert not remaining & set(twice)
    older = sorted(at for at in remaining if at not in nights[:14] and at is not None)
    assert [at.isoweekday() for at in older] == [7] * 5  # the last of each week before
    assert len(remaining) == 19


def test_the_newest_and_all_other_files_stay(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    (tmp_path / "fancymonkey-soon-json.tar.gz").touch()
    (tmp_path / "fancymonkey-20261399T990000Z-json.tar.gz").touch()
    old = tmp_path / name_of(datetime(2020, 1, 1, tzinfo=UTC))
    old.touch()
    assert tidy(tmp_path, 1, 0) == []
    newer = tmp_path / name_of(datetime(2020, 1, 9, tzinfo=UTC))
    newer.touch()
    assert tidy(tmp_path, 1, 0) == [old.name]
    assert newer.exists()
    assert len(list(tmp_path.iterdir())) == 4


async def test_the_night_saves_beside_a_running_store(
    store: Store, target: str, tmp_path: Path
) -> None:
    """In a process of its own; old backups go, and the report lists them."""
    folder = tmp_path / "kept"
    folder.mkdir()
    for day in range(1, 5):
        (folder / name_of(datetime(2020, 1, day, tzinfo=UTC))).touch()
    made = await save(BackupPlan(target, str(folder), 2, 1))
    assert inspect(Path(made["path"])).kind == made["kind"]
    assert len(made["removed"]) == 3
    assert len(list(folder.iterdir())) == 2


async def test_a_failed_nightly_backup_has_its_reason_and_removes_nothing(
    store: Store, target: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="Set BACKUP_TO"):
        await save(BackupPlan(target, None, 1, 1))
    with pytest.raises(BackupError, match="There is no directory"):
        await save(BackupPlan(target, str(tmp_path / "no" / "where"), 1, 1))
    with pytest.raises(BackupError, match="There is no directory"):
        await save(BackupPlan(target, str(tmp_path / "nowhere"), 1, 1))
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.postgres
@pytest.mark.parametrize("kind", ["postgres"])
async def test_without_postgresqls_programs_the_night_saves_rows(
    store: Store, target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PG_BIN", str(tmp_path))
    made = await save(BackupPlan(target, str(tmp_path), 1, 1))
    assert made["kind"] == "rows"
