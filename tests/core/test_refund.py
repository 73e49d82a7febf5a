"""Late, second and returned money, row by row: what raises a matter, and how it is settled."""

import pytest

from fancymonkey.core.adjust import Adjust, Count
from fancymonkey.core.model import Status
from fancymonkey.core.outcomes import Accepted, Code, Refused
from fancymonkey.core.payment import Concern, Matter, Progress
from fancymonkey.core.refund import Doubt, NoteRefund, Settle
from fancymonkey.core.resolve import Capture, Release
from tests.core.builders import Row, Shop, lines, named, take, told

HELD = take("s1", a_M=2, b_S=1)
PAY = Capture(ref="s1", payment_id="cs_1", intent="pi_1")
BACK = NoteRefund(ref="pi_1", whole=True, note="ch_1")
AUTO = NoteRefund(ref="pi_1", whole=True, note="ch_1", take_back=True)
ASKED = "refunded:h-s1"


def matters(shop: Shop) -> dict[str, tuple[Concern, Progress, dict[str, int]]]:
    return {
        row.matter_id: (row.concern, row.progress, {ln.sku: ln.quantity for ln in row.lines})
        for row in shop.image.rows[Matter].values()
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
                NoteRefund(ref="pi_1", whole=False, take_back=True),
                {"outcome": "return proposed"},
            ),
            Row(
                "whole after a part",
                [HELD, PAY, NoteRefund(ref="pi_1", whole=False)],
                AUTO,
                {"outcome": "returned"},
                ["returned a/M on_hand+2", "returned b/S on_hand+1"],
            ),
            Row("by the session's id", [HELD, PAY], NoteRefund(ref="cs_1", whole=True), {}),
            Row("of nobody's payment", [HELD], BACK, Code.UNKNOWN_SESSION),
            Row(
                "what the owner takes back",
                [HELD, PAY, BACK],
                Settle(matter_id=ASKED, returned=lines(a_M=1)),
                {"progress": "open", "lines": [("a/M", 1), ("b/S", 1)]},
                ["returned a/M on_hand+1"],
            ),
            Row(
                "the rest is over with",
                [HELD, PAY, BACK, Settle(matter_id=ASKED, returned=lines(a_M=1))],
                Settle(matter_id=ASKED, returned=lines(a_M=1, b_S=1)),
                {"progress": "done", "lines": []},
                ["returned a/M on_hand+1", "returned b/S on_hand+1"],
            ),
            Row(
                "more than was sold",
                [HELD, PAY, BACK, Settle(matter_id=ASKED, returned=lines(a_M=1))],
                Settle(matter_id=ASKED, returned=lines(a_M=2)),
                Code.OUT_OF_RANGE,
            ),
            Row(
                "nothing at all",
                [HELD, PAY, BACK],
                Settle(matter_id=ASKED, returned=lines(a_M=0)),
                Code.OUT_OF_RANGE,
            ),
            Row(
                "kept by the buyer",
                [HELD, PAY, BACK],
                Settle(matter_id=ASKED, then=Progress.DISMISSED),
                {"progress": "dismissed"},
            ),
            Row(
                "after it was put aside",
                [HELD, PAY, BACK, Settle(matter_id=ASKED, then=Progress.DISMISSED)],
                Settle(matter_id=ASKED, returned=lines(a_M=1)),
                Code.MATTER_CLOSED,
            ),
            Row(
                "put aside twice",
                [HELD, PAY, BACK, Settle(matter_id=ASKED, then=Progress.DISMISSED)],
                Settle(matter_id=ASKED, then=Progress.DISMISSED),
                {"progress": "dismissed"},
            ),
            Row("no such matter", [], Settle(matter_id="x"), Code.UNKNOWN_MATTER),
        ]
    )
)
def test_a_refund(row: Row) -> None:
    row.check()


