"""The contract of every store. A new store is one line in conftest.py."""

from collections.abc import AsyncIterator, Iterable
from typing import Any

import pytest

from fancymonkey.core.documents.document import Document
from fancymonkey.core.documents.put import DocumentWrite, PutDocuments
from fancymonkey.core.holds.end import Capture, Release
from fancymonkey.core.holds.reserve import Reserve
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import (
    Entry,
    Event,
    Level,
    Line,
    Outcome,
    Reservation,
    SessionLink,
    Status,
)
from fancymonkey.core.outcomes import Accepted, Code, Refused
from fancymonkey.core.rows import ROWS
from fancymonkey.core.stock.adjust import Count
from fancymonkey.errors import DataError
from fancymonkey.store.contract import R, Store
from fancymonkey.store.in_memory.store import MemoryStore
from fancymonkey.store.open import open_store
from fancymonkey.store.verify import verify_store
from tests.store.scripts import PRODUCTS, batches, catalogue, script, upsert


async def fill(store: Store) -> None:
    await store.run(catalogue(), 1, 0)


async def rows(store: Store, kind: type[R]) -> list[R]:
    return [row async for row in store.scan(kind)]


async def everything(store: Store) -> dict[str, Any]:
    content: dict[str, Any] = {kind.TABLE: await rows(store, kind) for kind in ROWS}
    content["entries"] = await store.entries_after(0, 1_000_000)
    return content


def reserve(
    id_: str, session: str, sku: str = "prod_a/M", quantity: int = 1, ttl: int = 1000
) -> Reserve:
    return Reserve(
        reservation_id=id_,
        location=DEFAULT_LOCATION,
        session_id=session,
        lines=(Line(sku, quantity),),
        ttl=ttl,
    )


async def each(values: Iterable[Any]) -> AsyncIterator[Any]:
    for value in values:
        yield value


@pytest.mark.parametrize("seed", range(12))
async def test_any_script_in_any_batches_ends_like_the_reference(store: Store, seed: int) -> None:
    reference = MemoryStore()
    await fill(reference)
    await fill(store)
    revision = reference.image.revision
    for number, (commands, now) in enumerate(batches(seed, script(seed))):
        if number % 5 == 0:  # shown rows may be cached
            shown = await store.snapshot()
            assert shown.revision == revision
            assert {level.key: level for level in shown.levels} == reference.image.rows[Level]
        expected = await reference.run(commands, now, revision)
        commit = await store.run(commands, now, revision)
        assert commit.answers == expected.answers
        assert commit.entries == expected.entries
        assert commit.revision == expected.revision
        assert sorted(commit.products, key=lambda row: row.key) == sorted(
            expected.products, key=lambda row: row.key
        )
        revision = commit.revision
    assert await everything(store) == await everything(reference)


@pytest.mark.parametrize("seed", range(100, 104))
async def test_how_a_script_is_cut_makes_no_difference(store: Store, seed: int) -> None:
    reference = MemoryStore()
    await fill(reference)
    await fill(store)
    commands = script(seed)
    one_by_one = [(await reference.run([command], 5, 0)).answers[0] for command in commands]
    answers = []
    for batch, _ in batches(seed, commands):
        answers += (await store.run(batch, 5, 0)).answers
    assert answers == one_by_one
    assert await everything(store) == await everything(reference)


async def test_committed_data_is_there_after_reopening(store: Store, target: str) -> None:
    if target == "memory://":
        pytest.skip("memory forgets")
    await fill(store)
    for commands, now in batches(7, script(7)):
        await store.run(commands, now, 0)
    before, due = await everything(store), await store.next_due()
    await store.close()
    again = open_store(target)
    await again.open(0)
    try:
        assert await everything(again) == before
        assert await again.next_due() == due
    finally:
        await again.close()


async def test_a_batch_ends_due_holds_first(store: Store) -> None:
    await fill(store)
    await store.run([reserve("r1", "s1", quantity=10)], 100, 0)
    refused = (await store.run([reserve("r2", "s2")], 1099, 0)).answers[0]
    assert isinstance(refused, Refused)
    assert refused.code is Code.INSUFFICIENT_STOCK
    accepted = (await store.run([reserve("r3", "s3", quantity=10)], 1100, 0)).answers[0]
    assert isinstance(accepted, Accepted)
    ended = await store.reservation("s1")
    assert ended is not None
    assert ended.status is Status.EXPIRED
    assert ended.ended_at == 1100


async def test_next_due_is_the_earliest_live_deadline(store: Store) -> None:
    await fill(store)
    assert await store.next_due() is None
    await store.run([reserve("r1", "s1", ttl=5000), reserve("r2", "s2", ttl=3000)], 0, 0)
    assert await store.next_due() == 3000
    await store.run([Release(ref="s2")], 1, 0)
    assert await store.next_due() == 5000


