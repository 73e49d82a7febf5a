"""The archive of the JSON store: finished rows leave memory and are found by key and in order.

The random scripts of the other tests of this store run with small segments, so they read it too.
"""

import asyncio
import logging
from pathlib import Path

import msgspec
import pytest

from fancymonkey.backup.json_dump import write as copy_folder
from fancymonkey.core.documents.document import Document
from fancymonkey.core.holds.end import Capture, Release
from fancymonkey.core.holds.reserve import Reserve
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Line, Outcome, Reservation, Row, SessionLink, Status
from fancymonkey.core.outcomes import Accepted, Code, Refused
from fancymonkey.errors import StoreCorrupt
from fancymonkey.store.contract import empty_rows
from fancymonkey.store.in_memory.past import Removed
from fancymonkey.store.json.archive import EMPTY, Archive, ArchiveFolder, files_to_merge
from fancymonkey.store.json.archive_file import ArchiveFile
from fancymonkey.store.json.archive_write import BLOCK
from fancymonkey.store.json.key_filter import KeyFilter, mark_of
from fancymonkey.store.json.store import JsonStore
from fancymonkey.store.shared.files import Disk
from fancymonkey.store.verify import verify_store
from tests.store.contract.test_conformance import everything
from tests.store.json_shop import SEED, at, hold, open_shop, release, sell

M = "prod_hoodie_001/M"
SEGMENT = 8


def outcome(number: int, at_: int = 0, answer: str = "1") -> Outcome:
    return Outcome(f"key-{number:06}", "d", at_, answer)


def document(number: int, until: int) -> Document:
    return Document("source" if number % 2 else "jobs", f"n{number:04}", 1, 0, "x", until)


def added(folder: Path, number: int, rows: list[Row], archive: Archive = EMPTY) -> Archive:
    by_kind: dict[type[Row], list[Row]] = {}
    for row in rows:
        by_kind.setdefault(type(row), []).append(row)
    return ArchiveFolder(Disk(), folder).add(number, by_kind, archive)


def archives(folder: Path) -> list[Path]:
    return sorted((folder / "state").glob("archive-*.rows"))


def states(folder: Path) -> list[Path]:
    return sorted((folder / "state").glob("state-*.json"))


async def ended_holds(folder: Path, count: int = 60) -> JsonStore:
    """A shop with ended holds, most of them in the archive."""
    folder.mkdir(exist_ok=True)
    (folder / "products.json").write_text(SEED)
    store = await open_shop(folder, segment_entries=SEGMENT)
    for number in range(count):
        session = f"s{number:03}"
        await hold(store, session, M, 1, number)
        await release(store, session, number)
        await asyncio.gather(*store._snapshots)
    return store


def test_a_filter_has_every_key_and_few_others() -> None:
    keys = [f"res_{number * 977:012x}{number:08x}" for number in range(20_000)]
    bits = KeyFilter(KeyFilter.bits_of(map(mark_of, keys), len(keys)))
    assert all(bits.may_have(mark_of(key)) for key in keys)
    others = sum(bits.may_have(mark_of(f"sess_{number}")) for number in range(20_000))
    assert others < 20_000 // 250
    with pytest.raises(ValueError, match="length"):
        KeyFilter(b"123")


def test_a_file_has_its_rows_by_key_and_in_order(tmp_path: Path) -> None:
    outcomes = [outcome(number) for number in range(0, 6 * BLOCK, 2)]
    documents = [document(number, 5) for number in range(3 * BLOCK)]
    archive = added(tmp_path, 1, [*reversed(outcomes), *documents])
    archive = Archive((ArchiveFile(archive.files[0].path),), Removed())
    for row in (*outcomes, *documents):
        assert archive.find(type(row), row.key) == row
    for number in (-1, 1, 6 * BLOCK + 1):
        assert archive.find(Outcome, f"key-{number:06}") is None
    assert archive.find(Reservation, "key-000000") is None
    assert list(archive.after(Outcome, None)) == outcomes
    assert list(archive.after(Outcome, "key-000100")) == outcomes[51:]
    assert list(archive.after(Outcome, "key-000101")) == outcomes[51:]
    assert list(archive.after(Outcome, outcomes[-1].key)) == []
    assert list(archive.after(Document, ("source", ""))) == documents[1::2]
    assert list(archive.after(SessionLink, None)) == []


