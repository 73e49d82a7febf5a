"""Commands that run others, and command ids: SkuCommands, CommandGroup, DryRun, RecordEvent."""

import json
from dataclasses import replace

import pytest

from fancymonkey.core.answers import stored
from fancymonkey.core.changes.change_set import ChangeSet
from fancymonkey.core.command import Command
from fancymonkey.core.execute import CommandGroup, DryRun, RecordEvent, SkuCommands
from fancymonkey.core.holds.end import Capture, Release
from fancymonkey.core.holds.set_reserved import SetReserved
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Cursor, Event, Item, Level, Outcome, TurnedAway
from fancymonkey.core.outcomes import Accepted, Code, Refused
from fancymonkey.core.records import MoveCursor, RecordTurnedAway, StoreResult
from fancymonkey.core.state import State
from fancymonkey.core.stock.adjust import Adjust, Count, SetItem
from fancymonkey.store.contract import empty_rows
from tests.core.builders import CoreShop, Row, entry_text, named, take, upsert

UP = Adjust(sku="a/M", location=DEFAULT_LOCATION, delta=1)
TOO_MUCH = Adjust(sku="a/M", location=DEFAULT_LOCATION, delta=-99)
CLOSE = SetItem(sku="a/M", location=DEFAULT_LOCATION, sold_out=True)
STALE = Count(sku="a/M", location=DEFAULT_LOCATION, quantity=1, expected=77)


def chain(*commands: Command, sku: str = "a/M") -> SkuCommands:
    return SkuCommands(sku=sku, commands=commands)


@pytest.mark.parametrize(
    **named(
        [
            Row(
                "every part",
                [],
                chain(UP, CLOSE),
                {"onHand": 6, "soldOut": True},
                ["adjusted a/M on_hand+1", "edited a/M"],
            ),
            Row(
                "no trace where a part is refused", [], chain(UP, CLOSE, TOO_MUCH), Code.BELOW_ZERO
            ),
            Row("the first refusal is the answer", [], chain(UP, STALE, TOO_MUCH), Code.STALE),
            Row("of nothing", [], chain(), {"onHand": 5, "ended": []}),
            Row("about an unknown SKU", [], chain(UP, sku="a/XL"), Code.UNKNOWN_ITEM),
            Row("of nothing about an unknown SKU", [], chain(sku="a/XL"), Code.UNKNOWN_ITEM),
            Row(
                "a part without data",
                [],
                chain(MoveCursor(name="x", revision=1), UP),
                {"onHand": 6},
                ["adjusted a/M on_hand+1"],
            ),
            Row(
                "a part that answers with a list",
                [],
                chain(StoreResult(texts=("x",)), UP),
                {"onHand": 6},
                ["adjusted a/M on_hand+1"],
            ),
            Row(
                "says which holds it ended",
                [take("s1", a_M=2)],
                chain(SetReserved(sku="a/M", location=DEFAULT_LOCATION, quantity=0), UP),
                {"ended": [{"reservationId": "h-s1", "sessionId": "s1"}]},
                ["released a/M reserved-2", "adjusted a/M on_hand+1"],
            ),
            Row(
                "gives back a hold that it ended and could not go on",
                [take("s1", a_M=2)],
                chain(SetReserved(sku="a/M", location=DEFAULT_LOCATION, quantity=0), TOO_MUCH),
                Code.BELOW_ZERO,
            ),
        ]
    )
)
def test_chain(row: Row) -> None:
    row.check()


def test_a_chain_shows_before_and_after() -> None:
    answer = CoreShop().do(chain(UP, UP))
    assert isinstance(answer, Accepted)
    assert (answer.data.before.on_hand, answer.data.stock.on_hand) == (5, 7)


