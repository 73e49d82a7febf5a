"""Edits of products.json by hand, while the store runs and while it is stopped."""

import asyncio
import json
import logging
from collections.abc import Sequence
from pathlib import Path

import pytest

from fancymonkey.core.catalogue.products import NewItem, UpsertProduct
from fancymonkey.core.command import Command
from fancymonkey.core.documents.put import PutDocuments
from fancymonkey.core.execute import CommandGroup
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Entry, Item, Kind, Level, Product
from fancymonkey.core.outcomes import Answer
from fancymonkey.core.stock.adjust import Adjust, Count, SetItem
from fancymonkey.errors import StoreCorrupt
from fancymonkey.store.json.store import JsonStore
from fancymonkey.store.products_file.write import time_text
from fancymonkey.store.shared.files import Disk
from tests.store.crash_points import CrashPoints, ReadOnce
from tests.store.faults import Crashed, FaultyDisk
from tests.store.json_shop import SEED, at, hold, open_shop, release, sell

pytestmark = pytest.mark.usefixtures("no_threads")

M = "prod_hoodie_001/M"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "products.json"
    path.write_text(SEED)
    return path


async def level(store: JsonStore, sku: str = M) -> Level:
    rows = [row async for row in store.scan(Level)]
    return next(row for row in rows if row.sku == sku)


async def item(store: JsonStore, sku: str = M) -> Item:
    rows = [row async for row in store.scan(Item)]
    return next(row for row in rows if row.sku == sku)


async def product(store: JsonStore, id_: str = "prod_hoodie_001") -> Product:
    return (await store.catalogue([id_]))[0][0]


def edit(path: Path, *changes: tuple[str, str]) -> None:
    text = path.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text)


async def new_entries(store: JsonStore, after: int) -> list[Entry]:
    return await store.entries_after(after)


async def test_stock_is_taken_in_as_a_count(path: Path) -> None:
    store = await open_shop(path.parent)
    await hold(store, "s1", M, 2)
    await store.mirror.reconcile()
    before = (await store.snapshot()).revision
    edit(path, ('"stock": 20', '"stock": 25'))
    await store.mirror.reconcile()
    (entry,) = await new_entries(store, before)
    assert (entry.kind, entry.sku, entry.on_hand) == (Kind.COUNTED, M, 5)
    assert (entry.actor, entry.cause) == ("file", "products.json")
    stock = await level(store)
    assert (stock.on_hand, stock.reserved) == (25, 2)
    assert json.loads(path.read_text())[0]["sizes"]["M"]["stock"] == 25
    await store.close()


async def test_an_edit_while_the_store_is_down(path: Path) -> None:
    store = await open_shop(path.parent)
    await hold(store, "s1", M, 2)
    await store.close()
    edit(path, ('"stock": 20', '"stock": 1'))
    store = await open_shop(path.parent)
    stock = await level(store)
    assert (stock.on_hand, stock.reserved, stock.short, stock.available) == (1, 2, 1, -1)
    assert (await new_entries(store, 0))[-1].kind is Kind.COUNTED
    await store.close()
    again = await open_shop(path.parent)
    assert (await level(again)) == stock
    await again.close()


async def test_later_changes_of_the_store_are_not_edits(path: Path) -> None:
    """From a file that is older than the store, only the changed field is taken."""
    store = await open_shop(path.parent)
    await store.mirror.reconcile()
    await hold(store, "s1", M, 3)
    await sell(store, "s1")
    edit(path, ('"stock": 5', '"stock": 7'))  # the file still says 20 of size M
    await store.mirror.reconcile()
    assert (await level(store)).on_hand == 17
    assert (await level(store, "prod_hoodie_001/L")).on_hand == 7
    sizes = json.loads(path.read_text())[0]["sizes"]
    assert (sizes["M"]["stock"], sizes["L"]["stock"]) == (17, 7)
    await store.close()


