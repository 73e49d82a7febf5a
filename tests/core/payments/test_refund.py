"""Late, second and returned payments, row by row: their issues, and the resolutions."""

import pytest

from fancymonkey.core.holds.end import Capture, Release
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Status
from fancymonkey.core.outcomes import Accepted, Code, Refused
from fancymonkey.core.payments.answers import PaymentNews
from fancymonkey.core.payments.refunds import (
    RecordRefund,
    RefundFailed,
    ReportMissingPayment,
    ResolveIssue,
)
from fancymonkey.core.payments.rows import IssueKind, IssueStatus, PaymentIssue
from fancymonkey.core.stock.adjust import Adjust, Count
from tests.core.builders import CoreShop, Row, entry_text, lines, named, take

HELD = take("s1", a_M=2, b_S=1)
PAY = Capture(ref="s1", payment_id="cs_1", intent="pi_1")
BACK = RecordRefund(ref="pi_1", whole=True, note="ch_1")
AUTO = RecordRefund(ref="pi_1", whole=True, note="ch_1", take_back=True)
ASKED = "refunded:h-s1"


def issues(shop: CoreShop) -> dict[str, tuple[IssueKind, IssueStatus, dict[str, int]]]:
    return {
        row.issue_id: (row.concern, row.progress, {ln.sku: ln.quantity for ln in row.lines})
        for row in shop.image.rows[PaymentIssue].values()
    }


@pytest.mark.parametrize(
    **named(
        [
            Row("is proposed", [HELD, PAY], BACK, {"outcome": "return proposed"}),
            Row("again", [HELD, PAY, BACK], BACK, {"outcome": "return proposed"}),
            Row(
                "at once, where the owner wants it so",
                [HELD, PAY],
                AUTO,
                {"outcome": "returned"},
                ["returned a/M on_hand+2", "returned b/S on_hand+1"],
            ),
            Row("at once, and once", [HELD, PAY, AUTO], AUTO, {"outcome": "no change"}),
            Row(
                "a part is only proposed",
                [HELD, PAY],
                RecordRefund(ref="pi_1", whole=False, take_back=True),
                {"outcome": "return proposed"},
            ),
            Row(
                "whole after a part",
                [HELD, PAY, RecordRefund(ref="pi_1", whole=False)],
                AUTO,
                {"outcome": "returned"},
                ["returned a/M on_hand+2", "returned b/S on_hand+1"],
            ),
            Row("by the session's id", [HELD, PAY], RecordRefund(ref="cs_1", whole=True), {}),
            Row("of nobody's payment", [HELD], BACK, Code.UNKNOWN_SESSION),
            Row(
                "what the owner takes back",
                [HELD, PAY, BACK],
                ResolveIssue(issue_id=ASKED, returned=lines(a_M=1)),
                {"progress": "open", "lines": [["a/M", 1], ["b/S", 1]]},
                ["returned a/M on_hand+1"],
            ),
            Row(
                "the rest is over with",
                [HELD, PAY, BACK, ResolveIssue(issue_id=ASKED, returned=lines(a_M=1))],
                ResolveIssue(issue_id=ASKED, returned=lines(a_M=1, b_S=1)),
                {"progress": "done", "lines": []},
                ["returned a/M on_hand+1", "returned b/S on_hand+1"],
            ),
            Row(
                "more than was sold",
                [HELD, PAY, BACK, ResolveIssue(issue_id=ASKED, returned=lines(a_M=1))],
                ResolveIssue(issue_id=ASKED, returned=lines(a_M=2)),
                Code.OUT_OF_RANGE,
            ),
            Row(
                "nothing at all",
                [HELD, PAY, BACK],
                ResolveIssue(issue_id=ASKED, returned=lines(a_M=0)),
                Code.OUT_OF_RANGE,
            ),
            Row(
                "kept by the buyer",
                [HELD, PAY, BACK],
                ResolveIssue(issue_id=ASKED, then=IssueStatus.DISMISSED),
                {"progress": "dismissed"},
            ),
            Row(
                "after it was put aside",
                [HELD, PAY, BACK, ResolveIssue(issue_id=ASKED, then=IssueStatus.DISMISSED)],
                ResolveIssue(issue_id=ASKED, returned=lines(a_M=1)),
                Code.ISSUE_CLOSED,
            ),
            Row(
                "put aside twice",
                [HELD, PAY, BACK, ResolveIssue(issue_id=ASKED, then=IssueStatus.DISMISSED)],
                ResolveIssue(issue_id=ASKED, then=IssueStatus.DISMISSED),
                {"progress": "dismissed"},
            ),
            Row("payment issue does not exist", [], ResolveIssue(issue_id="x"), Code.UNKNOWN_ISSUE),
        ]
    )
)
def test_a_refund(row: Row) -> None:
    row.check()