def test_rows_made_and_unmade_within_a_chain_are_gone() -> None:
    """A row that did not exist before the savepoint, and one that was changed twice within it."""
    shop = CoreShop()
    shop.now = 5
    keyed = Adjust(sku="a/M", location=DEFAULT_LOCATION, delta=1, command_id="k", digest="d")
    answers = shop.batch(
        [
            take("s1", a_M=1),
            chain(take("s2", a_M=1), take("s1", a_M=2), Release(ref="s1"), keyed, TOO_MUCH),
            keyed,
            take("s2", a_M=3),
        ]
    )
    assert [isinstance(answer, Accepted) for answer in answers] == [True, False, True, True]
    assert isinstance(answers[2], Accepted)
    assert not answers[2].replayed
    assert [entry_text(entry) for entry in shop.new] == [
        "reserved a/M reserved+1",
        "adjusted a/M on_hand+1",
        "reserved a/M reserved+3",
    ]
    assert shop.numbers("a/M") == (6, 4, 0)
    shop.audit()


def test_a_batch_that_was_taken_back_is_one_without_changes() -> None:
    """Stores do not write such a row, and PostgreSQL must not read it from memory either."""
    state = State(empty_rows(), 0, 5)
    with state.savepoint() as savepoint:
        state.add(Level("a/M", "main"))
        state.put(Level("a/M", "main", on_hand=1))
        savepoint.undo()
    assert (state.changed, state.added, state.entries) == ({}, set(), [])


def test_holds_are_read_again_after_an_undo() -> None:
    shop = CoreShop()
    shop.now = 5
    shop.batch(
        [
            take("s1", a_M=2),
            chain(SetReserved(sku="a/M", location=DEFAULT_LOCATION, quantity=0), TOO_MUCH),
            SetReserved(sku="a/M", location=DEFAULT_LOCATION, quantity=0),
        ]
    )
    assert shop.numbers("a/M") == (5, 0, 0)
    shop.audit()


def test_many_succeed_or_fail_on_their_own() -> None:
    shop = CoreShop()
    answer = shop.do(CommandGroup(commands=(UP, TOO_MUCH, chain(CLOSE, TOO_MUCH), UP)))
    assert isinstance(answer, Accepted)
    rows = answer.data.rows
    assert [type(row) for row in rows] == [Accepted, Refused, Refused, Accepted]
    assert rows[1].code is Code.BELOW_ZERO
    assert rows[1].detail == {"sku": "a/M", "onHand": 6, "change": -99}
    assert shop.numbers("a/M") == (7, 0, 0)
    json.dumps(stored(answer.data))


def test_a_dry_run_answers_like_the_run_and_leaves_no_trace() -> None:
    shop = CoreShop()
    shop.do(take("s1", a_M=2))
    command = CommandGroup(
        commands=(
            chain(SetReserved(sku="a/M", location=DEFAULT_LOCATION, quantity=1), UP, CLOSE),
            chain(UP, TOO_MUCH),
            upsert("c"),
        ),
        command_id="k",
        digest="d",
    )
    before, revision = shop.image.snapshot(), shop.image.revision
    dry = shop.do(DryRun(command=command))
    assert shop.image.snapshot() == before
    assert shop.image.revision == revision
    assert shop.new == []
    assert not shop.image.rows[Outcome]
    assert shop.do(command) == dry


def test_a_dry_run_of_a_refusal_is_the_refusal() -> None:
    answer = CoreShop().do(DryRun(command=TOO_MUCH))
    assert isinstance(answer, Refused)
    assert answer.code is Code.BELOW_ZERO


def test_a_dry_run_undoes_nothing_of_its_batch() -> None:
    shop = CoreShop()
    shop.batch([UP, DryRun(command=CommandGroup(commands=(UP, chain(UP, TOO_MUCH)))), UP])
    assert shop.numbers("a/M") == (7, 0, 0)
    assert [entry.revision for entry in shop.new] == [7, 8]
    shop.audit()


# Command ids ----------------------------------------------------------------------------------


def keyed(command: Command, id_: str = "k", digest: str = "d") -> Command:
    return replace(command, command_id=id_, digest=digest)