def test_a_second_payment_is_a_matter_and_its_refund_settles_it() -> None:
    shop = Shop()
    second = Capture(ref="s1", payment_id="cs_2", intent="pi_2")
    shop.do(HELD, PAY)
    answer = shop.do(second)
    assert isinstance(answer, Accepted)
    assert answer.data["outcome"] == "second payment"
    shop.do(second)
    assert shop.new == []
    assert matters(shop) == {
        "second_payment:pi_2": (Concern.SECOND_PAYMENT, Progress.OPEN, {}),
    }
    shop.do(NoteRefund(ref="pi_2", whole=True, take_back=True))
    assert matters(shop)["second_payment:pi_2"][1] is Progress.DONE
    assert shop.numbers("a/M") == (3, 0, 0)


def test_the_same_payment_again_is_no_matter() -> None:
    shop = Shop()
    shop.do(HELD, PAY, PAY, Capture(ref="h-s1", payment_id="cs_1"))
    assert matters(shop) == {}


LATE = [take("s1", a_M=4), Release(ref="s1"), take("s2", a_M=3)]
"""Two are left of what was held when the money comes."""


def test_a_late_payment_takes_what_there_is_and_owes_the_rest() -> None:
    shop = Shop()
    shop.do(*LATE, PAY)
    assert shop.numbers("a/M") == (3, 3, 2)
    assert matters(shop) == {"late_payment:pi_1": (Concern.LATE_PAYMENT, Progress.OPEN, {"a/M": 2})}
    # The refund of it strikes off what was never delivered and brings back the rest.
    shop.do(AUTO)
    assert [told(entry) for entry in shop.new] == [
        "returned a/M backordered-2",
        "returned a/M on_hand+2",
    ]
    assert matters(shop)["late_payment:pi_1"][1] is Progress.DONE
    shop.audit()


def test_a_late_payment_that_cannot_be_served_is_refunded_once() -> None:
    shop = Shop()
    late = Capture(ref="s1", payment_id="cs_1", intent="pi_1", refund_late=True)
    shop.do(*LATE)
    for outcome in ("refund due", None):
        answer = shop.do(late)
        assert isinstance(answer, Accepted)
        assert answer.data.get("outcome") == outcome
        assert shop.new == []
    shop.do(Adjust(sku="a/M", delta=50), late)
    assert shop.new == []
    assert shop.numbers("a/M") == (55, 3, 0)
    hold = shop.hold("cs_1")
    assert (hold.status, hold.payment_id, hold.late) == (Status.RELEASED, "cs_1", True)
    assert matters(shop) == {"late_payment:pi_1": (Concern.LATE_PAYMENT, Progress.DUE, {"a/M": 4})}
    shop.do(Settle(matter_id="late_payment:pi_1", then=Progress.DONE, note="re_1"), AUTO)
    assert matters(shop)["late_payment:pi_1"][1] is Progress.DONE
    assert shop.numbers("a/M") == (55, 3, 0)


def test_a_late_payment_that_can_be_served_is_served() -> None:
    shop = Shop()
    shop.do(
        take("s1", a_M=2),
        Release(ref="s1"),
        Capture(ref="s1", payment_id="cs_1", intent="pi_1", refund_late=True),
    )
    assert shop.numbers("a/M") == (3, 0, 0)
    assert matters(shop) == {"late_payment:pi_1": (Concern.LATE_PAYMENT, Progress.OPEN, {})}


def test_a_count_that_found_too_little_owes_and_says_so() -> None:
    shop = Shop()
    shop.do(take("s1", a_M=4), Count(sku="a/M", quantity=1), PAY)
    assert matters(shop) == {"backorder:pi_1": (Concern.BACKORDER, Progress.OPEN, {"a/M": 3})}
    assert isinstance(shop.do(Settle(matter_id="backorder:pi_1", returned=lines(a_M=1))), Refused)


def test_doubt_is_kept_once() -> None:
    shop = Shop()
    shop.do(HELD, PAY, Doubt(ref="h-s1", payment="cs_1"), Doubt(ref="h-s1", payment="cs_1"))
    assert shop.new == []
    assert list(matters(shop)) == ["not_paid:cs_1"]
    assert isinstance(shop.do(Doubt(ref="x", payment="cs_1")), Refused)