PART = RecordRefund(ref="pi_1", whole=False, refund="re_1", note="re_1")
MORE = RecordRefund(ref="pi_1", whole=False, refund="re_2", note="re_2")
CHARGE = RecordRefund(ref="pi_1", whole=False, note="ch_1")
ASIDE = ResolveIssue(issue_id=ASKED, then=IssueStatus.DISMISSED, note="goodwill")


@pytest.mark.parametrize(
    **named(
        [
            Row("is reported again", [HELD, PAY, PART, ASIDE], PART, {"outcome": "no change"}),
            Row("of its charge", [HELD, PAY, PART, ASIDE], CHARGE, {"outcome": "no change"}),
            Row("is another", [HELD, PAY, PART, ASIDE], MORE, {"outcome": "return proposed"}),
            Row("is the rest", [HELD, PAY, PART, ASIDE], BACK, {"outcome": "return proposed"}),
            Row(
                "is the rest, and returns by itself",
                [HELD, PAY, PART, ResolveIssue(issue_id=ASKED, returned=lines(a_M=1)), ASIDE],
                AUTO,
                {"outcome": "returned"},
                ["returned a/M on_hand+1", "returned b/S on_hand+1"],
            ),
            Row(
                "when all is back on the shelf",
                [HELD, PAY, PART, ResolveIssue(issue_id=ASKED, returned=lines(a_M=2, b_S=1))],
                AUTO,
                {"outcome": "no change"},
            ),
            Row(
                "after the whole is one of its parts",
                [HELD, PAY, BACK, ASIDE],
                PART,
                {"outcome": "no change"},
            ),
            Row("after the whole, again", [HELD, PAY, BACK, ASIDE], BACK, {"outcome": "no change"}),
        ]
    )
)
def test_a_refund_after_one_was_settled(row: Row) -> None:
    row.check()


def test_a_further_refund_asks_again_for_the_remaining_units() -> None:
    shop = CoreShop()
    shop.do(HELD, PAY, PART, ResolveIssue(issue_id=ASKED, returned=lines(a_M=1)), ASIDE)
    shop.do(MORE, at=7)
    assert issues(shop) == {ASKED: (IssueKind.REFUNDED, IssueStatus.OPEN, {"a/M": 1, "b/S": 1})}
    issue = shop.image.rows[PaymentIssue][ASKED]
    assert (issue.opened_at, issue.closed_at, issue.note) == (7, None, "re_2")


def test_a_second_payment_is_an_issue_and_its_refund_settles_it() -> None:
    shop = CoreShop()
    second = Capture(ref="s1", payment_id="cs_2", intent="pi_2")
    shop.do(HELD, PAY)
    answer = shop.do(second)
    assert isinstance(answer, Accepted)
    assert answer.data.outcome == "second payment"
    shop.do(second)
    assert shop.new == []
    assert issues(shop) == {
        "second_payment:pi_2": (IssueKind.SECOND_PAYMENT, IssueStatus.OPEN, {}),
    }
    shop.do(RecordRefund(ref="pi_2", whole=True, take_back=True))
    assert issues(shop)["second_payment:pi_2"][1] is IssueStatus.DONE
    assert shop.numbers("a/M") == (3, 0, 0)


def test_the_same_payment_again_is_not_an_issue() -> None:
    shop = CoreShop()
    shop.do(HELD, PAY, PAY, Capture(ref="h-s1", payment_id="cs_1"))
    assert issues(shop) == {}


LATE = [take("s1", a_M=4), Release(ref="s1"), take("s2", a_M=3)]
"""Two of the held units are still available when the payment arrives."""


def test_a_late_payment_takes_what_there_is_and_owes_the_rest() -> None:
    shop = CoreShop()
    shop.do(*LATE, PAY)
    assert shop.numbers("a/M") == (3, 3, 2)
    assert issues(shop) == {
        "late_payment:pi_1": (IssueKind.LATE_PAYMENT, IssueStatus.OPEN, {"a/M": 2})
    }
    # Its refund removes the undelivered units from the backorders and returns the others.
    shop.do(AUTO)
    assert [entry_text(entry) for entry in shop.new] == [
        "returned a/M backordered-2",
        "returned a/M on_hand+2",
    ]
    assert issues(shop)["late_payment:pi_1"][1] is IssueStatus.DONE
    shop.audit()


OWED = "late_payment:pi_1"