@pytest.mark.parametrize(
    "command",
    [take("s1", a_M=2, b_S=1), UP, chain(UP, CLOSE), CommandGroup(commands=(UP, TOO_MUCH)), CLOSE],
    ids=lambda command: type(command).__name__,
)
def test_a_repetition_gets_the_first_answer_byte_for_byte(command: Command) -> None:
    shop = CoreShop()
    first = shop.do(keyed(command), at=3)
    numbers = shop.numbers("a/M")
    shop.do(Count(sku="a/S", location=DEFAULT_LOCATION, quantity=1), at=4)
    again = shop.do(keyed(command), at=99_999)
    assert isinstance(first, Accepted)
    assert isinstance(again, Accepted)
    assert (first.replayed, again.replayed) == (False, True)
    assert first.data == again.data
    assert json.dumps(stored(first.data)) == json.dumps(stored(again.data))
    if shop.hold_count() == 0:
        assert shop.new == []
        assert shop.numbers("a/M") == numbers


def test_a_repetition_in_the_same_batch_has_one_effect() -> None:
    shop = CoreShop()
    first, second = shop.batch([keyed(UP), keyed(UP)])
    assert isinstance(second, Accepted)
    assert isinstance(first, Accepted)
    assert second.replayed
    assert first.data == second.data
    assert shop.numbers("a/M") == (6, 0, 0)


def test_another_body_under_the_same_id_is_refused() -> None:
    shop = CoreShop()
    shop.do(keyed(UP))
    answer = shop.do(keyed(UP, digest="other"))
    assert isinstance(answer, Refused)
    assert answer.code is Code.IDEMPOTENCY_CONFLICT
    assert shop.numbers("a/M") == (6, 0, 0)


def test_the_id_comes_before_every_other_refusal() -> None:
    shop = CoreShop()
    shop.do(keyed(UP))
    answer = shop.do(keyed(take("s1", a_XL=1), digest="other"))
    assert isinstance(answer, Refused)
    assert answer.code is Code.IDEMPOTENCY_CONFLICT


def test_a_refusal_is_not_remembered() -> None:
    shop = CoreShop()
    keyed_command = keyed(take("s1", a_M=6))
    assert isinstance(shop.do(keyed_command), Refused)
    shop.do(UP)
    answer = shop.do(keyed_command)
    assert isinstance(answer, Accepted)
    assert not answer.replayed


SAME = {
    "a count": Count(sku="a/M", location=DEFAULT_LOCATION, quantity=5),
    "the units on hold": SetReserved(sku="a/M", location=DEFAULT_LOCATION, quantity=0),
    "a setting": SetItem(sku="a/M", location=DEFAULT_LOCATION, sold_out=False),
}


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("name", SAME)
def test_a_repeated_unchanged_set_does_not_revert_a_sale(name: str, whole: bool) -> None:
    """The reply was lost, units were sold, and the request comes again."""
    shop = CoreShop()
    group = CommandGroup(commands=(chain(SAME[name]), chain(SAME[name])), all_or_nothing=whole)
    command = keyed(ChangeSet(change_id="act_1", action="x", command=group))
    first = shop.do(command)
    shop.do(take("s", a_M=2))
    shop.do(Capture(ref="s", payment_id="s"))
    shop.do(SetItem(sku="a/M", location=DEFAULT_LOCATION, sold_out=True))
    again = shop.do(command)
    assert isinstance(first, Accepted)
    assert again == replace(first, replayed=True)
    assert shop.numbers("a/M") == (3, 0, 0)
    assert shop.image.rows[Item]["a/M"].sold_out


def test_a_group_of_refusals_is_not_remembered_as_a_refusal_is_not() -> None:
    shop = CoreShop()
    command = keyed(CommandGroup(commands=(TOO_MUCH, STALE)))
    assert isinstance(shop.do(command), Accepted)
    assert not shop.image.rows[Outcome]
    shop.do(Adjust(sku="a/M", location=DEFAULT_LOCATION, delta=99))
    answer = shop.do(command)
    assert isinstance(answer, Accepted)
    assert not answer.replayed
    assert isinstance(answer.data.rows[0], Accepted)
    assert shop.do(command) == replace(answer, replayed=True)


