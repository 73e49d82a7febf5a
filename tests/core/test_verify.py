"""`verify` finds each kind of damage, one at a time, and names the right entry."""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from fancymonkey.core import verify as core_verify
from fancymonkey.core.command import Command
from fancymonkey.core.documents.document import Document
from fancymonkey.core.entry_checks import QUANTITIES
from fancymonkey.core.holds.attach import Attach
from fancymonkey.core.holds.end import Capture, Expire, Release
from fancymonkey.core.holds.reserve import Reserve
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import (
    Allocation,
    Entry,
    Item,
    Kind,
    Level,
    Line,
    Reservation,
    Row,
    Status,
)
from fancymonkey.core.rows import ROWS
from fancymonkey.core.stock.adjust import Count
from fancymonkey.core.verify import Finding, Rule, verify
from fancymonkey.store.in_memory.store import MemoryStore
from fancymonkey.store.verify import verify_store
from tests.store.scripts import batches, catalogue, script, upsert


@dataclass
class Books:
    """A ledger and the rows at its end, to be damaged."""

    entries: list[Entry]
    items: list[Item]
    levels: list[Level]
    holds: list[Reservation]
    revision: int

    def findings(self) -> list[Finding]:
        return list(verify(self.entries, self.revision, self.items, self.levels, self.holds))

    def entry(self, number: int, **changes: object) -> None:
        self.entries[number - 1] = replace(self.entries[number - 1], **changes)  # type: ignore[arg-type]


async def books(seed: int, length: int = 200) -> Books:
    store = MemoryStore()
    await store.run(catalogue(), 1, 0)
    for commands, now in batches(seed, script(seed, length)):
        await store.run(commands, now, 0)
    shot = await store.snapshot()
    return Books(store.entries, shot.items, shot.levels, shot.holds, shot.revision)


async def books_after(*steps: Command) -> Books:
    """The records of a shop with one product after these commands, one a second."""
    store = MemoryStore()
    await store.run([upsert("prod_a")], 0, 0)
    for number, step in enumerate(steps):
        await store.run([step], 1000 * (number + 1), 0)
    shot = await store.snapshot()
    return Books(store.entries, shot.items, shot.levels, shot.holds, shot.revision)


def hold(id_: str, quantity: int = 2, ttl: int = 60_000, sku: str = "prod_a/M") -> Reserve:
    return Reserve(
        reservation_id=id_,
        location=DEFAULT_LOCATION,
        session_id=id_,
        lines=(Line(sku, quantity),),
        ttl=ttl,
    )


@pytest.mark.parametrize("seed", range(30))
async def test_sound_books_have_no_finding(seed: int) -> None:
    assert (await books(seed)).findings() == []


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(
    "name", ["on_hand", "reserved", "on_hand_after", "reserved_after", "short"]
)
async def test_a_changed_number_is_found_at_its_entry(seed: int, name: str) -> None:
    shop_books = await books(seed)
    chance = random.Random(seed)
    entry = chance.choice([entry for entry in shop_books.entries if "/" in entry.sku])
    shop_books.entry(entry.revision, **{name: getattr(entry, name) + chance.choice((-3, -1, 1, 2))})
    arithmetic = [finding for finding in shop_books.findings() if finding.rule is Rule.ARITHMETIC]
    assert [finding.revision for finding in arithmetic] == [entry.revision]
    assert arithmetic[0].sku == entry.sku
    assert f"entry {entry.revision} " in arithmetic[0].text


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("name", ["allocated", "incoming", "backordered"])
async def test_a_changed_number_without_a_running_one_is_found_at_its_sku(
    seed: int, name: str
) -> None:
    shop_books = await books(seed)
    entry = random.Random(seed).choice([entry for entry in shop_books.entries if "/" in entry.sku])
    shop_books.entry(entry.revision, **{name: getattr(entry, name) + 1})
    findings = shop_books.findings()
    assert findings
    assert {finding.sku for finding in findings} == {entry.sku}


@pytest.mark.parametrize("seed", range(5))
async def test_a_missing_entry_is_a_gap(seed: int) -> None:
    shop_books = await books(seed)
    gone = random.Random(seed).randrange(1, len(shop_books.entries))
    del shop_books.entries[gone - 1]
    first = shop_books.findings()[0]
    assert (first.rule, first.revision) == (Rule.GAP, gone + 1)
    assert f"entry {gone} should come next" in first.text