def test_the_newest_version_of_a_row_counts(tmp_path: Path) -> None:
    archive = EMPTY
    for version in range(7):
        rows: list[Row] = [outcome(number, 0, f"{version}") for number in range(version, 40)]
        archive = added(tmp_path, version, rows, archive)
        assert len(list(archive.after(Outcome, None))) == 40
        for number in range(40):
            stored = archive.find(Outcome, f"key-{number:06}")
            assert stored == outcome(number, 0, f"{min(number, version)}")
            assert next(iter(archive.after(Outcome, f"key-{number - 1:06}"))) == stored
    assert len(archive.files) < 4


def test_removed_rows_are_hidden_and_leave_the_file_with_the_next_merge(tmp_path: Path) -> None:
    rows: list[Row] = [outcome(number, number) for number in range(10)]
    rows += [document(number, number) for number in range(10)]
    archive = added(tmp_path, 1, rows)
    assert archive.count(Removed(pruned=4), empty_rows()) == 8
    archive = archive.without(Removed(pruned=4))
    assert archive.find(Outcome, "key-000003") is None
    assert archive.find(Outcome, "key-000004") is not None
    assert [row.at for row in archive.after(Outcome, None)] == [4, 5, 6, 7, 8, 9]
    assert archive.count(Removed(pruned=4), empty_rows()) == 0
    for number in range(2, 5):
        more: list[Row] = [outcome(number * 100 + n, 50) for n in range(20)]
        archive = added(tmp_path, number, more, archive)
    assert [file.rows for file in archive.files] == [12 + 60]
    assert len(list(archive.after(Document, None))) == 6


def test_files_are_few_and_rows_are_rarely_written_again() -> None:
    files: list[int] = []
    written = 0
    for _ in range(1000):
        count = files_to_merge(1000, files)
        files[:count] = [1000 + sum(files[:count])]
        written += files[0]
        assert len(files) <= 15
    assert sum(files) == 1_000_000
    assert written <= 6_000_000


async def test_memory_has_few_of_the_ended_holds(tmp_path: Path) -> None:
    store = await ended_holds(tmp_path, 100)
    for kind in (Reservation, SessionLink):
        assert len(store.image.rows[kind]) <= SEGMENT
        assert len([row async for row in store.scan(kind)]) == 100
    await store.close()
    store = await open_shop(tmp_path)
    assert len(store.image.rows[Reservation]) <= SEGMENT
    for number in range(100):
        row = await store.reservation(f"s{number:03}")
        assert row is not None
        assert row.status is Status.RELEASED
        assert row == await store.find(Reservation, f"r-s{number:03}")
    assert await store.reservation("s100") is None
    await store.close()


async def test_the_first_answer_is_found_in_the_archive(tmp_path: Path) -> None:
    (tmp_path / "products.json").write_text(SEED)
    store = await open_shop(tmp_path, segment_entries=SEGMENT)

    def reserve(digest: str) -> Reserve:
        return Reserve(
            reservation_id="r-first",
            session_id="first",
            location=DEFAULT_LOCATION,
            lines=(Line(M, 2),),
            ttl=1000,
            command_id="key",
            digest=digest,
        )

    (first,) = (await store.run([reserve("a")], at(1), 0)).answers
    for number in range(2 * SEGMENT):
        await hold(store, f"s{number}", M, 1, 10 + number)
    await asyncio.gather(*store._snapshots)
    assert "key" not in store.image.rows[Outcome]
    (again,) = (await store.run([reserve("a")], at(50), 0)).answers
    assert isinstance(first, Accepted)
    assert isinstance(again, Accepted)
    assert (again.data, again.replayed) == (first.data, True)
    (other,) = (await store.run([reserve("b")], at(51), 0)).answers
    assert isinstance(other, Refused)
    assert other.code is Code.IDEMPOTENCY_CONFLICT
    await store.close()