@pytest.mark.parametrize(
    "decided",
    [
        None,
        ResolveIssue(issue_id=OWED, then=IssueStatus.DONE, note="kept as a backorder"),
        ResolveIssue(issue_id=OWED, then=IssueStatus.DISMISSED),
        ResolveIssue(issue_id=OWED, then=IssueStatus.DONE, note="re_1"),
    ],
)
@pytest.mark.parametrize("then", [IssueStatus.DONE, IssueStatus.DISMISSED])
def test_a_refund_cancels_backorders_for_any_answer_of_the_owner(
    decided: ResolveIssue | None, then: IssueStatus
) -> None:
    shop = CoreShop()
    shop.do(*LATE, PAY)
    if decided is not None:
        shop.do(decided)
    shop.do(BACK)
    assert [entry_text(entry) for entry in shop.new] == ["returned a/M backordered-2"]
    assert issues(shop)[ASKED] == (IssueKind.REFUNDED, IssueStatus.OPEN, {"a/M": 2})
    assert issues(shop)[OWED][1] is (IssueStatus.DONE if decided is None else decided.then)
    shop.do(BACK)
    assert shop.new == []
    shop.do(
        ResolveIssue(issue_id=ASKED, then=then),
        Adjust(sku="a/M", location=DEFAULT_LOCATION, delta=2),
    )
    assert shop.numbers("a/M") == (5, 3, 0)
    shop.audit()


def test_a_refund_of_undelivered_units_raises_no_issue() -> None:
    shop = CoreShop()
    shop.do(take("s1", a_M=2), Release(ref="s1"), take("s2", a_M=5), PAY)
    answer = shop.do(BACK)
    assert isinstance(answer, Accepted)
    assert answer.data == PaymentNews("returned")
    assert [entry_text(entry) for entry in shop.new] == ["returned a/M backordered-2"]
    assert issues(shop)[ASKED] == (IssueKind.REFUNDED, IssueStatus.DONE, {})
    shop.audit()


def test_a_refund_by_the_shop_adds_no_unit() -> None:
    """The issue is settled when Stripe has taken the refund, before its event arrives."""
    shop = CoreShop()
    shop.do(
        take("s1", a_M=1),
        take("s2", a_M=1),
        Count(sku="a/M", location=DEFAULT_LOCATION, quantity=0),
        PAY,
    )
    shop.do(ResolveIssue(issue_id="backorder:pi_1", then=IssueStatus.DONE, note="re_1"), AUTO)
    assert shop.numbers("a/M") == (0, 1, 0)
    assert issues(shop)[ASKED] == (IssueKind.REFUNDED, IssueStatus.DONE, {})
    shop.audit()


def test_units_received_since_are_kept() -> None:
    shop = CoreShop()
    shop.do(*LATE, PAY, Adjust(sku="a/M", location=DEFAULT_LOCATION, delta=1), BACK)
    assert [entry_text(entry) for entry in shop.new] == ["returned a/M backordered-1"]
    assert issues(shop)[ASKED] == (IssueKind.REFUNDED, IssueStatus.OPEN, {"a/M": 3})


def test_after_a_partial_refund_undelivered_units_come_first() -> None:
    shop = CoreShop()
    shop.do(*LATE, PAY, RecordRefund(ref="pi_1", whole=False, note="re_1"))
    assert shop.new == []
    shop.do(ResolveIssue(issue_id=ASKED, returned=lines(a_M=1)))
    assert [entry_text(entry) for entry in shop.new] == ["returned a/M backordered-1"]
    shop.do(AUTO)
    assert [entry_text(entry) for entry in shop.new] == [
        "returned a/M backordered-1",
        "returned a/M on_hand+2",
    ]
    shop.audit()


def test_a_late_payment_that_cannot_be_served_is_refunded_once() -> None:
    shop = CoreShop()
    late = Capture(ref="s1", payment_id="cs_1", intent="pi_1", refund_late=True)
    shop.do(*LATE)
    for outcome in ("refund due", None):
        answer = shop.do(late)
        assert isinstance(answer, Accepted)
        assert answer.data.outcome == outcome
        assert shop.new == []
    shop.do(Adjust(sku="a/M", location=DEFAULT_LOCATION, delta=50), late)
    assert shop.new == []
    assert shop.numbers("a/M") == (55, 3, 0)
    hold = shop.hold("cs_1")
    assert (hold.status, hold.payment_id, hold.late) == (Status.RELEASED, "cs_1", True)
    assert issues(shop) == {
        "late_payment:pi_1": (IssueKind.LATE_PAYMENT, IssueStatus.DUE, {"a/M": 4})
    }
    shop.do(ResolveIssue(issue_id="late_payment:pi_1", then=IssueStatus.DONE, note="re_1"), AUTO)
    assert issues(shop)["late_payment:pi_1"][1] is IssueStatus.DONE
    assert shop.numbers("a/M") == (55, 3, 0)


