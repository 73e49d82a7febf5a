"""Answers of commands: typed, stored as JSON, and read back as the same values."""

import json
from typing import Any

import pytest

from fancymonkey.core.answers import CommandAnswer, stored
from fancymonkey.core.catalogue.answers import FieldsEdited, ProductChanged, SizeChanged
from fancymonkey.core.catalogue.products import (
    EditFields,
    RemoveItem,
    RemoveProduct,
    RestoreProduct,
)
from fancymonkey.core.changes.answers import FailedRestore, RestoredRow, UndoAnswer
from fancymonkey.core.changes.change_set import ChangeSet
from fancymonkey.core.changes.undo import Undo
from fancymonkey.core.command import Command
from fancymonkey.core.execute import (
    CommandGroup,
    DryRun,
    RecordEvent,
    SkuCommands,
    restored,
)
from fancymonkey.core.group_answers import ChangeSetAnswer, EventAnswer, GroupAnswer, SkuChange
from fancymonkey.core.holds.attach import Attach, Attached
from fancymonkey.core.holds.end import Capture, Expire, Release
from fancymonkey.core.holds.ended import Captured, EndedHold, Expired, Released, ReservedSet
from fancymonkey.core.holds.reserve import Reserve
from fancymonkey.core.holds.reserved import Reserved
from fancymonkey.core.holds.set_reserved import SetReserved
from fancymonkey.core.locations.answers import LocationChanged, RoutingRulesSet
from fancymonkey.core.locations.close import CloseLocation
from fancymonkey.core.locations.edit import AddLocation
from fancymonkey.core.locations.locations import DEFAULT_LOCATION, Location
from fancymonkey.core.locations.routing import RoutingRule
from fancymonkey.core.locations.routing_order import SetRoutingRules
from fancymonkey.core.model import Line
from fancymonkey.core.orders.answers import OrderChanged, PastOrdersAdded
from fancymonkey.core.orders.erase import EraseBuyer
from fancymonkey.core.outcomes import Accepted, Code, Refused
from fancymonkey.core.payments.answers import (
    CheckoutBegun,
    IssueResolved,
    PaymentAwaited,
    PaymentNews,
    SessionAttached,
)
from fancymonkey.core.payments.checkout import AwaitPayment, BeginCheckout, CheckoutOpened
from fancymonkey.core.payments.refunds import RecordRefund, ResolveIssue
from fancymonkey.core.payments.rows import IssueStatus
from fancymonkey.core.stock.adjust import Adjust, Count, SetItem
from fancymonkey.core.stock.answers import StockAnswer
from fancymonkey.core.transfers.answers import TransferChanged
from fancymonkey.core.transfers.finish import CancelTransfer
from tests.core.builders import CoreShop, take

SKU = "a/M"
HELD = take("s1", a_M=2, b_S=1)
UP = Adjust(sku=SKU, location=DEFAULT_LOCATION, delta=1)
BELOW = Adjust(sku=SKU, location=DEFAULT_LOCATION, delta=-99)
NONE_RESERVED = SetReserved(sku=SKU, location=DEFAULT_LOCATION, quantity=0)
COUNT = Count(sku=SKU, location=DEFAULT_LOCATION, quantity=0)
CHAIN = SkuCommands(sku=SKU, commands=(NONE_RESERVED, COUNT))
GROUP = CommandGroup(commands=(CHAIN, BELOW, Release(ref="s1")))
PAID = Capture(ref="s1", payment_id="cs_1")

HALL = Location("hall", "Hall", updated_at=0)
BUY = BeginCheckout(ref="h-s1", number=1, ends_at=9000, until=9000, request="{}", most=5)
OPENED = CheckoutOpened(ref="h-s1", number=1, payment_session="cs_9")
COUNTED = ChangeSet(change_id="act_1", action="t", command=CHAIN)
UNDO = Undo(undoes="act_1", change_id="act_2", location=DEFAULT_LOCATION)