async def test_a_payment_for_a_hold_in_the_archive_is_a_late_payment(tmp_path: Path) -> None:
    store = await ended_holds(tmp_path)
    assert "r-s003" not in store.image.rows[Reservation]
    await sell(store, "s003", 500)
    sold = await store.reservation("s003")
    assert sold is not None
    assert sold.status is Status.CAPTURED
    assert sold.late
    ids = [row.key async for row in store.scan(Reservation)]
    assert ids == sorted(set(ids))
    assert len(ids) == 60
    for number in range(60, 90):  # it goes into the archive again, in a newer file
        await hold(store, f"s{number:03}", M, 1, 600)
        await release(store, f"s{number:03}", 600)
        await asyncio.gather(*store._snapshots)
    assert "r-s003" not in store.image.rows[Reservation]
    assert await store.reservation("s003") == sold
    await store.close()
    store = await open_shop(tmp_path)
    assert await store.reservation("s003") == sold
    (answer,) = (await store.run([Release(ref="s003")], at(900), 0)).answers
    assert isinstance(answer, Accepted)
    assert (answer.data.status, answer.data.lines) == ("captured", ())
    (answer,) = (await store.run([Capture(ref="s004", payment_id="p4")], at(901), 0)).answers
    assert isinstance(answer, Accepted)
    await store.close()


async def test_a_scan_finds_each_row_once_while_rows_leave_memory(tmp_path: Path) -> None:
    store = await ended_holds(tmp_path, 30)
    keys: list[str] = []
    async for row in store.scan(Reservation):
        keys.append(row.reservation_id)
        if len(keys) % 10 == 0:
            session = f"y{len(keys):03}"
            await hold(store, session, M, 1, 50)
            await release(store, session, 50)
            await asyncio.gather(*store._snapshots)
    before = [f"r-s{number:03}" for number in range(30)]
    assert [id_ for id_ in keys if not id_.startswith("r-y")] == before
    assert keys == sorted(set(keys))
    await store.close()


async def test_damage_of_the_archive_is_refused_with_its_file(tmp_path: Path) -> None:
    store = await ended_holds(tmp_path)
    expected = await everything(store)
    await store.close()
    damaged = archives(tmp_path)
    for path in damaged:
        whole = path.read_bytes()
        block = whole.index(b"\n") + 1
        path.write_bytes(whole[: block + 40] + b"#" + whole[block + 41 :])
    store = await open_shop(tmp_path)
    with pytest.raises(StoreCorrupt, match=r"archive-\d+\.rows.*checksum"):
        await everything(store)
    problems = (await verify_store(store)).health_problems
    present = named(states(tmp_path)[-1])
    assert len(problems) == len(present)
    for name in present:
        assert any(name in problem for problem in problems)
    await store.close()
    for path in (*archives(tmp_path), *states(tmp_path)):
        path.unlink()  # the journal alone has everything
    store = await open_shop(tmp_path)
    assert await everything(store) == expected
    await store.close()


async def test_an_older_snapshot_serves_if_a_new_file_is_damaged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = await ended_holds(tmp_path)
    expected = await everything(store)
    await store.close()
    older, newest = (named(path) for path in states(tmp_path))
    (new,) = newest - older
    path = tmp_path / "state" / new
    whole = path.read_bytes()
    for damaged in (whole[:-10], whole[:-200] + b"0" + whole[-199:], b"", whole[1:]):
        path.write_bytes(damaged)
        caplog.clear()
        with caplog.at_level(logging.ERROR):
            store = JsonStore(tmp_path, read_only=True)
            await store.open(at(1000))
            assert await everything(store) == expected
            await store.close()
        assert new in caplog.text
    path.unlink()
    store = await open_shop(tmp_path)
    assert await everything(store) == expected
    await store.close()
    for path in archives(tmp_path):
        path.unlink()
    with pytest.raises(StoreCorrupt, match=r"archive-\d+\.rows is missing"):
        await open_shop(tmp_path)