async def test_missing_last_entries_are_a_gap() -> None:
    shop_books = await books(1)
    last = shop_books.entries.pop()
    first = shop_books.findings()[0]
    assert first.rule is Rule.GAP
    assert f"should end with entry {last.revision} and ends with {last.revision - 1}" in first.text


async def test_an_entry_twice_is_a_gap() -> None:
    shop_books = await books(1)
    shop_books.entries.insert(50, shop_books.entries[49])
    first = shop_books.findings()[0]
    assert (first.rule, first.revision) == (Rule.GAP, 50)


async def test_exchanged_entries_are_found() -> None:
    shop_books = await books_after(
        Count(sku="prod_a/M", location=DEFAULT_LOCATION, quantity=3),
        Count(sku="prod_a/M", location=DEFAULT_LOCATION, quantity=8),
    )
    shop_books.entry(5, revision=6)
    shop_books.entry(6, revision=5)
    shop_books.entries[4:6] = [shop_books.entries[5], shop_books.entries[4]]
    first = shop_books.findings()[0]
    assert (first.rule, first.revision, first.sku) == (Rule.ARITHMETIC, 5, "prod_a/M")


@pytest.mark.parametrize("seed", range(8))
async def test_a_moved_entry_is_found(seed: int) -> None:
    shop_books = await books(seed)
    moved = [
        entry for entry in shop_books.entries if any(getattr(entry, name) for name in QUANTITIES)
    ]
    entry = random.Random(seed).choice(moved)
    shop_books.entry(entry.revision, sku="prod_a/S" if entry.sku != "prod_a/S" else "prod_a/M")
    assert any(entry.sku == finding.sku for finding in shop_books.findings())


async def test_an_entry_of_a_sku_that_is_not_in_the_catalogue_is_found() -> None:
    shop_books = await books(1)
    gone = shop_books.items.pop()
    (finding,) = shop_books.findings()
    assert (finding.rule, finding.sku) == (Rule.UNKNOWN_ITEM, gone.sku)
    assert shop_books.entries[(finding.revision or 0) - 1].sku == gone.sku


async def test_an_item_without_an_entry_is_found() -> None:
    shop_books = await books(1)
    shop_books.items.append(Item("prod_a/XXXL", "prod_a", "XXXL"))
    (finding,) = shop_books.findings()
    assert (finding.rule, finding.sku) == (Rule.UNKNOWN_ITEM, "prod_a/XXXL")


@pytest.mark.parametrize(
    ("number", "kind"),
    [(5, Kind.RELEASED), (5, Kind.SOLD), (5, Kind.COUNTED), (6, Kind.RESERVED), (6, Kind.CAPTURED)],
)
async def test_a_kind_that_does_not_fit_its_changes_is_found(number: int, kind: Kind) -> None:
    shop_books = await books_after(hold("r1"), Release(ref="r1"))
    shop_books.entry(number, kind=kind)
    assert (Rule.MEANING, number) in [
        (finding.rule, finding.revision) for finding in shop_books.findings()
    ]


async def test_a_kind_of_entry_without_a_check_is_found() -> None:
    shop_books = await books_after(Count(sku="prod_a/M", location=DEFAULT_LOCATION, quantity=3))
    shop_books.entry(5, kind=Kind.ORDERED)
    (finding,) = shop_books.findings()
    assert (finding.rule, finding.revision, finding.sku) == (Rule.UNCHECKED, 5, "prod_a/M")
    assert "there is no check for a `ordered`" in finding.text


@pytest.mark.parametrize("kind", [Kind.ORDERED, Kind.ORDER_CLOSED])
async def test_a_kind_that_no_rule_books_yet_does_not_pass(kind: Kind) -> None:
    shop_books = await books_after(Count(sku="prod_a/M", location=DEFAULT_LOCATION, quantity=3))
    shop_books.entry(5, kind=kind)
    assert [finding.rule for finding in shop_books.findings()] == [Rule.UNCHECKED]