COMMANDS: dict[str, tuple[list[Command], Command, type[CommandAnswer]]] = {
    "reserve": ([], HELD, Reserved),
    "release": ([HELD], Release(ref="s1"), Released),
    "release again": ([HELD, Release(ref="s1")], Release(ref="s1"), Released),
    "capture": ([HELD], PAID, Captured),
    "capture of fewer units": ([HELD, COUNT], PAID, Captured),
    "second payment": ([HELD, PAID], Capture(ref="s1", payment_id="cs_2"), Captured),
    "expire": ([HELD], Expire(), Expired),
    "adjust": ([], UP, StockAnswer),
    "settings": ([], SetItem(sku=SKU, location=DEFAULT_LOCATION, sold_out=True), StockAnswer),
    "reserved": ([HELD], NONE_RESERVED, ReservedSet),
    "chain": ([HELD], CHAIN, SkuChange),
    "group": ([HELD], GROUP, GroupAnswer),
    "change set": (
        [HELD],
        ChangeSet(change_id="act_1", action="t", command=GROUP),
        ChangeSetAnswer,
    ),
    "attach": ([HELD], Attach(ref="s1", session_id="s2", expires_at=9000), Attached),
    "checkout": ([HELD], BUY, CheckoutBegun),
    "session of a checkout": ([HELD, BUY], OPENED, SessionAttached),
    "awaited payment": (
        [HELD, BUY, OPENED],
        AwaitPayment(ref="cs_9", payment_session="cs_9", until=9000),
        PaymentAwaited,
    ),
    "fields": (
        [],
        EditFields(key="a", location=DEFAULT_LOCATION, fields=(("category", "x"),)),
        FieldsEdited,
    ),
    "archived size": ([], RemoveItem(sku=SKU, location=DEFAULT_LOCATION), SizeChanged),
    "archived product": (
        [],
        RemoveProduct(product_id="a", location=DEFAULT_LOCATION),
        ProductChanged,
    ),
    "restored product": (
        [RemoveProduct(product_id="a", location=DEFAULT_LOCATION)],
        RestoreProduct(product_id="a", location=DEFAULT_LOCATION, skus=(SKU,)),
        ProductChanged,
    ),
    "location": ([], AddLocation(location=HALL), LocationChanged),
    "closed location": (
        [AddLocation(location=HALL)],
        CloseLocation(location_id="hall"),
        LocationChanged,
    ),
    "order of rules": ([], SetRoutingRules(rules=(RoutingRule.PRIORITY,)), RoutingRulesSet),
    "undo": ([COUNTED], UNDO, UndoAnswer),
    "dry run": ([HELD], DryRun(command=GROUP), GroupAnswer),
}


@pytest.mark.parametrize(("given", "command", "kind"), COMMANDS.values(), ids=COMMANDS)
def test_an_answer_is_typed_and_read_back_as_it_was(
    given: list[Command], command: Command, kind: type[CommandAnswer]
) -> None:
    shop = CoreShop()
    if given:
        shop.do(*given)
    answer = shop.do(command, at=2000 if isinstance(command, Expire) else 0)
    assert isinstance(answer, Accepted), answer
    assert type(answer.data) is kind
    of = command.command if isinstance(command, DryRun) else command
    assert restored(of, json.loads(json.dumps(stored(answer.data)))) == answer.data


def test_an_answer_has_what_the_command_did() -> None:
    shop = CoreShop()
    shop.do(HELD)
    answer = shop.do(ChangeSet(change_id="act_1", action="t", command=GROUP))
    assert isinstance(answer, Accepted)
    assert answer.data.change_id == "act_1"
    chain, below, release = answer.data.answer.rows
    change: SkuChange = chain.data
    assert (change.before, change.stock.on_hand) == (
        StockAnswer(SKU, 5, 2, 3, 0, 0, 5, False, change.before.revision),  # type: ignore[union-attr]
        0,
    )
    assert change.ended == (EndedHold("h-s1", "s1"),)
    assert isinstance(below, Refused)
    assert below.code is Code.BELOW_ZERO
    assert (release.data.status, release.data.lines) == ("released", ())


def test_a_change_without_effect_has_no_id() -> None:
    same = Count(sku=SKU, location=DEFAULT_LOCATION, quantity=5)
    group = CommandGroup(commands=(same,))
    answer = CoreShop().do(ChangeSet(change_id="act_1", action="t", command=group))
    assert isinstance(answer, Accepted)
    assert answer.data.change_id is None