async def test_entries_begin_after_the_revision_of_the_caller(store: Store) -> None:
    await fill(store)
    commit = await store.run([reserve("r1", "s1")], 5, 3)
    assert [entry.revision for entry in commit.entries] == list(range(4, commit.revision + 1))
    assert await store.entries_after(3, 2) == commit.entries[:2]
    assert await store.entries_after(commit.revision) == []


async def test_history_is_one_skus_entries_up_to_a_time(store: Store) -> None:
    await fill(store)
    await store.run([Count(sku="prod_a/M", location=DEFAULT_LOCATION, quantity=7)], 500, 0)
    await store.run([Count(sku="prod_a/M", location=DEFAULT_LOCATION, quantity=9)], 900, 0)
    assert [entry.on_hand_after async for entry in store.history("prod_a/M")] == [10, 7, 9]
    assert [entry.on_hand_after async for entry in store.history("prod_a/M", 500)] == [10, 7]
    assert [entry async for entry in store.history("nothing/M")] == []


async def test_snapshot_has_live_holds_only(store: Store) -> None:
    await fill(store)
    await store.run([reserve("r1", "s1"), reserve("r2", "s2"), reserve("r3", "s3")], 5, 0)
    commit = await store.run([Capture(ref="s1"), Release(ref="s2")], 6, 0)
    snapshot = await store.snapshot()
    assert snapshot.revision == commit.revision
    assert [row.reservation_id for row in snapshot.holds] == ["r3"]
    assert len(snapshot.products) == len(PRODUCTS)
    assert len(snapshot.items) == len(snapshot.levels) == 3 * len(PRODUCTS)


async def test_reservation_is_found_by_its_id_and_by_its_session(store: Store) -> None:
    await fill(store)
    await store.run([reserve("r1", "s1")], 5, 0)
    by_id, by_session = await store.reservation("r1"), await store.reservation("s1")
    assert by_id is not None
    assert by_id == by_session
    assert await store.reservation("nobody") is None


async def test_catalogue_reads_products_with_all_their_items(store: Store) -> None:
    await fill(store)
    products, items = await store.catalogue(["prod_a", "nothing"])
    assert [row.product_id for row in products] == ["prod_a"]
    assert sorted(row.size for row in items) == ["M", "S", "S/M"]


async def test_a_failed_batch_leaves_no_trace(store: Store) -> None:
    await fill(store)
    before = await everything(store)
    poison = reserve("r2", "s2", quantity=None)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        await store.run([reserve("r1", "s1"), poison], 5, 0)
    assert await everything(store) == before
    assert isinstance((await store.run([reserve("r1", "s1")], 5, 0)).answers[0], Accepted)


async def test_prune_forgets_old_outcomes_only(store: Store) -> None:
    await fill(store)
    for number, now in enumerate((10, 20, 30)):
        await store.run(
            [
                Count(
                    sku="prod_a/M",
                    location=DEFAULT_LOCATION,
                    quantity=number,
                    command_id=f"k{number}",
                    digest="d",
                )
            ],
            now,
            0,
        )
    assert await store.prune(30) == 2
    assert [row.key for row in await rows(store, Outcome)] == ["k2"]
    assert await rows(store, Event) == []


async def test_load_copies_another_store_into_an_empty_one_only(store: Store) -> None:
    source = MemoryStore()
    await fill(source)
    for commands, now in batches(3, script(3)):
        await source.run(commands, now, 0)
    content = await everything(source)
    flat = [row for kind in ROWS for row in content[kind.TABLE]]
    await store.fill(each(flat), each(content["entries"]), source.image.revision)
    assert await everything(store) == content
    due = await store.next_due()
    assert due == source.image.next_due()
    with pytest.raises(DataError):
        await store.fill(each(flat), each(content["entries"]), source.image.revision)
    commit = await store.run(
        [Count(sku="prod_a/M", location=DEFAULT_LOCATION, quantity=77)],
        10**10,
        source.image.revision,
    )
    assert commit.entries[0].revision == source.image.revision + 1
    assert (await store.history("prod_a/M").__anext__()).sku == "prod_a/M"


async def test_odd_texts_are_read_unchanged(store: Store) -> None:
    odd = "ä' \" \\ \t % { } 💚 \u200b" + "x" * 300
    await store.run([upsert("prod_a")], 1, 0)
    command = Count(
        sku="prod_a/M", location=DEFAULT_LOCATION, quantity=3, reason=odd, actor=odd, cause=odd
    )
    commit = await store.run([command], 2, 0)
    entries: list[Entry] = await store.entries_after(commit.revision - 1)
    assert entries[0].reason == entries[0].actor == entries[0].cause == odd


