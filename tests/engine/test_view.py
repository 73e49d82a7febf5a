"""The view: a fold of the ledger that ends the counting of holds at their deadlines."""

import random
from dataclasses import replace
from typing import Any

import pytest

from fancymonkey.core.catalogue.products import RemoveProduct
from fancymonkey.core.command import Command
from fancymonkey.core.holds.attach import Attach
from fancymonkey.core.holds.end import Capture, Expire, Release
from fancymonkey.core.holds.set_reserved import SetReserved
from fancymonkey.core.ledger import InvariantBroken
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Level
from fancymonkey.core.stock.adjust import Count, SetItem
from fancymonkey.engine.view.view import View
from fancymonkey.store.in_memory.store import MemoryStore
from tests.core.builders import CoreShop, take, upsert
from tests.store.scripts import batches, catalogue, script


class Watched:
    """A shop, and a view that gets each entry once."""

    def __init__(self) -> None:
        self.shop = CoreShop()
        self.view = View()
        self.view.reset(self.shop.image.snapshot())

    def do(self, *commands: Command, at: int | None = None) -> set[str]:
        """Runs the commands and shows them; returns the products to read again."""
        self.shop.do(*commands, at=at)
        return self.catch_up()

    def catch_up(self) -> set[str]:
        return self.view.apply(self.shop.entries[self.view.revision :])

    def available(self, sku: str = "a/M") -> int:
        return self.view.stock(sku).available

    def check(self) -> None:
        snapshot = self.shop.image.snapshot()
        assert self.view.levels == {level.key: level for level in snapshot.levels}
        assert set(self.view.holds) == {row.reservation_id for row in snapshot.holds}


def test_it_follows_every_kind_of_movement() -> None:
    watched = Watched()
    watched.do(
        take("s1", a_M=2, b_S=1),
        take("s1", a_M=1),
        take("s2", a_M=3),
        Attach(ref="s2", session_id="cs_2", expires_at=9000),
        Capture(ref="s1", payment_id="p1"),
        Release(ref="s2"),
        SetReserved(sku="b/M", location=DEFAULT_LOCATION, quantity=4),
        Count(sku="b/M", location=DEFAULT_LOCATION, quantity=1),
        Capture(ref="s2", payment_id="p2"),
    )
    watched.check()
    assert watched.view.next_due() is None


def test_known_entries_are_skipped() -> None:
    watched = Watched()
    watched.do(take("s1", a_M=2))
    watched.view.apply(watched.shop.entries)
    watched.check()


def test_a_missing_entry_is_reported() -> None:
    watched = Watched()
    watched.shop.do(take("s1", a_M=2), take("s2", a_M=1))
    with pytest.raises(ValueError, match="entry 7 is missing, got 8"):
        watched.view.apply(watched.shop.entries[7:])


def test_a_hold_lapses_at_its_very_millisecond_without_any_writer() -> None:
    watched = Watched()
    watched.do(take("s1", ttl=1000, a_M=2, b_S=1), take("s2", ttl=2000, a_M=1))
    view = watched.view
    assert view.next_due() == 1000
    assert not view.stop_counting_due(999)
    assert watched.available() == 2
    assert view.stop_counting_due(1000)
    assert (watched.available(), watched.available("b/S")) == (4, 5)
    assert view.has_unbooked_expiries
    assert not view.stop_counting_due(1000)
    assert view.next_due() == 2000


def test_its_expired_entries_change_nothing_more() -> None:
    watched = Watched()
    watched.do(take("s1", a_M=2, b_S=1))
    watched.view.stop_counting_due(1000)
    watched.do(Expire(), at=1000)
    assert (watched.available(), watched.available("b/S")) == (5, 5)
    assert not watched.view.has_unbooked_expiries
    watched.check()


def test_a_payment_for_a_lapsed_hold_leaves_nothing_behind() -> None:
    watched = Watched()
    watched.do(take("s1", a_M=2))
    watched.view.stop_counting_due(1000)  # this machine's clock is ahead of the one that captures
    watched.do(Capture(ref="s1", payment_id="p"), at=999)
    assert not watched.view.has_unbooked_expiries
    assert watched.available() == 3
    watched.check()


def test_a_hold_that_is_extended_as_it_lapses_counts_again() -> None:
    watched = Watched()
    watched.do(take("s1", a_M=2, b_S=1))
    watched.shop.do(Attach(ref="s1", session_id="cs_1", expires_at=5000), at=999)
    watched.view.stop_counting_due(1000)
    watched.catch_up()
    assert (watched.available(), watched.available("b/S")) == (3, 4)
    assert not watched.view.has_unbooked_expiries
    assert watched.view.next_due() == 5000
    assert watched.view.stop_counting_due(5000)
    assert watched.available() == 5


