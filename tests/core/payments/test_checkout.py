"""The payment of a hold, row by row: BeginCheckout, CheckoutOpened, CloseCheckout, AwaitPayment."""

from collections.abc import Sequence

import pytest

from fancymonkey.core.command import Command
from fancymonkey.core.execute import CommandGroup
from fancymonkey.core.holds.end import Capture, Release
from fancymonkey.core.holds.reserve import Reserve
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Status
from fancymonkey.core.outcomes import Accepted, Code, Refused
from fancymonkey.core.payments.checkout import (
    AwaitPayment,
    BeginCheckout,
    CheckoutOpened,
    CloseCheckout,
    ReplaceCheckout,
)
from fancymonkey.core.payments.rows import Checkout, Stage
from tests.core.builders import CoreShop, Row, lines, named, take

HELD = take("s1", a_M=2)


def begin(number: int = 1, until: int = 5000, ref: str = "h-s1", most: int = 3) -> BeginCheckout:
    return BeginCheckout(
        ref=ref, number=number, ends_at=until - 100, until=until, request="{}", most=most
    )


def opened(number: int = 1, session: str = "cs_1", ref: str = "h-s1") -> CheckoutOpened:
    return CheckoutOpened(ref=ref, number=number, payment_session=session)


def close(number: int = 1, session: str | None = None, until: int | None = None) -> CloseCheckout:
    return CloseCheckout(ref="h-s1", number=number, payment_session=session, until=until)


@pytest.mark.parametrize(
    **named(
        [
            Row(
                "the first attempt keeps the hold alive",
                [HELD],
                begin(),
                {"number": 1, "reservation_id": "h-s1", "expires_at": 5000},
                ["extended a/M"],
            ),
            Row(
                "a hold that lives longer anyway",
                [take("s1", ttl=9000, a_M=2)],
                begin(),
                {"expires_at": 9000},
            ),
            Row("nothing is held", [], begin(), Code.CHECKOUT_CHANGED),
            Row("it has ended", [HELD, Release(ref="s1")], begin(), Code.HOLD_ENDED),
            Row(
                "it was paid", [HELD, Capture(ref="s1", payment_id="p")], begin(), Code.SESSION_PAID
            ),
            Row("another attempt is not closed", [HELD, begin()], begin(2), Code.CHECKOUT_CHANGED),
            Row(
                "after a closed one",
                [HELD, begin(), close()],
                begin(2, 6000),
                {"number": 2, "expires_at": 6000},
                ["extended a/M"],
            ),
            Row(
                "a number that was taken", [HELD, begin(), close()], begin(1), Code.CHECKOUT_CHANGED
            ),
            Row(
                "too often",
                [HELD, begin(), close()],
                begin(2, most=1),
                Code.TOO_MANY_CHECKOUTS,
            ),
            Row("opened", [HELD, begin()], opened(), {"expires_at": 5000}),
            Row("opened twice", [HELD, begin(), opened()], opened(), {"expires_at": 5000}),
            Row("opened, and never begun", [HELD], opened(), Code.CHECKOUT_CHANGED),
            Row("opened too late", [HELD, begin(), Release(ref="s1")], opened(), Code.HOLD_ENDED),
            Row("opened when closed", [HELD, begin(), close()], opened(), Code.CHECKOUT_CHANGED),
            Row(
                "opened for an older attempt",
                [HELD, begin(), close(), begin(2)],
                opened(1),
                Code.CHECKOUT_CHANGED,
            ),
            Row(
                "a session that means another hold",
                [HELD, take("cs_1", a_S=1), begin()],
                opened(),
                Code.SESSION_IN_USE,
            ),
            Row("of no hold", [], opened(), Code.UNKNOWN_SESSION),
            Row("closing what never was", [HELD], close(), {}),
            Row("closing for no hold", [], close(), Code.UNKNOWN_SESSION),
            Row(
                "lines do not change at the checkout",
                [HELD, begin()],
                take("s1", a_M=3),
                Code.CHECKOUT_OPEN,
            ),
            Row(
                "nor does a line come on top",
                [HELD, begin(), opened()],
                take("s1", b_S=1),
                Code.CHECKOUT_OPEN,
            ),
            Row(
                "the same lines are no change",
                [HELD, begin()],
                take("s1", a_M=2),
                {"lines": [("a/M", 2, 5, 2, 3)]},
            ),
            Row(
                "what is closed may change",
                [HELD, begin(), close()],
                take("s1", a_M=3),
                {},
                ["reserved a/M reserved+1"],
            ),
            Row(
                "only these lines",
                [take("s1", a_M=2, b_S=1)],
                Reserve(
                    reservation_id="x",
                    location=DEFAULT_LOCATION,
                    session_id="s1",
                    lines=lines(b_S=2),
                    ttl=1000,
                    only=True,
                ),
                {"lines": [("b/S", 2, 5, 2, 3)]},
                ["released a/M reserved-2", "reserved b/S reserved+1"],
            ),
            Row(
                "money under way keeps the hold",
                [HELD],
                AwaitPayment(ref="s1", until=9000),
                {"expires_at": 9000},
                ["extended a/M"],
            ),
            Row(
                "and never shortens it",
                [take("s1", ttl=9000, a_M=1)],
                AwaitPayment(ref="s1", until=2000),
                {"expires_at": 9000},
            ),
            Row(
                "nor revives it",
                [HELD, Release(ref="s1")],
                AwaitPayment(ref="s1", until=9000),
                {"reservation_id": "h-s1"},
            ),
            Row(
                "found by a further id",
                [HELD],
                AwaitPayment(ref="cs_1", others=("s1",), until=9000),
                {"reservation_id": "h-s1"},
                ["extended a/M"],
            ),
            Row("for nobody", [], AwaitPayment(ref="s1", until=9000), Code.UNKNOWN_SESSION),
        ]
    )
)
def test_row(row: Row) -> None:
    if isinstance(row.answer, dict) and not row.answer and isinstance(row.when, CloseCheckout):
        shop = CoreShop()
        shop.do(*row.given)
        assert shop.do(row.when) == Accepted(None)
        return
    row.check()


