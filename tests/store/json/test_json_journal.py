"""The journal, its segments and snapshots, the lock, and readers beside the writer."""

import asyncio
import json
import logging
import threading
from pathlib import Path

import pytest

from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Entry, Outcome, Reservation, SessionLink, Status
from fancymonkey.core.records import MoveCursor
from fancymonkey.core.rows import ROWS
from fancymonkey.core.stock.adjust import Count
from fancymonkey.errors import (
    DataError,
    StoreCorrupt,
    StoreLocked,
    StoreReadOnly,
    StoreUnavailable,
)
from fancymonkey.store.in_memory.store import MemoryStore
from fancymonkey.store.json.journal import SEGMENT_ENTRIES, Journal
from fancymonkey.store.json.records import COLUMNS, LineReader
from fancymonkey.store.json.store import JsonStore
from fancymonkey.store.shared.files import Disk
from tests.store.contract.test_conformance import each, everything
from tests.store.json_shop import SEED, at, hold, open_shop, release, sell
from tests.store.scripts import batches, catalogue, script

M = "prod_hoodie_001/M"


async def filled(folder: Path, seed: int = 3, length: int = 200) -> MemoryStore:
    """A closed store with small segments, and its expected content."""
    reference = MemoryStore()
    store = JsonStore(folder, segment_entries=40)
    await store.open(0)
    for commands, now in [(catalogue(), 1), *batches(seed, script(seed, length))]:
        await reference.run(commands, now, 0)
        await store.run(commands, now, 0)
    await store.close()
    return reference


async def found_in(folder: Path) -> object:
    store = JsonStore(folder, segment_entries=40)
    await store.open(0)
    try:
        return await everything(store)
    finally:
        await store.close()


def segments(folder: Path) -> list[Path]:
    return sorted((folder / "logs").glob("inventory-changes-*.log"))


def states(folder: Path) -> list[Path]:
    return sorted((folder / "state").glob("state-*.json"))


def unwritten(folder: Path) -> None:
    """Nothing was written to products.json yet, as in a crash before the answer."""
    for path in (folder / "products.json", *(folder / "state").glob("products-*.json")):
        path.unlink()