def test_a_nearer_deadline_counts() -> None:
    watched = Watched()
    watched.do(take("s1", a_M=2), Attach(ref="s1", session_id="cs_1", expires_at=500))
    assert watched.view.next_due() == 500
    assert watched.view.stop_counting_due(500)


def test_a_reset_forgets_what_had_lapsed() -> None:
    watched = Watched()
    watched.do(take("s1", a_M=2))
    watched.view.stop_counting_due(1000)
    watched.view.reset(watched.shop.image.snapshot())
    assert not watched.view.has_unbooked_expiries
    assert watched.available() == 3
    assert watched.view.stop_counting_due(1000)


def test_catalogue_entries_name_the_products_to_read_again() -> None:
    watched = Watched()
    assert (
        watched.do(take("s1", a_M=1), Count(sku="b/M", location=DEFAULT_LOCATION, quantity=1))
        == set()
    )
    assert watched.do(SetItem(sku="a/M", location=DEFAULT_LOCATION, sold_out=True)) == {"a"}
    assert watched.do(
        upsert("c", 2), RemoveProduct(product_id="b", location=DEFAULT_LOCATION, before=("b/S",))
    ) == {"b", "c"}


def test_products_on_sale_keep_the_owners_order() -> None:
    watched = Watched()
    stale = watched.do(
        upsert("c", 0),
        upsert("a", 5),
        RemoveProduct(product_id="b", location=DEFAULT_LOCATION, before=()),
    )
    watched.view.set_catalogue(*watched.shop.image.catalogue(stale))
    assert [row.item.sku for row in watched.view.stocked()] == ["c/S", "c/M", "a/S", "a/M"]
    assert [row.item.sku for row in watched.view.stocked(["a", "nothing"])] == ["a/S", "a/M"]


def test_every_visible_change_is_counted() -> None:
    watched = Watched()
    changes = [watched.view.changes]
    watched.do(take("s1", a_M=2))
    changes.append(watched.view.changes)
    watched.view.stop_counting_due(1000)
    changes.append(watched.view.changes)
    watched.view.set_catalogue(*watched.shop.image.catalogue({"a"}))
    changes.append(watched.view.changes)
    assert sorted(set(changes)) == changes
    assert watched.view.touched["a"] == changes[-1]
    assert watched.view.touched["b"] < changes[0] + 1


def test_units_may_be_back_when_the_first_hold_in_the_way_ends() -> None:
    watched = Watched()
    back_by = watched.view.back_by
    watched.do(Count(sku="a/M", location=DEFAULT_LOCATION, quantity=3))
    assert back_by("a/M") is None
    holds = [take(f"s{n}", a_M=1, ttl=ttl) for n, ttl in ((1, 600), (2, 200), (3, 400))]
    watched.do(*holds, at=0)
    assert back_by("a/M") == watched.shop.now + 200
    watched.do(Release(ref="s2"))
    assert back_by("a/M") is None, "one can be had now"
    watched.do(Count(sku="a/M", location=DEFAULT_LOCATION, quantity=2))
    assert back_by("a/M") == watched.shop.now + 400
    watched.do(Count(sku="a/M", location=DEFAULT_LOCATION, quantity=0))
    assert back_by("a/M") is None, "there is nothing to come back"
    watched.do(Count(sku="a/M", location=DEFAULT_LOCATION, quantity=1))
    watched.view.stop_counting_due(watched.shop.now + 400)
    assert back_by("a/M") == watched.shop.now + 600, "that of s3 is over"


def walked(view: View, sku: str) -> int | None:
    """The same as `back_by`, by a look at every hold."""
    level = view.stock(sku)
    if level.on_hand <= 0 or level.available > 0:
        return None
    live = (hold for hold in view.holds.values() if (sku, "main") in hold.units and not hold.lapsed)
    return min((hold.until for hold in live if hold.until is not None), default=None)


@pytest.mark.parametrize("seed", range(20))
def test_back_by_is_the_earliest_deadline(seed: int) -> None:
    chance = random.Random(seed)
    watched = Watched()
    watched.do(
        Count(sku="a/M", location=DEFAULT_LOCATION, quantity=3),
        Count(sku="b/S", location=DEFAULT_LOCATION, quantity=2),
    )
    for step in range(300):
        who, now = f"s{chance.randrange(9)}", watched.shop.now
        ttl = 10_000 + 50 * step + chance.randrange(2000)
        query = chance.choice(
            (
                take(who, ttl, f"h{step}", a_M=chance.randrange(1, 3)),
                take(who, ttl, f"h{step}", b_S=1, a_M=1),
                replace(take(who, ttl, f"h{step}", b_S=1), only=True),
                Release(ref=who),
                Attach(ref=who, session_id=f"cs_{step}", expires_at=now + ttl + 3000),
                Expire(),
            )
        )
        at = now + chance.randrange(3000)
        watched.view.stop_counting_due(at)
        watched.do(query, at=at)
        for sku in ("a/M", "b/S"):
            if chance.random() < 0.5:
                assert watched.view.back_by(sku) == walked(watched.view, sku)