def test_a_refused_group_has_the_answer_of_each_command() -> None:
    answer = CoreShop().do(CommandGroup(commands=(UP, BELOW, UP), all_or_nothing=True))
    assert isinstance(answer, Refused)
    assert answer.code is Code.BELOW_ZERO
    assert [type(row) for row in answer.detail.rows] == [Accepted, Refused, Accepted]
    assert answer.detail.refused is answer.detail.rows[1]


def test_the_outcome_of_an_event_follows_from_its_effect() -> None:
    shop = CoreShop()
    shop.do(HELD)
    paid = RecordEvent(event_id="e1", type="t", object_id="cs_1", effect=PAID)
    answer = shop.do(paid)
    assert isinstance(answer, Accepted)
    event: EventAnswer = answer.data
    assert (event.outcome, event.first, type(event.effect)) == ("done", True, Captured)
    refund = RecordRefund(ref="cs_1", refund="re_1", whole=True)
    recorded = shop.do(RecordEvent(event_id="e2", type="t", object_id="cs_1", effect=refund))
    assert isinstance(recorded, Accepted)
    assert recorded.data == EventAnswer("return proposed", True, PaymentNews("return proposed"))


HOLD: dict[str, Any] = {
    "reservation_id": "res_1",
    "session_id": "s1",
    "status": "released",
    "late": False,
    "lines": [["a/M", 2, 5, 0, 5]],
    "revision": 7,
}
"""An ended hold as the first version has stored it."""
LINES = (("a/M", 2, 5, 0, 5),)
ENDED = ("res_1", "s1", "released", False, LINES, 7)
STOCK: dict[str, Any] = {
    "sku": "a/M",
    "onHand": 5,
    "reserved": 1,
    "available": 4,
    "backordered": 0,
    "short": 0,
    "lowStockThreshold": 1,
    "soldOut": False,
    "revision": 19,
}
AFTER = StockAnswer("a/M", 5, 1, 4, 0, 0, 1, False, 19)
CHANGED = {**STOCK, "before": None, "ended": [{"reservationId": "r", "sessionId": "s"}]}
CHANGE = SkuChange(AFTER, None, (EndedHold("r", "s"),))