async def test_a_torn_tail_is_dropped_at_every_byte(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = JsonStore(tmp_path)
    await store.open(0)
    await store.run(catalogue(), 1, 0)
    before = await everything(store)
    await store.run(
        [Count(sku="prod_a/M", location=DEFAULT_LOCATION, quantity=3, reason="ä")], 2, 0
    )
    after = await everything(store)
    await store.close()
    log = tmp_path / "logs" / "inventory-changes.log"
    whole = log.read_bytes()
    start = whole.rindex(b"\n", 0, -1) + 1
    for end in range(start, len(whole)):
        log.write_bytes(whole[:end])
        unwritten(tmp_path)
        caplog.clear()
        assert await found_in(tmp_path) == before
        assert log.read_bytes() == whole[:start]
        assert ("cut off by a crash" in caplog.text) == (end > start)
    log.write_bytes(whole)
    unwritten(tmp_path)
    assert await found_in(tmp_path) == after


async def test_a_last_line_with_a_wrong_byte_is_dropped(tmp_path: Path) -> None:
    store = JsonStore(tmp_path)
    await store.open(0)
    await store.run(catalogue(), 1, 0)
    before = await everything(store)
    await store.run([Count(sku="prod_a/M", location=DEFAULT_LOCATION, quantity=3)], 2, 0)
    await store.close()
    log = tmp_path / "logs" / "inventory-changes.log"
    whole = log.read_bytes()
    log.write_bytes(whole[:-9] + bytes([whole[-9] ^ 1]) + whole[-8:])
    unwritten(tmp_path)
    assert await found_in(tmp_path) == before


async def test_damage_anywhere_else_is_refused_with_its_place(tmp_path: Path) -> None:
    await filled(tmp_path, length=100)
    for state in states(tmp_path):
        state.unlink()
    for path in (segments(tmp_path)[0], tmp_path / "logs" / "inventory-changes.log"):
        whole = path.read_bytes()
        last = whole.rindex(b"\n", 0, -1)
        for place in range(0, last, max(1, last // 50)):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
            line = whole.count(b"\n", 0, place) + 1
            with pytest.raises(StoreCorrupt, match=rf"{path.name}, line ({line}|{line + 1})\b"):
                await found_in(tmp_path)
        path.write_bytes(whole)


async def test_a_missing_line_or_segment_is_refused(tmp_path: Path) -> None:
    await filled(tmp_path)
    for state in states(tmp_path):
        state.unlink()
    first, second, *_ = segments(tmp_path)
    whole = first.read_bytes()
    lines = whole.splitlines(keepends=True)
    first.write_bytes(b"".join(lines[:2] + lines[3:]))
    with pytest.raises(StoreCorrupt, match="checksum"):
        await found_in(tmp_path)
    first.write_bytes(b"".join(lines[:-1]))
    with pytest.raises(StoreCorrupt, match="does not continue"):
        await found_in(tmp_path)
    first.write_bytes(whole)
    content = second.read_bytes()
    second.unlink()
    with pytest.raises(StoreCorrupt, match="does not continue"):
        await found_in(tmp_path)
    second.write_bytes(content)
    first.unlink()
    with pytest.raises(StoreCorrupt, match="missing"):
        await found_in(tmp_path)
    first.write_bytes(whole)
    await found_in(tmp_path)


async def test_rotation_keeps_everything_readable(tmp_path: Path) -> None:
    reference = await filled(tmp_path)
    assert len(segments(tmp_path)) >= 3
    assert len(states(tmp_path)) == 2
    expected = await everything(reference)
    assert await found_in(tmp_path) == expected
    store = JsonStore(tmp_path)
    await store.open(0)
    last = reference.image.revision
    for revision in range(last + 2):
        for limit in (1, 7, 1000):
            assert await store.entries_after(revision, limit) == await reference.entries_after(
                revision, limit
            )
    for sku in ("prod_a/M", "prodüc £/S/M", "prod_b"):
        assert [e async for e in store.history(sku)] == [e async for e in reference.history(sku)]
    await store.close()


async def test_a_start_reads_a_snapshot_and_the_tail_only(tmp_path: Path) -> None:
    reference = await filled(tmp_path)

    read_files: list[str] = []

    class Counting(Disk):
        def read(self, path: Path) -> bytes:
            read_files.append(path.name)
            return super().read(path)

    store = JsonStore(tmp_path, disk=Counting())
    await store.open(0)
    read = [name for name in read_files if name.endswith(".log")]
    assert read == ["inventory-changes.log"]
    assert await store.next_due() == reference.image.next_due()
    await store.close()


async def test_an_older_snapshot_does_as_well(tmp_path: Path) -> None:
    expected = await everything(await filled(tmp_path))
    older, newest = states(tmp_path)
    newest.write_bytes(newest.read_bytes()[:-30])
    assert await found_in(tmp_path) == expected
    older.write_bytes(older.read_bytes().replace(b"prod_a", b"prod_x", 1))
    with pytest.raises(StoreCorrupt, match=newest.name):
        await found_in(tmp_path)
    older.unlink()
    newest.unlink()
    assert await found_in(tmp_path) == expected


async def test_a_snapshot_of_another_store_is_refused(tmp_path: Path) -> None:
    await filled(tmp_path / "one", 3)
    await filled(tmp_path / "two", 4)
    for path in states(tmp_path / "one"):
        path.unlink()
    for theirs in (states(tmp_path / "two")[0], *(tmp_path / "two" / "state").glob("*.rows")):
        (tmp_path / "one" / "state" / theirs.name).write_bytes(theirs.read_bytes())
    with pytest.raises(StoreCorrupt, match="belong to different stores"):
        await found_in(tmp_path / "one")


async def test_lines_that_make_no_entry_come_back(tmp_path: Path) -> None:
    store = JsonStore(tmp_path)
    await store.open(0)
    await store.run([MoveCursor(name="alerts", revision=3)], 1, 0)
    await store.close()
    content = await found_in(tmp_path)
    assert isinstance(content, dict)
    assert content["cursor"][0].revision == 3


async def test_pruned_outcomes_stay_forgotten(tmp_path: Path) -> None:
    store = JsonStore(tmp_path)
    await store.open(0)
    await store.run(catalogue(), 1, 0)
    for number in (10, 20):
        command = Count(
            sku="prod_a/M", location=DEFAULT_LOCATION, quantity=number, command_id=f"k{number}"
        )
        await store.run([command], number, 0)
    assert await store.prune(20) == 1
    assert await store.prune(20) == 0
    await store.close()
    again = JsonStore(tmp_path)
    await again.open(0)
    assert [row.key async for row in again.scan(Outcome)] == ["k20"]
    await again.close()


async def test_ended_holds_leave_memory_and_are_found(tmp_path: Path) -> None:
    (tmp_path / "products.json").write_text(SEED)
    store = await open_shop(tmp_path, segment_entries=8)
    await hold(store, "old", M, 1)
    await sell(store, "old")
    await hold(store, "live", M, 1, 2)
    late = 60
    for number in range(8):
        await store.run([Count(sku=M, location=DEFAULT_LOCATION, quantity=number + 5)], at(late), 0)
    await store.close()
    for folder in (tmp_path,):
        store = await open_shop(folder)
        assert list(store.image.rows[Reservation]) == ["r-live"]
        assert list(store.image.rows[SessionLink]) == ["live"]
        assert [row.key async for row in store.scan(Reservation)] == ["r-live", "r-old"]
        assert [row.key async for row in store.scan(SessionLink)] == [
            "cs-old",
            "live",
            "old",
        ]
        sold = await store.reservation("old")
        assert sold is not None
        assert sold == await store.find(Reservation, "r-old")
        assert sold.status is Status.CAPTURED
        entries = [e async for e in store.history(M) if e.reservation_id == "r-old"]
        assert [str(e.kind) for e in entries] == ["reserved", "captured"]
        await store.close()


async def test_a_second_writer_gets_the_name_of_the_first(tmp_path: Path) -> None:
    store = await open_shop(tmp_path)
    with pytest.raises(StoreLocked, match=r"in use by process \d+ on .*, since 20.*verify"):
        await open_shop(tmp_path)
    await store.close()
    await (await open_shop(tmp_path)).close()


async def test_a_reader_beside_the_writer(tmp_path: Path) -> None:
    store = JsonStore(tmp_path, segment_entries=40)
    await store.open(0)
    await store.run(catalogue(), 1, 0)
    for commands, now in batches(8, script(8, 150)):
        await store.run(commands, now, 0)
        content = await everything(store)
        reader = JsonStore(tmp_path, read_only=True)
        await reader.open(0)
        assert await everything(reader) == content
        with pytest.raises(StoreReadOnly):
            await reader.run(commands, now, 0)
        with pytest.raises(StoreReadOnly):
            await reader.prune(0)
        with pytest.raises(StoreReadOnly):
            await reader.fill(each([]), each([]), 0)
        await reader.close()
    await store.close()


async def test_a_reader_keeps_its_snapshot_during_writes(tmp_path: Path) -> None:
    store = JsonStore(tmp_path, segment_entries=40)
    await store.open(0)
    await store.run(catalogue(), 1, 0)
    reader = JsonStore(tmp_path, read_only=True)
    await reader.open(0)
    before = await everything(reader)
    for commands, now in batches(8, script(8, 150)):
        await store.run(commands, now, 0)
    assert segments(tmp_path)
    assert await everything(reader) == before
    last = before["entries"][-1].revision
    assert await reader.entries_after(last) == []
    assert [e async for e in reader.history("prod_a/M")] == [
        e for e in before["entries"] if e.sku == "prod_a/M"
    ]
    await reader.close()
    await store.close()


async def test_a_reader_changes_nothing(tmp_path: Path) -> None:
    await filled(tmp_path, length=60)
    log = tmp_path / "logs" / "inventory-changes.log"
    log.write_bytes(log.read_bytes() + b'{"sum":"12')
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    reader = JsonStore(tmp_path, read_only=True)
    await reader.open(0)
    await reader.close()
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before


async def test_a_reader_of_a_folder_that_no_server_has_opened(tmp_path: Path) -> None:
    (tmp_path / "products.json").write_text(SEED)
    reader = JsonStore(tmp_path, read_only=True)
    await reader.open(at(0))
    assert len((await reader.snapshot()).products) == 2
    assert [e.on_hand_after async for e in reader.history(M)] == [20]
    assert await reader.health_problems() == []
    await reader.close()
    assert [path.name for path in tmp_path.iterdir()] == ["products.json"]


async def test_a_reader_reports_an_unreadable_file(tmp_path: Path) -> None:
    (tmp_path / "products.json").write_text(SEED)
    await (await open_shop(tmp_path)).close()
    (tmp_path / "products.json").write_text(SEED[:-4])
    reader = JsonStore(tmp_path, read_only=True)
    await reader.open(at(0))
    assert len((await reader.snapshot()).products) == 2
    assert any("products.json, line" in text for text in await reader.health_problems())
    await reader.close()


async def test_a_load_that_fails_leaves_an_empty_store(tmp_path: Path) -> None:
    source = MemoryStore()
    await source.run(catalogue(), 1, 0)
    content = await everything(source)
    flat = [row for kind in ROWS for row in content[kind.TABLE]]
    store = JsonStore(tmp_path, segment_entries=5)
    await store.open(0)

    async def broken() -> object:
        for entry in content["entries"]:
            yield entry
        raise DataError("the source is gone")

    with pytest.raises(DataError, match="gone"):
        await store.fill(each(flat), broken(), source.image.revision)
    assert (await everything(store))["entries"] == []
    await store.fill(each(flat), each(content["entries"]), source.image.revision)
    await store.close()
    assert await found_in(tmp_path) == content
    assert len(json.loads((tmp_path / "products.json").read_text())["products"]) == 3


async def test_a_load_that_was_cut_short_is_refused(tmp_path: Path) -> None:
    await filled(tmp_path)
    source = MemoryStore()
    await source.run(catalogue(), 1, 0)
    content = await everything(source)
    folder = tmp_path / "copy"
    store = JsonStore(folder)
    await store.open(0)
    flat = [row for kind in ROWS for row in content[kind.TABLE]]
    await store.fill(each(flat), each(content["entries"]), source.image.revision)
    await store.close()
    for path in (folder / "state").iterdir():
        path.unlink()
    with pytest.raises(StoreCorrupt, match="copy again"):
        await found_in(folder)


def test_lines_of_an_older_version_are_read() -> None:
    older = {**COLUMNS, "entries": COLUMNS["entries"][:5]}
    line = b'{"batch":1,"revision":1,"at":5,"entries":[[1,5,"counted","a/M","main"]]}'
    entry = LineReader(older).batch(line).entries[0]
    assert isinstance(entry, Entry)
    assert (entry.sku, entry.on_hand, entry.cause) == ("a/M", 0, "")
    with pytest.raises(StoreCorrupt, match="newer version"):
        LineReader({**COLUMNS, "entries": [*COLUMNS["entries"], "colour"]})


async def test_a_run_that_is_cancelled_in_its_write_stops_the_store(tmp_path: Path) -> None:
    started = asyncio.Event()
    loop = asyncio.get_running_loop()

    class Slow(Disk):
        armed = False

        def sync(self, fd: int) -> None:
            if self.armed:
                loop.call_soon_threadsafe(started.set)
            super().sync(fd)

    disk = Slow()
    store = JsonStore(tmp_path, disk=disk)
    await store.open(0)
    await store.run(catalogue(), 1, 0)
    disk.armed = True
    task = asyncio.create_task(
        store.run([Count(sku="prod_a/M", location=DEFAULT_LOCATION, quantity=3)], 2, 0)
    )
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(StoreUnavailable):
        await store.run([Count(sku="prod_a/M", location=DEFAULT_LOCATION, quantity=4)], 3, 0)
    await store.close()
    content = await found_in(tmp_path)
    assert isinstance(content, dict)
    assert content["entries"][-1].on_hand_after in (3, 10)


async def test_the_log_has_its_position(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "products.json").write_text(SEED)
    with caplog.at_level(logging.INFO):
        store = await open_shop(tmp_path)
    assert "open at revision 0" in caplog.text
    await hold(store, "s", M, 1)
    await release(store, "s")
    await store.close()


class Sluggish(Disk):
    """A disk whose syncs take a given time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        self.took = 0.0
        self.threads: list[str] = []
        monkeypatch.setattr("fancymonkey.store.json.journal.perf_counter", lambda: self.now)

    def sync(self, fd: int) -> None:
        self.now += self.took
        self.threads.append(threading.current_thread().name)


async def test_the_loop_waits_for_a_fast_disk_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Sluggish(monkeypatch)
    store = JsonStore(tmp_path, disk=disk)
    await store.open(0)

    async def where(took: float, batches: int) -> str:
        """The thread of the last one of this many batches."""
        disk.took = took
        for number in range(batches):
            commands = [MoveCursor(name="n", revision=len(disk.threads))]
            if store.run_now(commands, number, 0) is None:
                await store.run(commands, number, 0)
        return disk.threads[-1].partition("_")[0]

    main = threading.current_thread().name
    assert await where(0.0001, 9) == "journal"
    assert await where(0.0001, 2) == main  # once it was measured as fast
    assert await where(0.004, 1) == main  # a short delay has no effect
    assert await where(0.005, 20) == "journal"
    assert await where(0.0001, 2) == "journal"  # it does not count as fast at once
    assert await where(0.0001, 2) == main
    await store.close()


def test_segments_are_longer_where_snapshots_are_long(tmp_path: Path) -> None:
    journal = Journal(Disk(), tmp_path, segment_entries=100, segment_bytes=1000)
    wanted = {0: 100, SEGMENT_ENTRIES: 100, 2 * SEGMENT_ENTRIES: 200, 10**9: 300}
    for rows, entries in wanted.items():
        journal.fit(rows)
        journal._entries = entries - 1
        assert not journal.full
        journal._entries = entries
        assert journal.full