@pytest.mark.parametrize(
    ("given", "command", "stage", "until"),
    [
        pytest.param([begin()], close(), Stage.CLOSED, 5000, id="closed"),
        pytest.param([begin()], close(until=1500), Stage.CLOSED, 1500, id="and as before"),
        pytest.param(
            [begin(), close(), begin(2, 9000)],
            close(until=1500),
            Stage.OPENING,
            9000,
            id="another attempt has begun",
        ),
        pytest.param(
            [begin(), opened()], close(until=1500), Stage.OPEN, 5000, id="it has a session by now"
        ),
        pytest.param(
            [begin(), opened()],
            close(session="cs_1"),
            Stage.CLOSED,
            5000,
            id="that session is over",
        ),
    ],
)
def test_a_failed_attempt_has_no_effect_on_others(
    given: list[Command], command: CloseCheckout, stage: Stage, until: int
) -> None:
    shop = CoreShop()
    shop.do(HELD, *given, command)
    assert shop.image.rows[Checkout]["h-s1"].stage is stage
    assert shop.hold("h-s1").expires_at == until


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ([begin()], Status.RELEASED),
        ([begin(), opened()], Status.HELD),
        ([begin(), close(), begin(2)], Status.HELD),
    ],
)
def test_a_hold_is_given_back_by_its_latest_attempt_only(
    given: list[Command], status: Status
) -> None:
    shop = CoreShop()
    shop.do(HELD, *given, Release(ref="h-s1", number=1))
    assert shop.hold("h-s1").status is status


REPLACE = ReplaceCheckout(ref="h-s1", number=1)