def named(state: Path) -> set[str]:
    head = msgspec.json.decode(state.read_bytes().splitlines()[0])
    assert head["state"] == 2  # a version without an archive must not open it
    return {name["name"] for name in head["archive"]}


async def test_files_that_no_snapshot_names_are_removed(tmp_path: Path) -> None:
    store = await ended_holds(tmp_path)
    await store.close()
    present = {path.name for path in archives(tmp_path)}
    assert present == set.union(*map(named, states(tmp_path)))
    assert len(present) <= 8


async def test_a_copy_of_the_folder_has_the_archive(tmp_path: Path) -> None:
    store = await ended_holds(tmp_path / "shop")
    (tmp_path / "copy").mkdir()
    await copy_folder(tmp_path / "shop", tmp_path / "copy")
    expected = await everything(store)
    await store.close()
    for folder in ("copy", "shop"):
        store = await open_shop(tmp_path / folder)
        assert await everything(store) == expected
        await store.close()


async def test_pruned_outcomes_of_the_archive_stay_away(tmp_path: Path) -> None:
    (tmp_path / "products.json").write_text(SEED)
    store = await open_shop(tmp_path, segment_entries=SEGMENT)
    for number in range(40):
        command = Reserve(
            reservation_id=f"r{number}",
            session_id=f"s{number}",
            location=DEFAULT_LOCATION,
            lines=(Line(M, 1),),
            ttl=500,
            command_id=f"k{number:02}",
        )
        await store.run([command], at(number), 0)
        await asyncio.gather(*store._snapshots)
    old = [row async for row in store.scan(Outcome) if row.at < at(20)]
    assert len(old) >= 20
    assert await store.prune(at(20)) == len(old)
    assert await store.prune(at(20)) == 0
    left = [f"k{number:02}" for number in range(20, 40)]
    assert [row.key async for row in store.scan(Outcome)] == left
    assert await store.find(Outcome, "k19") is None
    await store.close()
    for _ in range(2):
        store = await open_shop(tmp_path, segment_entries=SEGMENT)
        assert [row.key async for row in store.scan(Outcome)] == left
        for number in range(SEGMENT):  # the next start reads a snapshot after the removal
            await hold(store, f"t{number}", M, 1, 1000)
            await release(store, f"t{number}", 1000)
        await store.close()


async def test_folded_holds_leave_memory_and_the_archive(tmp_path: Path) -> None:
    store = await ended_holds(tmp_path)
    await sell(store, "s001", 70)
    entries = await store.entries_after(0, 1000)
    assert await store.fold_holds(at(40)) == 39
    left = ["r-s001", *(f"r-s{number:03}" for number in range(40, 60))]
    await store.close()
    for start in range(3):
        store = await open_shop(tmp_path, segment_entries=SEGMENT)
        ids = [row.key async for row in store.scan(Reservation) if row.key[2] == "s"]
        assert ids == left
        assert await store.reservation("s003") is None
        assert (await store.entries_after(0, 1000))[: len(entries)] == entries
        for number in range(3 * SEGMENT):  # the next start reads a snapshot after the removal
            session = f"t{start}{number:03}"
            await hold(store, session, M, 1, 1000)
            await release(store, session, 1000)
            await asyncio.gather(*store._snapshots)
        await store.close()
    content = b"".join(path.read_bytes() for path in archives(tmp_path))
    assert b'"r-s003"' not in content
    assert b'"s003"' not in content
    assert b'"r-s055"' in content