def test_a_kept_answer_keeps_odd_texts() -> None:
    shop = CoreShop()
    keyed_command = keyed(take("ä\u2028💚", a_M=1))
    first, second = shop.do(keyed_command), shop.do(keyed_command)
    assert isinstance(first, Accepted)
    assert isinstance(second, Accepted)
    assert first.data == second.data
    assert second.data.session_id == "ä\u2028💚"


# Events ---------------------------------------------------------------------------------------

PAID = Capture(ref="s1", payment_id="cs_1")


def event(id_: str, effect: Command | None = PAID) -> RecordEvent:
    return RecordEvent(event_id=id_, type="checkout", object_id="cs_1", effect=effect)


@pytest.mark.parametrize(
    **named(
        [
            Row(
                "does it",
                [take("s1", a_M=2)],
                event("e1"),
                {"outcome": "done", "first": True},
                ["captured a/M on_hand-2 reserved-2"],
            ),
            Row(
                "the same event again",
                [take("s1", a_M=2), event("e1")],
                event("e1"),
                {"outcome": "done", "first": False},
            ),
            Row(
                "another event of the same payment",
                [take("s1", a_M=2), event("e1")],
                event("e2"),
                {"outcome": "no change", "first": True},
            ),
            Row(
                "a release after the payment",
                [take("s1", a_M=2), event("e1")],
                event("e2", Release(ref="s1")),
                {"outcome": "no change"},
            ),
            Row("nobody's", [], event("e1"), {"outcome": "unknown_session", "first": True}),
            Row("nothing to do", [], event("e1", None), {"outcome": "ignored", "effect": None}),
            Row(
                "an effect without data",
                [],
                event("e1", MoveCursor(name="x", revision=1)),
                {"outcome": "no change"},
            ),
            Row(
                "an effect that answers with a list",
                [],
                event("e1", StoreResult(texts=("x",))),
                {"outcome": "no change", "effect": ["x"]},
            ),
            Row(
                "nobody's again",
                [event("e1")],
                event("e1"),
                {"outcome": "unknown_session", "first": False},
            ),
            Row(
                "the same id, nobody's before",
                [event("e1"), take("s1", a_M=2)],
                event("e1"),
                {"outcome": "done", "first": True},
                ["captured a/M on_hand-2 reserved-2"],
            ),
            Row(
                "and once more",
                [event("e1"), take("s1", a_M=2), event("e1")],
                event("e1"),
                {"outcome": "done", "first": False},
            ),
        ]
    )
)
def test_event(row: Row) -> None:
    row.check()


def test_every_event_is_kept() -> None:
    shop = CoreShop()
    shop.do(event("e1"), at=5)
    stored = shop.image.rows[Event]["e1"]
    assert stored == Event("e1", "checkout", "cs_1", 5, "unknown_session")


# Facts without stock --------------------------------------------------------------------------


def test_turned_away_demand_adds_up_per_sku_and_hour() -> None:
    shop = CoreShop()
    shop.do(
        RecordTurnedAway(rows=(TurnedAway("a/M", 3, 1, 4), TurnedAway("a/M", 4, 1, 1))),
        RecordTurnedAway(rows=(TurnedAway("a/M", 3, 2, 5),)),
    )
    rows = shop.image.rows[TurnedAway]
    assert list(rows.values()) == [TurnedAway("a/M", 3, 3, 9), TurnedAway("a/M", 4, 1, 1)]
    assert shop.new == []


def test_the_first_answer_is_stored_under_an_id() -> None:
    shop = CoreShop()
    first = shop.do(keyed(StoreResult(texts=("a", "£"))))
    again = shop.do(keyed(StoreResult(texts=("b",))))
    assert first == Accepted(["a", "£"])
    assert again == Accepted(["a", "£"], replayed=True)
    assert isinstance(shop.do(keyed(StoreResult(texts=("a", "£")), digest="other")), Refused)


def test_a_cursor_never_moves_back() -> None:
    shop = CoreShop()
    shop.do(MoveCursor(name="x", revision=5), MoveCursor(name="x", revision=3))
    assert shop.image.rows[Cursor]["x"].revision == 5
