"""A start reads the rows that may still change. Its cost does not depend on ended holds."""

import asyncio
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fancymonkey.core.catalogue.products import NewItem, UpsertProduct
from fancymonkey.core.holds.end import Release
from fancymonkey.core.holds.reserve import Reserve
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Item, Line, Product, Reservation, SessionLink, sku_of
from fancymonkey.engine.engine import Engine
from fancymonkey.store.contract import Store
from fancymonkey.store.json import records
from fancymonkey.store.json.records import JournalBatch, LineReader
from fancymonkey.store.open import open_store
from fancymonkey.store.products_file import saved_versions
from tests.store.json_shop import SEED, at, close, hold, open_shop, release

M = "prod_hoodie_001/M"
SEGMENT = 8
HOLD_ROWS = 3
"""The most rows of a hold: itself, its link, the stored answer of its request."""


async def json_shop(folder: Path, holds: int) -> None:
    """A shop whose holds have all ended."""
    folder.mkdir()
    (folder / "products.json").write_text(SEED)
    store = await open_shop(folder, segment_entries=SEGMENT)
    for number in range(holds):
        await hold(store, f"s{number:03}", M, 1, number)
        await release(store, f"s{number:03}", number)
        await asyncio.gather(*store._snapshots)
    await close(store)


@contextmanager
def rows_read(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The number of rows and entries of each line that is parsed inside the block."""
    counts: list[int] = []
    usual = LineReader.batch

    def batch(reader: LineReader, line: bytes) -> JournalBatch:
        read = usual(reader, line)
        counts.append(len(read.rows) + len(read.entries))
        return read

    with monkeypatch.context() as patch:
        patch.setattr(LineReader, "batch", batch)
        yield counts


@pytest.mark.parametrize("clean", [True, False], ids=["stopped", "killed"])
async def test_a_start_on_json_files_parses_one_segment_and_no_ended_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clean: bool
) -> None:
    monkeypatch.setattr(saved_versions, "BEHIND", SEGMENT)
    parsed = []
    for holds in (40, 240):
        folder = tmp_path / str(holds)
        await json_shop(folder, holds)
        if not clean:
            (folder / "state" / "clean-end.json").unlink()
        with rows_read(monkeypatch) as counts:
            store = await open_shop(folder, segment_entries=SEGMENT)
        assert len(store.image.rows[Reservation]) <= SEGMENT
        assert len([row async for row in store.scan(Reservation)]) == holds
        parsed.append(sum(counts))
        live = store.image.size
        await close(store)
    small, large = parsed
    assert large < live + HOLD_ROWS * SEGMENT + 2 * SEGMENT
    assert abs(large - small) <= HOLD_ROWS * SEGMENT + 2 * SEGMENT


async def test_the_lines_of_a_start_have_only_the_tables_that_they_name(tmp_path: Path) -> None:
    """A line of one hold makes no lists for the tables that it does not have."""
    await json_shop(tmp_path / "shop", 2)
    reader = records.reader_of(records.COLUMNS)
    log = (tmp_path / "shop" / "logs" / "inventory-changes.log").read_bytes()
    _, *lines = log.splitlines()
    assert lines
    for line in lines:
        record = reader._decode(line)
        named = [name for name in records.COLUMNS if getattr(record, name)]
        assert named == [name for name in records.COLUMNS if b'"%b":[[' % name.encode() in line]
        assert len(named) <= 5
    with pytest.raises(ValueError, match="null"):
        reader.batch(b'{"batch":1,"revision":1,"at":0,"level":null}')


@pytest.mark.parametrize("kind", ["sqlite", "json"])
async def test_an_engine_holds_nothing_of_ended_holds_after_its_start(
    tmp_path: Path, kind: str
) -> None:
    """Its memory after a start with 300 ended holds is that of a start without any."""
    sizes = []
    for holds in (0, 300):
        target = f"sqlite:///{tmp_path}/{holds}.db" if kind == "sqlite" else f"{tmp_path}/{holds}"
        store = open_store(target)
        await store.open(at(0))
        await store.run([_product()], at(0), 0)
        for number in range(0, holds, 50):
            ids = [f"s{session:04}" for session in range(number, number + 50)]
            await store.run([_reserve(id_) for id_ in ids], at(1), 0)
            await store.run([Release(ref=id_) for id_ in ids], at(2), 0)
        await _archive(store)
        await store.close()
        engine = Engine(open_store(target), lambda: at(3))
        tracemalloc.start()
        await engine.open()
        sizes.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()
        assert not engine.view.holds
        for row_kind in (Reservation, SessionLink):
            assert len([row async for row in engine.store.scan(row_kind)]) == holds
        await engine.close()
    without, with_holds = sizes
    assert with_holds < 1.5 * without


async def _archive(store: Store) -> None:
    """Writes a snapshot of a JSON store, as a full segment does."""
    rotate = getattr(store, "_rotate", None)
    if rotate is not None:
        await rotate(at(3))
        await store._saving.settle()  # type: ignore[attr-defined]


def _product() -> UpsertProduct:
    item = Item(sku_of("tee", "M"), "tee", "M")
    return UpsertProduct(
        product=Product("tee", "Tee"), location=DEFAULT_LOCATION, items=(NewItem(item, 1000),)
    )


def _reserve(id_: str) -> Reserve:
    return Reserve(
        reservation_id=f"r-{id_}",
        location=DEFAULT_LOCATION,
        session_id=id_,
        lines=(Line("tee/M", 1),),
        ttl=1_800_000,
        command_id=f"key-{id_}",
        digest="d",
    )


async def test_a_large_shop_takes_a_kilobyte_for_a_sku(tmp_path: Path) -> None:
    """So that a million take 1.1 GB: rows, their keys and indexes of the view, read from SQL."""
    target, products, sizes = f"sqlite:///{tmp_path}/shop.db", 800, 5
    store = open_store(target)
    await store.open(at(0))
    for start in range(0, products, 200):
        commands = [_large(number, sizes) for number in range(start, start + 200)]
        await store.run(commands, at(0), 0)
    await store.close()
    engine = Engine(open_store(target), lambda: at(1))
    await engine.store.open(at(1))
    tracemalloc.start()
    engine._show(await engine.store.snapshot())
    size, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    await engine.store.close()
    assert len(engine.view.levels) == products * sizes
    assert size / (products * sizes) < 1000
    assert peak < 1.6 * size


def _large(number: int, sizes: int) -> UpsertProduct:
    id_ = f"prod_{number:06}"
    items = tuple(
        NewItem(Item(sku_of(id_, f"S{place}"), id_, f"S{place}", place), 1000 + number)
        for place in range(sizes)
    )
    product = Product(id_, f"Thing number {number}", f"category {number % 40}", position=number)
    return UpsertProduct(product=product, location=DEFAULT_LOCATION, items=items)
