"""A batch asks for the levels of a SKU at all its locations, and every store finds all of them."""

from collections.abc import Iterator

import pytest

from fancymonkey.core import execute
from fancymonkey.core.catalogue.products import AddItem, NewItem
from fancymonkey.core.command import Command
from fancymonkey.core.documents.document import Document
from fancymonkey.core.documents.put import DocumentWrite, PutDocuments
from fancymonkey.core.immutable import dataclass
from fancymonkey.core.locations.edit import AddLocation
from fancymonkey.core.locations.locations import DEFAULT_LOCATION, Location
from fancymonkey.core.model import Item, Level
from fancymonkey.core.outcomes import Accepted, Answer
from fancymonkey.core.state import AllLevels, Key, State
from fancymonkey.core.stock.adjust import Adjust
from fancymonkey.store.contract import Store
from fancymonkey.store.open import open_store
from tests.store import scripts

M, S = "prod_a/M", "prod_a/S"


@dataclass(frozen=True, slots=True, kw_only=True)
class OnHand(Command):
    """Answers `[location, units]` of each SKU; of `hidden`, the SKU that a document names."""

    skus: tuple[str, ...] = ()
    hidden: str | None = None


def sku_in(command: OnHand, state: State) -> tuple[str, ...]:
    document = None if command.hidden is None else state.get(Document, ("bundle", command.hidden))
    return command.skus if document is None else (*command.skus, document.body)


def needs_on_hand(command: OnHand, state: State) -> Iterator[Key]:
    if command.hidden is not None:
        yield Document, ("bundle", command.hidden)
    for sku in sku_in(command, state):
        yield AllLevels, sku


def on_hand(state: State, command: OnHand) -> Answer:
    return Accepted(
        {
            sku: [[level.location, level.on_hand] for level in state.levels_of(sku)]
            for sku in sku_in(command, state)
        }
    )


def without_needs(command: OnHand, state: State) -> Iterator[Key]:
    yield from ()


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(execute.RULES, OnHand, (needs_on_hand, on_hand))


def catalogue() -> list[Command]:
    """Commands that fill an empty store, with two more locations."""
    locations = [AddLocation(location=Location(name, name.title())) for name in ("attic", "shed")]
    return [*scripts.catalogue(), *locations]


def at(location: str, delta: int, sku: str = M) -> Adjust:
    return Adjust(sku=sku, delta=delta, location=location)


async def answer(store: Store, *commands: Command, now: int = 5) -> object:
    stock_answer = (await store.run(commands, now, 0)).answers[-1]
    assert isinstance(stock_answer, Accepted), stock_answer
    return stock_answer.data


async def test_all_levels_of_a_sku_are_found_and_no_others(store: Store) -> None:
    await store.run([*catalogue(), at("shed", 4), at("attic", 2), at("shed", 9, S)], 1, 0)
    assert await answer(store, OnHand(skus=(M,))) == {M: [["attic", 2], ["main", 10], ["shed", 4]]}
    assert await answer(store, OnHand(skus=(M, S))) == {
        M: [["attic", 2], ["main", 10], ["shed", 4]],
        S: [["main", 10], ["shed", 9]],
    }
    assert await answer(store, OnHand(skus=("prod_a/nothing", "prod_a"))) == {
        "prod_a/nothing": [],
        "prod_a": [],
    }


async def test_a_batch_sees_what_it_has_booked_itself(store: Store) -> None:
    await store.run(catalogue(), 1, 0)
    stock_answer = await answer(store, at("shed", 4), at("main", -3), OnHand(skus=(M,)))
    assert stock_answer == {M: [["main", 7], ["shed", 4]]}
    stock_answer = await answer(store, execute.DryRun(command=at("attic", 1)), OnHand(skus=(M,)))
    assert stock_answer == {M: [["main", 7], ["shed", 4]]}


async def test_a_location_that_came_after_the_first_question_is_found(store: Store) -> None:
    """The cached rows of the first request must be extended."""
    await store.run(catalogue(), 1, 0)
    assert await answer(store, OnHand(skus=(M,))) == {M: [["main", 10]]}
    await store.run([at("shed", 4)], 6, 0)
    assert await answer(store, OnHand(skus=(M,))) == {M: [["main", 10], ["shed", 4]]}
    await store.snapshot()  # shown rows may be cached
    await store.run([at("attic", 1), at("shed", -4)], 7, 0)
    expected = {M: [["attic", 1], ["main", 10], ["shed", 0]]}
    assert await answer(store, OnHand(skus=(M,))) == expected


async def test_a_sku_that_comes_later_is_found(store: Store) -> None:
    await store.run(catalogue(), 1, 0)
    sku = "prod_a/XXL"
    assert await answer(store, OnHand(skus=(sku,))) == {sku: []}
    await store.run(
        [AddItem(new=NewItem(Item(sku, "prod_a", "XXL"), 3), location=DEFAULT_LOCATION)], 6, 0
    )
    assert await answer(store, OnHand(skus=(sku,))) == {sku: [["main", 3]]}


async def test_a_loaded_row_may_lead_to_a_sku(store: Store) -> None:
    """A bundle's row names its components: their levels are asked for after it was read."""
    await store.run([*catalogue(), at("shed", 4)], 1, 0)
    document = DocumentWrite("bundle", "two", M, expected=0)
    await store.run([PutDocuments(drafts=(document,))], 2, 0)
    assert await answer(store, OnHand(hidden="two")) == {M: [["main", 10], ["shed", 4]]}
    stock_answer = await answer(store, OnHand(skus=(S,), hidden="two"))
    assert stock_answer == {S: [["main", 10]], M: [["main", 10], ["shed", 4]]}


async def test_all_levels_are_found_after_opening_again(store: Store, target: str) -> None:
    if target == "memory://":
        pytest.skip("memory forgets")
    await store.run([*catalogue(), at("shed", 4)], 1, 0)
    await store.close()
    again = open_store(target)
    await again.open(0)
    try:
        assert await answer(again, OnHand(skus=(M,))) == {M: [["main", 10], ["shed", 4]]}
        assert {row.location async for row in again.scan(Level)} == {"main", "shed"}
    finally:
        await again.close()


@pytest.mark.sqlite
async def test_a_rule_that_did_not_ask_gets_an_error_and_not_a_part(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.setitem(execute.RULES, OnHand, (without_needs, on_hand))
    store = open_store(f"sqlite:///{tmp_path}/shop.db")
    await store.open(0)
    await store.run(catalogue(), 1, 0)
    await store.close()  # the commands of the catalogue have asked, and the store has cached it
    store = open_store(f"sqlite:///{tmp_path}/shop.db")
    await store.open(0)
    try:
        with pytest.raises(KeyError):
            await store.run([OnHand(skus=(M,))], 2, 0)
    finally:
        await store.close()