@pytest.mark.parametrize("planted", [Level, Reservation, Document])
async def test_a_kind_of_row_without_a_check_is_found(
    planted: type[Row], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CHECKED_ROWS", "ROWS_BESIDE_THE_LEDGER"):
        monkeypatch.setattr(core_verify, name, getattr(core_verify, name) - {planted})
    store = MemoryStore()
    await store.run(catalogue(), 1, 0)
    (finding,) = (await verify_store(store)).findings
    assert finding.rule is Rule.UNCHECKED
    assert finding.text == f"there is no check for rows of `{planted.TABLE}`"


def test_every_kind_of_row_has_a_check_or_is_beside_the_ledger() -> None:
    assert set(ROWS) == core_verify.CHECKED_ROWS | core_verify.ROWS_BESIDE_THE_LEDGER
    assert not core_verify.CHECKED_ROWS & core_verify.ROWS_BESIDE_THE_LEDGER
    assert list(core_verify.kinds_without_check()) == []


@pytest.mark.parametrize("name", QUANTITIES)
@pytest.mark.parametrize("seed", range(4))
async def test_a_changed_level_is_found(seed: int, name: str) -> None:
    shop_books = await books(seed)
    number = random.Random(seed).randrange(len(shop_books.levels))
    level = shop_books.levels[number]
    shop_books.levels[number] = replace(level, **{name: getattr(level, name) + 1})  # type: ignore[arg-type]
    finding = shop_books.findings()[0]
    assert (finding.rule, finding.sku) == (Rule.LEVEL, level.sku)
    latest = [entry.revision for entry in shop_books.entries if entry.sku == level.sku][-1]
    assert finding.revision == latest
    assert f"{name} is {getattr(level, name) + 1}" in finding.text


async def test_a_quantity_below_zero_is_found_even_where_the_entries_are_lost() -> None:
    shop_books = await books_after(hold("r1"))
    shop_books.entry(5, reserved_after=7)
    at = next(i for i, level in enumerate(shop_books.levels) if level.sku == "prod_a/M")
    shop_books.levels[at] = replace(shop_books.levels[at], on_hand=-1)
    texts = [finding.text for finding in shop_books.findings() if finding.rule is Rule.LEVEL]
    assert texts == ["prod_a/M at main: a quantity is below zero"]


async def test_a_missing_level_is_found() -> None:
    shop_books = await books(2)
    gone = next(level for level in shop_books.levels if level.on_hand)
    shop_books.levels.remove(gone)
    assert (Rule.LEVEL, gone.sku) in [
        (finding.rule, finding.sku) for finding in shop_books.findings()
    ]


Damage = Callable[[list[Reservation]], None]


def _forget(holds: list[Reservation]) -> None:
    holds.pop()


def _invent(holds: list[Reservation]) -> None:
    holds.append(replace(holds[0], reservation_id="r9"))


def _shrink(holds: list[Reservation]) -> None:
    holds[0] = replace(holds[0], allocations=(Allocation("prod_a/M", 1, DEFAULT_LOCATION),))


def _move(holds: list[Reservation]) -> None:
    holds[0] = replace(holds[0], allocations=(Allocation("prod_a/S", 2, DEFAULT_LOCATION),))


@pytest.mark.parametrize(
    ("damage", "id_", "revision"),
    [(_forget, "r2", 6), (_invent, "r9", None), (_shrink, "r1", 5), (_move, "r1", 5)],
)
async def test_a_changed_hold_is_found(damage: Damage, id_: str, revision: int | None) -> None:
    shop_books = await books_after(hold("r1"), hold("r2", 3))
    damage(shop_books.holds)
    findings = shop_books.findings()
    assert (findings[0].rule, findings[0].reservation_id) == (Rule.HOLD, id_)
    assert findings[0].revision == revision
    assert Rule.RESERVED in {finding.rule for finding in findings}


async def test_a_changed_deadline_is_found() -> None:
    shop_books = await books_after(hold("r1"), Attach(ref="r1", session_id="cs", expires_at=90_000))
    assert shop_books.findings() == []
    shop_books.holds[0] = replace(shop_books.holds[0], expires_at=60_000)
    (finding,) = shop_books.findings()
    assert (finding.rule, finding.reservation_id) == (Rule.HOLD, "r1")
    assert "60000" in finding.text
    assert "90000" in finding.text


@pytest.mark.parametrize("end", [Release(ref="r1"), Capture(ref="r1"), None])
async def test_a_hold_that_ends_twice_is_found_at_its_second_end(end: Command | None) -> None:
    shop_books = await books_after(hold("r1"), hold("r2", ttl=1_000_000), end or Expire())
    if end is None:
        shop_books = await books_after(hold("r1", ttl=500), hold("r2", ttl=1_000_000))
    ended = shop_books.entries[-1] if end is not None else shop_books.entries[5]
    assert ended.reservation_id == "r1"
    again = replace(
        ended,
        revision=shop_books.revision + 1,
        on_hand_after=shop_books.entries[-1].on_hand_after + ended.on_hand,
        reserved_after=shop_books.entries[-1].reserved_after + ended.reserved,
    )
    shop_books.entries.append(again)
    shop_books.revision += 1
    first = shop_books.findings()[0]
    assert (first.rule, first.revision) == (Rule.HOLD, again.revision)
    assert first.reservation_id == "r1"
    assert "had ended before it" in first.text


async def test_an_end_that_gives_back_too_much_is_found() -> None:
    shop_books = await books_after(hold("r1", 2), hold("r2", 5), Release(ref="r1"))
    shop_books.entry(7, reserved=-4, reserved_after=3)
    shop_books.entry(6, reserved=7, reserved_after=9)
    shop_books.entry(7, reserved=-4, reserved_after=5)
    findings = shop_books.findings()
    assert (findings[0].rule, findings[0].revision) == (Rule.HOLD, 7)
    assert "takes 4 units out of the hold r1, which has 2" in findings[0].text


async def test_units_reserved_for_no_hold_are_found() -> None:
    shop_books = await books_after(hold("r1"))
    shop_books.entry(5, reservation_id=None)
    assert (Rule.HOLD, 5) in [(finding.rule, finding.revision) for finding in shop_books.findings()]


async def late_shop() -> MemoryStore:
    store = MemoryStore()
    await store.run([upsert("prod_a")], 0, 0)
    await store.run([hold("r1", ttl=500)], 1, 0)
    await store.run([Capture(ref="r1", payment_id="cs_1")], 1000, 0)
    return store


async def test_a_late_payment_is_sound() -> None:
    report = await verify_store(await late_shop())
    assert report.clean
    assert (report.entries, report.skus, report.holds) == (7, 3, 0)


@pytest.mark.parametrize(
    "change",
    [
        {"late": False},
        {"status": Status.EXPIRED},
        {"allocations": (Allocation("prod_a/M", 1, DEFAULT_LOCATION),)},
    ],
)
async def test_a_late_payment_without_an_entry_is_found(
    change: dict[str, object],
) -> None:
    store = await late_shop()
    row = store.image.reservation("r1")
    assert row is not None
    store.image.rows[Reservation]["r1"] = replace(row, **change)  # type: ignore[arg-type]
    (finding,) = (await verify_store(store)).findings
    assert (finding.rule, finding.reservation_id) == (Rule.HOLD, "r1")


async def test_an_audit_ignores_what_is_written_while_it_runs() -> None:
    """Another client writes between any two reads of the verification."""

    class Busy(MemoryStore):
        count = 0

        async def entries_after(self, revision: int, limit: int = 1000) -> list[Entry]:
            self.count += 1
            now = 2_000_000 + self.count
            await super().run([hold(f"n{self.count}", 1, ttl=2), Expire()], now, 0)
            return await super().entries_after(revision, 7)

    store = Busy()
    await store.run(catalogue(), 1, 0)
    for commands, now in batches(5, script(5)):
        await store.run(commands, now, 0)
    before = store.image.revision
    report = await verify_store(store)
    assert report.clean
    assert report.entries == before
    assert store.count > 5
    assert store.image.revision > before


async def test_verifying_a_damaged_store_ends_and_names_the_first_entry() -> None:
    store = MemoryStore()
    await store.run(catalogue(), 1, 0)
    store.entries[3] = replace(store.entries[3], on_hand_after=99)
    store.entries[7] = replace(store.entries[7], revision=3)
    report = await verify_store(store)
    assert not report.clean
    assert report.findings[0].revision == 4
