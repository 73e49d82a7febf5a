"""Random commands on the memory store; every answer and number is compared with a second model."""

from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from fancymonkey.core.command import Command
from fancymonkey.core.execute import DryRun, RecordEvent, SkuCommands
from fancymonkey.core.holds.attach import Attach
from fancymonkey.core.holds.end import Capture, Release
from fancymonkey.core.holds.reserve import Reserve
from fancymonkey.core.holds.set_reserved import SetReserved
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Kind, Line
from fancymonkey.core.outcomes import Accepted, Refused
from fancymonkey.core.stock.adjust import Adjust, Count, Return, SetItem
from tests.core.builders import CoreShop
from tests.core.stock_model import Model

pytestmark = pytest.mark.slow

SKUS = ("a/S", "a/M", "b/M")
UNITS = st.integers(1, 6)
SKU = st.sampled_from(("a/M", "a/M", "a/S", "b/M"))
SESSION = st.sampled_from(("s1", "s1", "s2", "cs_1", "h-1"))
WANTED = st.dictionaries(SKU, UNITS, min_size=1, max_size=2)


class ModelMachine(RuleBasedStateMachine):
    """Runs each command on both and compares."""

    def __init__(self) -> None:
        super().__init__()
        self.shop = CoreShop()
        self.model = Model(dict.fromkeys(("a/S", "a/M", "b/S", "b/M"), 5))
        self.number = 0
        self.events: dict[str, str] = {}

    def expect(self, command: Command, code: str) -> Any:
        answer = self.shop.do(command)
        outcome = "ok" if isinstance(answer, Accepted) else str(answer.code)
        assert outcome == code, f"{command} gave {answer}, the model says {code}"
        return answer.data if isinstance(answer, Accepted) else None

    @rule(session=SESSION, wanted=WANTED, ttl=st.sampled_from((3, 10, 60)))
    def reserve(self, session: str, wanted: dict[str, int], ttl: int) -> None:
        self._reserve(session, wanted, ttl)

    @rule(session=SESSION, sku=SKU, beyond=st.integers(-1, 2), ttl=st.sampled_from((3, 60)))
    def reserve_to_the_limit(self, session: str, sku: str, beyond: int, ttl: int) -> None:
        """All that a session can have, with its own units; a unit less, or more than that."""
        hold = self.model.find(session)
        own = hold.wanted.get(sku, 0) if hold and hold.status == "held" else 0
        units = self.model.available(sku) + own + beyond
        if units > 0:
            self._reserve(session, {sku: units}, ttl)

    def _reserve(self, session: str, wanted: dict[str, int], ttl: int) -> None:
        self.number += 1
        id_ = f"h-{self.number}"
        free = {sku: self.model.available(sku) for sku in wanted}
        code = self.model.reserve(id_, session, wanted, self.shop.now + ttl)
        lines = tuple(Line(sku, count) for sku, count in wanted.items())
        command = Reserve(
            reservation_id=id_, location=DEFAULT_LOCATION, session_id=session, lines=lines, ttl=ttl
        )
        self.expect(command, code)
        for sku, before in free.items():
            after = self.shop.level(sku).available
            assert after >= min(0, before), "a reserve took what was not there"

    @rule(ref=SESSION, session=SESSION, later=st.none() | st.sampled_from((-5, 0, 1, 5, 30)))
    def attach(self, ref: str, session: str, later: int | None) -> None:
        deadline = None if later is None else self.shop.now + later
        code = self.model.attach(ref, session, deadline, self.shop.now)
        self.expect(Attach(ref=ref, session_id=session, expires_at=deadline), code)

    @rule(ref=SESSION)
    def release(self, ref: str) -> None:
        self.expect(Release(ref=ref), self.model.release(ref))

    @rule(ref=SESSION, payment=st.sampled_from(("cs_1", "pay_1", "pay_2")))
    def capture(self, ref: str, payment: str) -> None:
        code = self.model.capture(ref, payment)
        self.expect(Capture(ref=ref, payment_id=payment), code)

    @rule(ref=SESSION, event=st.sampled_from(("e1", "e2", "e3")), paid=st.booleans())
    def event(self, ref: str, event: str, *, paid: bool) -> None:
        effect = Capture(ref=ref, payment_id=ref) if paid else Release(ref=ref)
        known = self.events.get(event)
        if known in (None, "unknown_session"):
            code = self.model.capture(ref, ref) if paid else self.model.release(ref)
            self.events[event] = code
        command = RecordEvent(event_id=event, type="t", object_id=ref, effect=effect)
        data = self.expect(command, "ok")
        assert data.first is (known != self.events[event])
        assert (data.outcome == "unknown_session") is (self.events[event] != "ok")

    @rule(by=st.integers(1, 12))
    def wait(self, by: int) -> None:
        self.model.tick(self.shop.now + by)
        self.shop.do(
            Count(sku="b/S", location=DEFAULT_LOCATION, quantity=5), at=self.shop.now + by
        )  # any batch ends them

    @rule(session=SESSION, ttl=st.sampled_from((0, -1, 5)), odd=st.booleans())
    def reserve_nonsense(self, session: str, ttl: int, *, odd: bool) -> None:
        line = Line("nothing/M", 1) if odd else Line("a/M", 0)
        command = Reserve(
            reservation_id="odd",
            location=DEFAULT_LOCATION,
            session_id=session,
            lines=(line,),
            ttl=ttl,
        )
        assert isinstance(self.shop.do(command), Refused)
        assert self.shop.new == []

    @rule(sku=SKU, change=st.integers(-6, 6), received=st.booleans())
    def adjust(self, sku: str, change: int, *, received: bool) -> None:
        kind = Kind.RECEIVED if received and change > 0 else Kind.ADJUSTED
        self.expect(
            Adjust(sku=sku, location=DEFAULT_LOCATION, delta=change, kind=kind),
            self.model.adjust(sku, change),
        )

    @rule(sku=SKU, counted=st.sampled_from((0, 1, 2, 5, 9)), expected=st.none() | st.integers(0, 9))
    def count(self, sku: str, counted: int, expected: int | None) -> None:
        code = self.model.count(sku, counted, expected)
        self.expect(
            Count(sku=sku, location=DEFAULT_LOCATION, quantity=counted, expected=expected), code
        )

    @rule(sku=SKU, count=st.integers(1, 3), undelivered=st.booleans())
    def give_back(self, sku: str, count: int, *, undelivered: bool) -> None:
        code = self.model.give_back(sku, count, undelivered=undelivered)
        command = Return(
            sku=sku, location=DEFAULT_LOCATION, quantity=count, reason="r", undelivered=undelivered
        )
        self.expect(command, code)

    @rule(sku=SKU, wanted=st.integers(0, 9))
    def set_reserved(self, sku: str, wanted: int) -> None:
        answer = self.shop.do(SetReserved(sku=sku, location=DEFAULT_LOCATION, quantity=wanted))
        # The order in which the owner's own holds end follows from their ids, which the core makes.
        id_ = self.shop.new[-1].reservation_id if self.shop.new else ""
        code = self.model.set_reserved(sku, wanted, id_ or "")
        assert code == ("ok" if isinstance(answer, Accepted) else answer.code)

    @rule(sku=SKU, closed=st.booleans())
    def set_sold_out(self, sku: str, *, closed: bool) -> None:
        (self.model.sold_out.add if closed else self.model.sold_out.discard)(sku)
        self.expect(SetItem(sku=sku, location=DEFAULT_LOCATION, sold_out=closed), "ok")

    @rule(sku=SKU, session=SESSION, dry=st.booleans())
    def what_leaves_no_trace(self, sku: str, session: str, *, dry: bool) -> None:
        parts = (
            SetReserved(sku=sku, location=DEFAULT_LOCATION, quantity=0),
            Release(ref=session),
            Adjust(sku=sku, location=DEFAULT_LOCATION, delta=4),
        )
        impossible = Adjust(sku=sku, location=DEFAULT_LOCATION, delta=-1000)
        answer = self.shop.do(
            DryRun(command=SkuCommands(sku=sku, commands=parts))
            if dry
            else SkuCommands(sku=sku, commands=(parts[0], parts[2], impossible))
        )
        assert dry or isinstance(answer, Refused)
        assert self.shop.new == []

    @invariant()
    def every_number_agrees(self) -> None:
        for sku, on_hand in self.model.on_hand.items():
            reserved, backordered = self.model.reserved(sku), self.model.backordered.get(sku, 0)
            assert self.shop.numbers(sku) == (on_hand, reserved, backordered), sku

    @invariant()
    def every_hold_agrees(self) -> None:
        for id_, hold in self.model.holds.items():
            row = self.shop.hold(id_)
            until = float("inf") if row.expires_at is None else row.expires_at
            wanted = {units.sku: units.quantity for units in row.allocations}
            actual = (str(row.status), until, wanted, row.payment_id)
            assert actual == (hold.status, hold.deadline, hold.wanted, hold.payment)

    @invariant()
    def nothing_appears_and_nothing_is_lost(self) -> None:
        for sku in SKUS:
            level, paid = self.shop.level(sku), self.model.paid.get(sku, 0)
            came = self.model.came.get(sku, 0)
            assert level.on_hand + paid - level.backordered - came == 5

    @invariant()
    def the_ledger_adds_up(self) -> None:
        self.shop.audit()


TestMachine = ModelMachine.TestCase
TestMachine.settings = settings(
    settings.get_profile("default"), max_examples=150, stateful_step_count=40, deadline=None
)