@pytest.mark.parametrize(
    ("given", "status", "stage"),
    [
        ([begin(), opened(), REPLACE], Status.HELD, Stage.CLOSED),
        ([begin(), REPLACE, opened()], Status.HELD, Stage.CLOSED),
        ([begin(), opened(), REPLACE, close(session="cs_1")], Status.HELD, Stage.CLOSED),
        (
            [begin(), opened(), REPLACE, close(session="cs_1"), begin(2)],
            Status.HELD,
            Stage.OPENING,
        ),
        ([begin(), opened(), close(session="cs_1"), REPLACE], Status.RELEASED, Stage.CLOSED),
        ([begin(), opened()], Status.RELEASED, Stage.OPEN),
    ],
)
def test_the_expiry_of_a_replaced_checkout_does_not_end_the_hold(
    given: list[Command], status: Status, stage: Stage
) -> None:
    shop = CoreShop()
    shop.do(HELD, *given, Release(ref="h-s1", payment_session="cs_1", number=1))
    assert shop.hold("h-s1").status is status
    assert shop.image.rows[Checkout]["h-s1"].stage is stage


def test_a_payment_of_a_replaced_checkout_that_fails_after_days_ends_the_hold() -> None:
    shop = CoreShop()
    waits = AwaitPayment(ref="h-s1", until=9000, payment_session="cs_1")
    shop.do(HELD, begin(), opened(), REPLACE, waits)
    shop.do(Release(ref="h-s1", payment_session="cs_1", number=1, failed=True))
    assert shop.hold("h-s1").status is Status.RELEASED


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ([HELD], Code.CHECKOUT_CHANGED),
        ([HELD, begin(), close(), begin(2)], Code.CHECKOUT_CHANGED),
        ([HELD, begin(), Release(ref="s1")], Code.HOLD_ENDED),
        ([], Code.UNKNOWN_SESSION),
    ],
)
def test_only_the_latest_open_checkout_of_a_live_hold_can_be_replaced(
    given: list[Command], code: Code
) -> None:
    shop = CoreShop()
    for command in given:
        shop.do(command)
    answer = shop.do(REPLACE)
    assert isinstance(answer, Refused)
    assert answer.code is code


def test_the_session_means_the_hold() -> None:
    shop = CoreShop()
    shop.do(HELD, begin(), opened())
    assert shop.hold("cs_1").reservation_id == "h-s1"
    checkout = shop.image.rows[Checkout]["h-s1"]
    assert checkout == Checkout("h-s1", 1, Stage.OPEN, 4900, "{}", "cs_1")


def test_a_hold_and_its_checkout_begin_together_or_not() -> None:
    shop = CoreShop()
    both = CommandGroup(commands=(take("s1", a_M=2), begin(number=2)), all_or_nothing=True)
    assert isinstance(shop.do(both), Refused)
    assert shop.new == []
    assert shop.hold_count() == 0


def release(session: str, number: int | None = None) -> Release:
    """The report of an event about the end of a session."""
    return Release(ref="h-s1", payment_session=session, number=number)


@pytest.mark.parametrize(
    ("given", "when", "ends"),
    [
        ([], release("cs_1"), True),
        ([begin(), opened()], release("cs_1"), True),
        (
            [begin(), opened(), close(session="cs_1"), begin(2), opened(2, "cs_2")],
            release("cs_1"),
            False,
        ),
        (
            [begin(), opened(), close(session="cs_1"), begin(2), opened(2, "cs_2")],
            release("cs_2"),
            True,
        ),
        ([begin(), opened(), close(session="cs_1"), begin(2)], release("cs_1", 1), False),
        ([begin(), opened(), close(session="cs_1"), begin(2)], release("cs_2", 2), True),
        ([begin()], release("cs_1", 1), True),
        ([begin()], release("cs_1"), True),
    ],
)
def test_only_the_latest_session_ends_its_hold(
    given: Sequence[Command], when: Release, *, ends: bool
) -> None:
    shop = CoreShop()
    shop.do(HELD, *given, when)
    assert (shop.hold("h-s1").status == "released") is ends
    shop.audit()