INSTEAD = Capture(ref="s1", payment_id="cs_1", intent="pi_1", refund_late=True)
"""A payment that is refunded and buys nothing, after `LATE`."""
OTHER = Capture(ref="s1", payment_id="cs_2", intent="pi_2", refund_late=True)


@pytest.mark.parametrize(
    "given", [[], [ResolveIssue(issue_id=OWED, then=IssueStatus.DONE, note="re_1")]]
)
def test_the_refund_of_one_payment_returns_no_unit_of_another(given: list[ResolveIssue]) -> None:
    shop = CoreShop()
    shop.do(*LATE, INSTEAD, Release(ref="s2"), OTHER, *given)
    assert shop.numbers("a/M") == (1, 0, 0)
    answer = shop.do(AUTO)
    assert isinstance(answer, Accepted)
    assert (answer.data, shop.new) == (PaymentNews("refund noted"), [])
    assert issues(shop)[OWED][1] is IssueStatus.DONE
    assert ASKED not in issues(shop)
    shop.do(RecordRefund(ref="pi_2", whole=True, take_back=True))
    assert shop.numbers("a/M") == (5, 0, 0)


def test_a_repeated_event_of_a_refunded_payment_is_not_a_second_payment() -> None:
    shop = CoreShop()
    shop.do(*LATE, INSTEAD, Release(ref="s2"), OTHER, INSTEAD)
    assert set(issues(shop)) == {OWED, "late_payment:pi_2"}


def test_a_late_payment_that_can_be_served_is_served() -> None:
    shop = CoreShop()
    shop.do(
        take("s1", a_M=2),
        Release(ref="s1"),
        Capture(ref="s1", payment_id="cs_1", intent="pi_1", refund_late=True),
    )
    assert shop.numbers("a/M") == (3, 0, 0)
    assert issues(shop) == {"late_payment:pi_1": (IssueKind.LATE_PAYMENT, IssueStatus.OPEN, {})}


def test_a_count_that_found_too_little_owes_units_and_raises_an_issue() -> None:
    shop = CoreShop()
    shop.do(take("s1", a_M=4), Count(sku="a/M", location=DEFAULT_LOCATION, quantity=1), PAY)
    assert issues(shop) == {"backorder:pi_1": (IssueKind.BACKORDER, IssueStatus.OPEN, {"a/M": 3})}
    assert isinstance(
        shop.do(ResolveIssue(issue_id="backorder:pi_1", returned=lines(a_M=1))), Refused
    )


def test_doubt_is_kept_once() -> None:
    shop = CoreShop()
    shop.do(
        HELD,
        PAY,
        ReportMissingPayment(ref="h-s1", payment="cs_1"),
        ReportMissingPayment(ref="h-s1", payment="cs_1"),
    )
    assert shop.new == []
    assert list(issues(shop)) == ["not_paid:cs_1"]
    assert isinstance(shop.do(ReportMissingPayment(ref="x", payment="cs_1")), Refused)


FAILED = RefundFailed(ref="pi_1", refund="re_1")


def test_a_failed_refund_is_an_issue_of_its_own_once() -> None:
    shop = CoreShop()
    shop.do(HELD, PAY, AUTO, FAILED, FAILED)
    assert shop.new == []
    assert issues(shop)["refund_failed:re_1"] == (IssueKind.REFUND_FAILED, IssueStatus.OPEN, {})
    assert issues(shop)[ASKED][1] is IssueStatus.DONE
    shop.do(
        ResolveIssue(issue_id="refund_failed:re_1", then=IssueStatus.DONE, note="in cash"), FAILED
    )
    assert issues(shop)["refund_failed:re_1"][1] is IssueStatus.DONE
    shop.do(RefundFailed(ref="pi_1", refund="re_2"))
    assert issues(shop)["refund_failed:re_2"][1] is IssueStatus.OPEN
    assert isinstance(shop.do(RefundFailed(ref="pi_9", refund="re_3")), Refused)


def test_a_refund_fails_of_a_payment_that_bought_nothing() -> None:
    shop = CoreShop()
    shop.do(*LATE, INSTEAD, ResolveIssue(issue_id=OWED, then=IssueStatus.DONE, note="re_1"), FAILED)
    assert shop.image.rows[PaymentIssue]["refund_failed:re_1"].reservation_id == "h-s1"