async def test_levels_and_holds_agree_with_the_ledger(store: Store) -> None:
    await fill(store)
    for commands, now in batches(11, script(11, 300)):
        await store.run(commands, now, 0)
    held: dict[str, int] = {}
    for row in await rows(store, Reservation):
        if row.status is Status.HELD:
            for units in row.allocations:
                held[units.sku] = held.get(units.sku, 0) + units.quantity
    for level in await rows(store, Level):
        entries = [entry async for entry in store.history(level.sku)]
        assert sum(entry.on_hand for entry in entries) == level.on_hand
        assert sum(entry.reserved for entry in entries) == level.reserved
        assert held.get(level.sku, 0) == level.reserved


def draft(
    name: str, body: str, expected: int | None = None, until: int | None = None
) -> DocumentWrite:
    return DocumentWrite("shelf", name, body, expected, until)


async def test_documents_are_kept_found_and_walked_through(store: Store) -> None:
    wanted = PutDocuments(
        drafts=(draft("b", "2"), draft("a", "1"), DocumentWrite("other", "c", "3"))
    )
    (answer,) = (await store.run([wanted], 5, 0)).answers
    assert answer == Accepted([1, 1, 1])
    assert await store.find(Document, ("shelf", "a")) == Document("shelf", "a", 1, 5, "1")
    assert await store.find(Document, ("shelf", "c")) is None
    after = [row.key async for row in store.scan(Document, ("shelf", "a"))]
    assert after == [("shelf", "b")]
    assert [row.key[0] for row in await rows(store, Document)] == ["other", "shelf", "shelf"]


async def test_a_document_changed_in_between_is_not_overwritten(store: Store) -> None:
    first = PutDocuments(drafts=(draft("a", "1", expected=0),))
    second = PutDocuments(drafts=(draft("b", "no"), draft("a", "2", expected=0)))
    answers = (await store.run([first, second], 5, 0)).answers
    assert isinstance(answers[1], Refused)
    assert answers[1].code is Code.STALE
    assert [row.body for row in await rows(store, Document)] == ["1"]
    third = PutDocuments(drafts=(draft("a", "2", expected=1),))
    assert (await store.run([third], 6, 0)).answers == [Accepted([2])]


async def test_a_deleted_document_may_be_created_again_and_is_pruned(store: Store) -> None:
    for number, body in enumerate(("1", "", "3", "")):
        done = PutDocuments(drafts=(draft("a", body, expected=(0, 1, 0, 3)[number]),))
        assert (await store.run([done], 10 + number, 0)).answers == [Accepted([number + 1])]
    await store.run([PutDocuments(drafts=(draft("b", "x", until=20), draft("c", "y")))], 15, 0)
    assert await store.prune(13) == 0
    assert await store.prune(14) == 1
    assert await store.prune(21) == 1
    assert [row.key for row in await rows(store, Document)] == [("shelf", "c")]


async def test_folded_holds_are_those_that_bought_nothing(store: Store) -> None:
    await fill(store)
    for number, end in enumerate((10, 20, 30)):
        await store.run([reserve(f"old{number}", f"s{number}", ttl=10_000)], end - 5, 0)
        await store.run([Release(ref=f"s{number}")], end, 0)
    await store.run([reserve("expired", "e", ttl=2)], 10, 0)
    await store.run([reserve("sold", "b", ttl=10_000), reserve("live", "l", ttl=10_000)], 12, 0)
    await store.run([Capture(ref="b")], 13, 0)
    await store.run([reserve("late", "late", ttl=1)], 14, 0)
    await store.run([Capture(ref="late", payment_id="pi_late")], 18, 0)
    entries = await store.entries_after(0)
    assert await store.fold_holds(10) == 0
    assert await store.fold_holds(30) == 3
    assert await store.fold_holds(30) == 0
    left = ["late", "live", "old2", "sold"]
    assert [row.key for row in await rows(store, Reservation)] == left
    links = {row.session_id: row.reservation_id for row in await rows(store, SessionLink)}
    assert set(links.values()) <= set(left)
    assert {"b", "l", "late", "s2"} <= links.keys()
    for gone in ("old0", "s0", "old1", "s1", "expired", "e"):
        assert await store.reservation(gone) is None
    (answer,) = (await store.run([Capture(ref="s1", payment_id="pi_1")], 40, 0)).answers
    assert isinstance(answer, Refused)
    assert answer.code is Code.UNKNOWN_SESSION
    (answer,) = (await store.run([reserve("again", "s0")], 41, 0)).answers
    assert isinstance(answer, Accepted)
    assert (await store.entries_after(0))[: len(entries)] == entries
    assert [finding.text for finding in (await verify_store(store)).findings] == []
