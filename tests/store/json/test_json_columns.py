"""A journal of another version: this version writes its rows into a new segment."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Cursor
from fancymonkey.core.payments.rows import JobRun
from fancymonkey.core.records import MoveCursor, RecordRun
from fancymonkey.core.stock.adjust import Adjust
from fancymonkey.store.json import journal, records, segments
from fancymonkey.store.json.store import JsonStore
from tests.core.builders import upsert

OLD = {name: names for name, names in records.COLUMNS.items() if name != "run"}
OLD["cursor"] = ["name", "revision"]


@pytest.fixture
def old_version(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """A version without runs of jobs, whose cursors have two columns."""
    with monkeypatch.context() as patched:
        patched.setattr(segments, "COLUMNS", OLD)
        patched.setattr(journal, "COLUMNS", OLD)
        yield patched


def heads(folder: Path) -> list[int]:
    logs = (folder / "logs").glob("inventory-changes*.log")
    return sorted(segments.read_head(path).first for path in logs)


@pytest.mark.parametrize("batches", [0, 1, 3])
async def test_rows_of_this_version_are_read_after_a_start(
    tmp_path: Path, old_version: pytest.MonkeyPatch, batches: int
) -> None:
    store = JsonStore(tmp_path)
    await store.open(0)
    for number in range(batches):
        command = Adjust(sku="a/M", location=DEFAULT_LOCATION, delta=1) if number else upsert("a")
        await store.run([command], number, store.image.revision)
    revision = store.image.revision
    await store.close()
    old_version.undo()
    for start in range(3):
        store = JsonStore(tmp_path)
        await store.open(100)
        assert store.image.revision == revision
        if start == 0:
            run = RecordRun(run=JobRun("backup", 1, 2, "done", "{}"))
            move = MoveCursor(name="reconcile", at=77)
            await store.run([run, move], 100, store.image.revision)
        assert await store.find(JobRun, ("backup", 1)) is not None
        cursor = await store.find(Cursor, "reconcile")
        assert cursor is not None
        assert cursor.at == 77
        await store.close()
    first = heads(tmp_path)
    assert len(first) == len(set(first)) == 2  # later starts continue in the same segment