async def test_reserved_is_never_believed(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    edit(path, ('"reserved": 0', '"reserved": 4'))
    with caplog.at_level(logging.WARNING):
        store = await open_shop(path.parent)
    assert "`reserved` has 4 units without a hold" in caplog.text
    assert json.loads(path.read_text())[0]["sizes"]["M"]["reserved"] == 0
    await hold(store, "s1", M, 2)
    await store.mirror.reconcile()
    edit(path, ('"reserved": 2', '"reserved": 0'))
    caplog.clear()
    await store.mirror.reconcile()
    assert "`reserved` has 2 units without a hold" in caplog.text
    assert (await level(store)).reserved == 2
    assert json.loads(path.read_text())[0]["sizes"]["M"]["reserved"] == 2
    await store.close()


async def test_settings_and_texts(path: Path) -> None:
    store = await open_shop(path.parent)
    await store.mirror.reconcile()
    edit(
        path,
        ('"lowStockThreshold": 5', '"lowStockThreshold": 9'),
        ('"soldOut": false', '"soldOut": true'),
        ('"restockDate": null', '"restockDate": "2026-01-01"'),
        ('"price": 58', '"price": 61.50'),
        ("cotton – 350 g", "wool"),
        ('"weight": 0.25', '"weight": 0.30'),
    )
    text = path.read_text()
    await store.mirror.reconcile()
    assert path.read_text() == text
    row = await item(store)
    assert (row.low_stock_threshold, row.sold_out) == (9, True)
    assert '"weight":0.30' in row.extra
    product_row = await product(store)
    assert product_row.restock_date == "2026-01-01"
    assert str(product_row.price) == "61.50"
    assert json.loads(product_row.extra)["material"] == "wool"
    assert (await level(store)).on_hand == 20
    await store.close()


async def test_new_and_removed_products_and_sizes(path: Path) -> None:
    store = await open_shop(path.parent)
    await store.mirror.reconcile()
    shop = json.loads(path.read_text())
    del shop[0]["sizes"]["L"]
    shop[0]["sizes"]["XL"] = {"stock": 4}
    shop[1] = {"productId": "tee", "sizes": {"S": {"stock": 2, "colour": "red"}}}
    path.write_text(json.dumps(shop))
    await store.mirror.reconcile()
    assert (await item(store, "prod_hoodie_001/L")).archived
    assert (await level(store, "prod_hoodie_001/XL")).on_hand == 4
    assert (await product(store, "prod_cap_001")).archived
    assert (await product(store, "tee")).name == "tee"
    assert (await level(store, "tee/S")).on_hand == 2
    assert [row["sizes"].keys() for row in json.loads(path.read_text())] == [
        {"M", "XL"},
        {"S"},
    ]
    path.write_text(SEED)  # git checkout
    await store.mirror.reconcile()
    assert not (await item(store, "prod_hoodie_001/L")).archived
    assert not (await product(store, "prod_cap_001")).archived
    assert (await product(store, "tee")).archived
    assert path.read_text() == SEED
    await store.close()


async def test_a_size_with_holds_is_not_removed(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = await open_shop(path.parent)
    await hold(store, "s1", M, 2)
    await store.mirror.reconcile()
    shop = json.loads(path.read_text())
    del shop[0]["sizes"]["M"]
    path.write_text(json.dumps(shop, indent=2))
    await store.mirror.reconcile()
    assert "Buyers hold units of it" in caplog.text
    assert any("Buyers hold units" in text for text in await store.health_problems())
    assert json.loads(path.read_text())[0]["sizes"]["M"]["stock"] == 20
    shop = json.loads(path.read_text())
    del shop[0]
    path.write_text(json.dumps(shop, indent=2))
    await store.mirror.reconcile()
    assert len(json.loads(path.read_text())) == 2
    await release(store, "s1")
    await store.close()


async def test_the_owners_order_counts(path: Path) -> None:
    store = await open_shop(path.parent)
    shop = json.loads(SEED)
    shop.reverse()
    shop[1]["sizes"] = dict(reversed(shop[1]["sizes"].items()))
    text = json.dumps(shop, indent=2)
    path.write_text(text)
    await store.mirror.reconcile()
    first, second = await product(store), await product(store, "prod_cap_001")
    assert first.position > second.position
    assert (await item(store)).position > (await item(store, "prod_hoodie_001/L")).position
    await store.close()
    assert path.read_text() == text


async def test_the_same_edit_back_and_forth(path: Path) -> None:
    """Two versions in turn, as by `git checkout`: each change counts, however often."""
    store = await open_shop(path.parent)
    other = SEED.replace('"stock": 20', '"stock": 30')
    for _ in range(3):
        path.write_text(other)
        await store.mirror.reconcile()
        assert (await level(store)).on_hand == 30
        path.write_text(SEED)
        await store.mirror.reconcile()
        assert (await level(store)).on_hand == 20
    await store.close()
    counts = [entry async for entry in store.history(M) if entry.kind is Kind.COUNTED]
    assert len(counts) == 6


@pytest.mark.parametrize("ran", [0, 3])
async def test_saving_an_old_version_reverts_no_sale(path: Path, ran: int) -> None:
    """An editor was open while units were sold and the file was rewritten."""
    store = await open_shop(path.parent)
    await store.mirror.reconcile()
    for number in range(ran):
        await hold(store, f"before{number}", M, 1, step=2 * number + 1)
        await sell(store, f"before{number}", step=2 * number + 2)
        await store.mirror.reconcile()
    opened = path.read_text()
    for number in range(3):
        await hold(store, f"s{number}", M, 1, step=2 * number + 20)
        await sell(store, f"s{number}", step=2 * number + 21)
        await store.mirror.reconcile()
    closed = SetItem(sku=M, location=DEFAULT_LOCATION, sold_out=True, actor="owner")
    await store.run([closed], at(50), 0)
    await store.mirror.reconcile()
    path.write_text(opened.replace("HOODIE", "HOODY").replace('"stock": 5', '"stock": 8'))
    await store.mirror.reconcile()
    assert (await product(store)).name == "MIDNIGHT EMERALD HOODY"
    assert (await level(store)).on_hand == 17 - ran
    assert (await item(store)).sold_out
    assert (await level(store, "prod_hoodie_001/L")).on_hand == 8
    sizes = json.loads(path.read_text())[0]["sizes"]
    assert (sizes["M"]["stock"], sizes["M"]["soldOut"], sizes["L"]["stock"]) == (17 - ran, True, 8)
    await store.close()


async def test_a_number_typed_into_the_latest_version_counts_though_it_is_an_old_one(
    path: Path,
) -> None:
    store = await open_shop(path.parent)
    await store.mirror.reconcile()
    await hold(store, "s1", M, 3)
    await sell(store, "s1")
    await store.mirror.reconcile()
    edit(path, ('"stock": 17', '"stock": 20'))  # counted: three had been found
    await store.mirror.reconcile()
    assert (await level(store)).on_hand == 20
    await store.close()


async def test_an_unreadable_file_stays_and_the_shop_continues(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = await open_shop(path.parent)
    await store.mirror.reconcile()
    broken = SEED.replace('"stock": 20,', '"stock": 25')
    path.write_text(broken)
    for _ in range(3):
        await store.mirror.reconcile()
    assert caplog.text.count("line 11, column 9") == 1
    assert any("line 11, column 9" in text for text in await store.health_problems())
    await hold(store, "s1", M, 2)
    await sell(store, "s1")
    await store.mirror.reconcile()
    assert path.read_text() == broken
    await store.close()
    assert path.read_text() == broken
    store = await open_shop(path.parent)
    assert any("line 11, column 9" in text for text in await store.health_problems())
    assert (await level(store)).on_hand == 18
    path.write_text(SEED.replace('"stock": 5', '"stock": 6'))
    await store.mirror.reconcile()
    assert await store.health_problems() == []
    assert (await level(store)).on_hand == 18
    assert (await level(store, "prod_hoodie_001/L")).on_hand == 6
    await store.close()
    sizes = json.loads(path.read_text())[0]["sizes"]
    assert (sizes["M"]["stock"], sizes["L"]["stock"]) == (18, 6)


async def test_a_restored_file_is_no_longer_a_problem(path: Path) -> None:
    store = await open_shop(path.parent)
    path.write_text("[")
    await store.mirror.reconcile()
    assert await store.health_problems()
    path.write_text(SEED)
    await store.mirror.reconcile()
    assert await store.health_problems() == []
    await store.close()


async def test_catalogue_changes_of_the_store_reach_the_file(path: Path) -> None:
    store = await open_shop(path.parent)
    items = (NewItem(Item("tee/S", "tee", "S"), 3), NewItem(Item("tee/M", "tee", "M", 1), 4))
    command = UpsertProduct(
        product=Product("tee", "TEE", "shirts", position=9), location=DEFAULT_LOCATION, items=items
    )
    await store.run([command, Count(sku=M, location=DEFAULT_LOCATION, quantity=11)], at(5), 0)
    await store.close()
    text = path.read_text()
    products = json.loads(text)
    assert [row["id"] for row in products] == ["prod_hoodie_001", "prod_cap_001", "tee"]
    assert products[2] == {
        "id": "tee",
        "name": "TEE",
        "category": "shirts",
        "price": None,
        "sizes": {
            size: {
                "skuId": None,
                "priceId": None,
                "soldOut": False,
                "stock": stock,
                "reserved": 0,
                "lowStockThreshold": 5,
            }
            for size, stock in (("S", 3), ("M", 4))
        },
        "restockDate": None,
        "lastUpdated": time_text(at(5)),
    }
    expected = SEED.replace('"stock": 20', '"stock": 11').replace(
        "2025-10-07T00:00:00.000Z", time_text(at(5)), 1
    )
    assert text.startswith(expected.removesuffix("\n]\n") + ',\n  {\n    "id": "tee",\n')


class EditsBetween(Disk):
    """The owner saves between our last look and our rename."""

    def __init__(self) -> None:
        self.edits: list[tuple[Path, str]] = []

    def exchange(self, first: Path, other: Path) -> bool:
        if self.edits:
            path, text = self.edits.pop()
            temporary = path.with_suffix(".edit")
            temporary.write_text(text)
            temporary.replace(path)
        return super().exchange(first, other)


async def test_an_edit_in_the_last_moment_is_not_lost(path: Path) -> None:
    disk = EditsBetween()
    store = await open_shop(path.parent, disk=disk)
    await hold(store, "s1", M, 3)
    await sell(store, "s1")
    disk.edits.append((path, SEED.replace('"stock": 5', '"stock": 8')))
    await store.mirror.reconcile()
    assert not disk.edits
    sizes = json.loads(path.read_text())[0]["sizes"]
    assert (sizes["M"]["stock"], sizes["L"]["stock"]) == (17, 8)
    assert (await level(store)).on_hand == 17
    await store.close()


async def test_a_broken_edit_in_the_last_moment_is_not_lost(path: Path) -> None:
    disk = EditsBetween()
    store = await open_shop(path.parent, disk=disk)
    await hold(store, "s1", M, 3)
    await sell(store, "s1")
    broken = SEED.replace('"stock": 5', '"stock": 8')[:-4]
    disk.edits.append((path, broken))
    await store.mirror.reconcile()
    assert path.read_text() == broken
    edit(path, (broken[-10:], broken[-10:] + "\n]\n"))
    path.write_text(SEED.replace('"stock": 5', '"stock": 8'))
    await store.mirror.reconcile()
    assert (await level(store)).on_hand == 17
    assert (await level(store, "prod_hoodie_001/L")).on_hand == 8
    await store.close()


async def test_pending_writes_follow_once_a_broken_edit_is_reverted(
    path: Path,
) -> None:
    disk = EditsBetween()
    store = await open_shop(path.parent, disk=disk)
    before = path.read_text()
    await hold(store, "s1", M, 3)
    await sell(store, "s1")
    disk.edits.append((path, before[:-4]))
    await store.mirror.reconcile()
    path.write_text(before)
    await store.mirror.reconcile()
    assert json.loads(path.read_text())[0]["sizes"]["M"]["stock"] == 17
    assert (await level(store)).on_hand == 17
    await store.close()


async def test_the_file_keeps_its_permissions(path: Path) -> None:
    store = await open_shop(path.parent)
    path.chmod(0o664)
    await hold(store, "s1", M, 3)
    await sell(store, "s1")
    await store.mirror.reconcile()
    assert json.loads(path.read_text())[0]["sizes"]["M"]["stock"] == 17
    assert path.stat().st_mode & 0o777 == 0o664
    await store.close()


@pytest.mark.parametrize("lost", ["all of it", "its end"])
async def test_a_ledger_shorter_than_in_the_file_is_not_opened(path: Path, lost: str) -> None:
    store = await open_shop(path.parent)
    await hold(store, "s1", M, 3)
    await sell(store, "s1")
    await store.close()
    journal = path.parent / "logs" / "inventory-changes.log"
    whole = journal.read_bytes()
    if lost == "all of it":  # as logrotate would do
        journal.rename(journal.with_suffix(".1"))
    else:
        journal.write_bytes(b"".join(whole.splitlines(keepends=True)[:-1]))
    before = path.read_bytes()
    with pytest.raises(StoreCorrupt, match="restore a backup"):
        await open_shop(path.parent)
    if lost == "all of it":
        with pytest.raises(StoreCorrupt, match="restore a backup"):
            await JsonStore(path.parent, read_only=True).open(at(0))
    assert path.read_bytes() == before
    journal.write_bytes(whole)
    store = await open_shop(path.parent)
    assert (await level(store)).on_hand == 17
    await store.clear()  # a copy that is begun again
    await store.close()
    store = await open_shop(path.parent)
    assert store.image.empty
    await store.close()


async def test_an_editor_that_still_has_the_old_file_open(path: Path) -> None:
    store = await open_shop(path.parent)
    with path.open("r+") as editor:
        await hold(store, "s1", M, 3)
        await sell(store, "s1")
        await store.mirror.reconcile()
        assert json.loads(path.read_text())[0]["sizes"]["M"]["stock"] == 17
        editor.write(SEED.replace('"stock": 5', '"stock": 8'))
    await store.mirror.reconcile()
    assert (await level(store, "prod_hoodie_001/L")).on_hand == 8
    assert (await level(store)).on_hand == 17
    sizes = json.loads(path.read_text())[0]["sizes"]
    assert (sizes["M"]["stock"], sizes["L"]["stock"]) == (17, 8)
    await store.close()


@pytest.mark.slow
@pytest.mark.parametrize("synced", [True, False])
async def test_an_edit_counts_once_wherever_it_crashes(tmp_path: Path, synced: bool) -> None:
    """Stock 20, counted as 25 by hand, then one sold: 24, and one count in the ledger."""
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "products.json").write_text(SEED)
    disk = FaultyDisk(folder)
    done: list[str] = []
    crashes = CrashPoints(disk, tmp_path, ("lost", "kept", "torn"), lambda: tuple(done))
    await _edit_and_sell(folder, disk, done, synced)
    read = ReadOnce(_stock_and_counts)
    points = crashes.end()
    for crash in points:
        for way, image in crash.images.items():
            stock, counts, shown = await read(image)
            allowed = {(20, 0)} if "edited" not in crash.progress else {(25, 1), (24, 1)}
            if not synced:  # the editor did not sync it, and it may be lost
                allowed |= {(20, 0)}
            if "sold" in crash.progress:
                allowed = {(24, 1)}
            assert (stock, counts) in allowed, (crash, way)
            assert shown == stock
    assert len(points) > 30


async def _stock_and_counts(folder: Path) -> tuple[int, int, int]:
    """The units and the counts of a size in the store, and its units in products.json."""
    store = await open_shop(folder)
    counts = [entry async for entry in store.history(M) if entry.kind is Kind.COUNTED]
    stock = (await level(store)).on_hand
    await store.close()
    text = (folder / "products.json").read_text()
    return stock, len(counts), json.loads(text)[0]["sizes"]["M"]["stock"]


async def test_a_sale_between_an_edit_and_a_crash_is_not_undone(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "products.json").write_text(SEED)
    sold: list[bool] = []

    def fail(at: int, name: str) -> None:
        if sold and name == "create":
            raise Crashed

    disk = FaultyDisk(folder, fail)
    store = await open_shop(folder, disk=disk)

    async def submit(commands: Sequence[Command]) -> list[Answer]:
        answers = (await store.run(commands, at(1), 0)).answers
        await store.run([Adjust(sku=M, location=DEFAULT_LOCATION, delta=-1)], at(2), 0)
        sold.append(True)
        return answers

    store.mirror._submit = submit
    disk.owner_writes(folder / "products.json", SEED.replace("20,", "25,", 1).encode())
    with pytest.raises(Crashed):
        await store.mirror.reconcile()
    with pytest.raises(Crashed):
        await store.close()
    again = await open_shop(disk.after_crash("lost", tmp_path / "after"))
    assert (await level(again)).on_hand == 24
    await again.close()
    assert '"stock": 24' in (tmp_path / "after" / "products.json").read_text()


async def _edit_and_sell(folder: Path, disk: FaultyDisk, done: list[str], synced: bool) -> None:
    store = JsonStore(folder, disk=disk)
    await store.open(at(0))
    text = SEED.replace('"stock": 20', '"stock": 25')
    disk.owner_writes(folder / "products.json", text.encode(), synced=synced)
    done.append("edited")
    await store.mirror.reconcile()
    await store.run([Adjust(sku=M, location=DEFAULT_LOCATION, delta=-1)], at(2), 0)
    done.append("sold")
    await store.mirror.reconcile()
    await store.close()


async def test_watching_takes_edits_in_through_the_queue(path: Path) -> None:
    store = await open_shop(path.parent)
    taken: list[Command] = []
    arrived = asyncio.Event()

    async def submit(commands: Sequence[Command]) -> list[Answer]:
        taken.extend(commands)
        answers = (await store.run(commands, at(3), 0)).answers
        arrived.set()
        return answers

    async def bell(revision: int) -> None:
        raise AssertionError("nobody else writes")

    await store.watch(bell, submit)
    edit(path, ('"stock": 20', '"stock": 21'))
    await asyncio.wait_for(arrived.wait(), 30)
    assert (await level(store)).on_hand == 21
    assert [type(entry) for entry in taken] == [
        CommandGroup,
        PutDocuments,
    ]  # the edit, and the owner's text
    await store.close()


async def test_a_failed_write_of_the_file_is_reported_and_retried(path: Path) -> None:
    failing = [True]

    def fail(at: int, name: str) -> None:
        if failing[0] and name == "exchange":
            raise OSError(28, "No space left on device")

    disk = FaultyDisk(path.parent, fail)
    store = await open_shop(path.parent, disk=disk)
    await hold(store, "s1", M, 2)
    await store.mirror._try()
    assert any("No space left" in text for text in await store.health_problems())
    assert path.read_text() == SEED
    await release(store, "s1")
    await hold(store, "s2", M, 3, 3)
    failing[0] = False
    await store.mirror._try()
    assert await store.health_problems() == []
    assert json.loads(path.read_text())[0]["sizes"]["M"]["reserved"] == 3
    edit(path, ('"stock": 20', '"stock": 21'))
    await store.close()
    assert (await _reopened_level(path.parent)).on_hand == 21


async def _reopened_level(folder: Path) -> Level:
    store = await open_shop(folder)
    try:
        return await level(store)
    finally:
        await store.close()


async def test_an_edit_of_many_products_goes_in_parts(path: Path) -> None:
    store = await open_shop(path.parent)
    sizes: list[int] = []

    async def submit(commands: Sequence[Command]) -> list[Answer]:
        sizes.append(len(commands))
        return (await store.run(commands, at(3), 0)).answers

    store.mirror._submit = submit
    products = [{"id": f"p{number}", "sizes": {"M": {"stock": 1}}} for number in range(1200)]
    path.write_text(json.dumps(products))
    await store.mirror.reconcile()
    # 1,200 new ones, two that are gone, and the owner's text
    assert sizes == [500, 500, 203]
    assert len([row async for row in store.scan(Level)]) == 1203
    await store.close()