class Counted(dict[str, Any]):
    """A dict that counts how often all of it was looked at."""

    walks = 0

    def items(self) -> Any:
        self.walks += 1
        return super().items()

    def values(self) -> Any:
        self.walks += 1
        return super().values()


def test_polling_after_each_change_does_not_read_all_holds() -> None:
    watched = Watched()
    watched.do(Count(sku="a/M", location=DEFAULT_LOCATION, quantity=50))
    watched.do(*[take(f"s{n}", a_M=1, ttl=1000 + n) for n in range(50)])
    holds = watched.view.holds = Counted(watched.view.holds)
    for number in range(40):
        assert watched.view.back_by("a/M") == watched.shop.now + 1000 + number
        watched.do(Capture(ref=f"s{number}", payment_id=f"p{number}"))
    assert holds.walks == 1


def test_deadlines_of_answered_requests_are_removed() -> None:
    watched = Watched()
    watched.do(Count(sku="a/M", location=DEFAULT_LOCATION, quantity=1), take("s", a_M=1))
    assert watched.view.back_by("a/M") is not None
    watched.do(Release(ref="s"))
    for number in range(500):
        watched.do(take(f"s{number}", a_M=1), Release(ref=f"s{number}"))
    assert len(watched.view._ends) <= 102
    watched.do(take("last", a_M=1, ttl=700))
    assert watched.view.back_by("a/M") == watched.shop.now + 700


# -- batches of this process -----------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
async def test_a_batch_taken_ends_like_its_entries_applied(seed: int) -> None:
    store, first, other = MemoryStore(), View(), View()
    await store.run(catalogue(), 1, 0)
    for view in (first, other):
        view.reset(await store.snapshot())
    for commands, now in batches(seed, script(seed)):
        commit = await store.run(commands, now, first.revision)
        first.apply(commit.entries)
        other.take(commit.entries, commit.changed.get(Level, {}))
        for view in (first, other):
            view.set_catalogue(commit.products, commit.items)
        assert other.revision == first.revision
        assert other.levels == first.levels
        assert other.next_due() == first.next_due()
        assert {id_: (hold.until, hold.units) for id_, hold in other.holds.items()} == {
            id_: (hold.until, hold.units) for id_, hold in first.holds.items()
        }
        assert set(other.touched) == set(first.touched)


async def test_a_batch_that_began_elsewhere_is_not_taken() -> None:
    store, view = MemoryStore(), View()
    await store.run(catalogue(), 1, 0)
    view.reset(await store.snapshot())
    commit = await store.run(
        [Count(sku="prod_a/M", location=DEFAULT_LOCATION, quantity=3)], 5, view.revision
    )
    levels = commit.changed[Level]
    with pytest.raises(ValueError, match="is missing"):
        view.take([replace(commit.entries[0], revision=view.revision + 2)], levels)
    view.levels["prod_a/M", "main"] = Level("prod_a/M", "main", on_hand=4)
    with pytest.raises(InvariantBroken, match="does not follow 4 on hand"):
        view.take(commit.entries, levels)


@pytest.mark.parametrize("parts", [1, 3, 6])
def test_it_shows_the_whole_of_a_batch(parts: int) -> None:
    """As the engine shows a commit: entries and levels of several SKUs and holds together."""
    watched = Watched()
    wanted: list[Command] = [
        take("s1", a_M=2),
        take("s2", b_S=1),
        Count(sku="b/M", location=DEFAULT_LOCATION, quantity=9),
        take("s3", a_S=1, b_M=2),
        Release(ref="s1"),
        Count(sku="a/S", location=DEFAULT_LOCATION, quantity=4),
    ]
    for start in range(0, len(wanted), parts):
        watched.shop.batch(wanted[start : start + parts])
        touched = {(entry.sku, entry.location) for entry in watched.shop.new}
        rows = watched.shop.image.rows[Level]
        watched.view.take(watched.shop.new, {key: rows[key] for key in touched})
        watched.check()
        assert watched.view.revision == watched.shop.entries[-1].revision