@pytest.mark.parametrize(
    ("command", "value", "answer"),
    [
        (Release(ref="s1"), HOLD, Released(*ENDED)),
        (PAID, HOLD, Captured(*ENDED)),
        (
            PAID,
            {**HOLD, "backordered": [{"sku": "a/M", "quantity": 1}], "outcome": "refund due"},
            Captured(*ENDED, (Line("a/M", 1),), "refund due"),
        ),
        (
            HELD,
            {
                "reservation_id": "res_1",
                "session_id": "s1",
                "at": 3,
                "expires_at": None,
                "lines": [["a/M", 2, 5, 0, 5]],
                "revision": 7,
            },
            Reserved("res_1", "s1", 3, None, LINES, 7),
        ),
        (UP, STOCK, AFTER),
        (CHAIN, CHANGED, CHANGE),
        (
            CommandGroup(commands=(CHAIN, UP)),
            {
                "rows": [
                    {"accepted": CHANGED},
                    {"refused": "stale", "message": "m", "detail": {"sku": "a/M"}},
                ],
                "revision": 19,
            },
            GroupAnswer((Accepted(CHANGE), Refused(Code.STALE, "m", {"sku": "a/M"})), 19),
        ),
        (
            Attach(ref="s1", session_id="s2"),
            {"reservation_id": "res_1", "expires_at": None, "revision": 7},
            Attached("res_1", None, 7),
        ),
        (
            BUY,
            {"number": 2, "reservation_id": "res_1", "expires_at": 9, "at": 3, "revision": 7},
            CheckoutBegun(2, "res_1", 9, 3, 7),
        ),
        (
            EditFields(key="a", location=DEFAULT_LOCATION, fields=()),
            {"key": "a", "revision": 7},
            FieldsEdited("a", 7),
        ),
        (
            RemoveProduct(product_id="a", location=DEFAULT_LOCATION),
            {"product_id": "a", "revision": 7},
            ProductChanged("a", 7),
        ),
        (
            RemoveItem(sku=SKU, location=DEFAULT_LOCATION),
            {"sku": SKU, "revision": 7},
            SizeChanged(SKU, 7),
        ),
        (
            UNDO,
            {
                "rows": [{"key": SKU, "changes": [{"field": "stock", "from": 0, "to": 5}]}],
                "failed": [{"key": "b/S", "reason": "It was counted."}],
                "act": "act_2",
                "revision": 7,
            },
            UndoAnswer(
                (RestoredRow(SKU, [{"field": "stock", "from": 0, "to": 5}]),),
                (FailedRestore("b/S", "It was counted."),),
                "act_2",
                7,
            ),
        ),
        (
            ResolveIssue(issue_id="refunded:pi_1"),
            {
                "matter_id": "refunded:pi_1",
                "progress": "done",
                "lines": [["a/M", 2]],
                "revision": 7,
            },
            IssueResolved("refunded:pi_1", IssueStatus.DONE, (("a/M", 2),), 7),
        ),
        (
            EraseBuyer(order_id="res_1"),
            {"order_id": "res_1", "revision": 7},
            OrderChanged("res_1", 7),
        ),
        (
            CancelTransfer(transfer_id="trf_1"),
            {"transfer": {"id": "trf_1"}, "revision": 7},
            TransferChanged({"id": "trf_1"}, 7),
        ),
        # A hold that replaced no other is stored under the id of the group that was tried first.
        (
            CommandGroup(commands=(Release(ref="s0"), Release(ref="s1"))),
            HOLD,
            Released(*ENDED),
        ),
        # The rows of a repeated import may be those of other rows, and more.
        (
            CommandGroup(commands=(CHAIN,)),
            {"rows": [{"accepted": {"product_id": "p"}}, {"accepted": STOCK}], "revision": 3},
            GroupAnswer((Accepted({"product_id": "p"}), Accepted(STOCK)), 3),
        ),
    ],
)
def test_answers_of_earlier_versions_are_read(command: Command, value: Any, answer: Any) -> None:
    assert restored(command, value) == answer


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        (Attached("res_1", None, 7), '{"reservation_id":"res_1","expires_at":null,"revision":7}'),
        (
            SessionAttached("res_1", 9, 3, 7),
            '{"reservation_id":"res_1","expires_at":9,"at":3,"revision":7}',
        ),
        (PaymentAwaited("res_1", 9), '{"reservation_id":"res_1","expires_at":9}'),
        (FieldsEdited("a", 7), '{"key":"a","revision":7}'),
        (LocationChanged("hall", 7), '{"location":"hall","revision":7}'),
        (RoutingRulesSet(("priority",), 7), '{"rules":["priority"],"revision":7}'),
        (
            UndoAnswer((RestoredRow(SKU, []),), (), "act_2", 7),
            '{"rows":[{"key":"a/M","changes":[]}],"failed":[],"act":"act_2","revision":7}',
        ),
        (OrderChanged("res_1", 7), '{"order_id":"res_1","revision":7}'),
        (PastOrdersAdded(2, 7), '{"added":2,"revision":7}'),
        (TransferChanged({"id": "trf_1"}, 7), '{"transfer":{"id":"trf_1"},"revision":7}'),
        (
            IssueResolved("m1", IssueStatus.DUE, ((SKU, 2),)),
            '{"matter_id":"m1","progress":"due","lines":[["a/M",2]]}',
        ),
    ],
)
def test_answers_are_stored_as_the_first_version_stored_them(
    answer: CommandAnswer, value: str
) -> None:
    assert json.dumps(stored(answer), separators=(",", ":")) == value


def test_a_reserve_that_is_repeated_has_the_first_answer() -> None:
    shop = CoreShop()
    keyed = Reserve(
        reservation_id="h-1",
        session_id="s1",
        lines=(Line("a/M", 2),),
        location=DEFAULT_LOCATION,
        ttl=1000,
        command_id="k",
        digest="d",
    )
    first, again = shop.do(keyed), shop.do(keyed)
    assert isinstance(first, Accepted)
    assert again == Accepted(first.data, replayed=True)
    assert type(first.data) is Reserved
