"""A second model of the rules, written from the documentation: slow, simple, without the core."""

from dataclasses import dataclass, field

Wanted = dict[str, int]


@dataclass
class ModelHold:
    """The hold of a buyer. `status` is held, released, expired or captured."""

    wanted: Wanted
    deadline: float
    status: str = "held"
    payment: str | None = None


@dataclass
class Model:
    """A shop of a few SKUs. A method answers "ok" or the code of a refusal."""

    on_hand: Wanted
    backordered: Wanted = field(default_factory=dict)
    paid: Wanted = field(default_factory=dict)
    came: Wanted = field(default_factory=dict)
    holds: dict[str, ModelHold] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    sold_out: set[str] = field(default_factory=set)
    second: set[str] = field(default_factory=set)
    late: set[str] = field(default_factory=set)

    def reserved(self, sku: str) -> int:
        live = [hold for hold in self.holds.values() if hold.status == "held"]
        return sum(hold.wanted.get(sku, 0) for hold in live)

    def available(self, sku: str) -> int:
        return self.on_hand[sku] - self.reserved(sku)

    def tick(self, now: int) -> None:
        for hold in self.holds.values():
            if hold.status == "held" and hold.deadline <= now:
                hold.status = "expired"

    def find(self, ref: str) -> ModelHold | None:
        return self.holds.get(ref) or self.holds.get(self.ids.get(ref, ""))

    def reserve(self, id_: str, session: str, wanted: Wanted, deadline: int) -> str:
        hold = self.find(session)
        if not wanted.keys() <= self.on_hand.keys():
            return "unknown_item"
        if hold and hold.payment == session:
            return "session_paid"
        if hold and hold.status != "held":
            if session in self.holds:
                return "hold_ended"
            hold = None
        own = hold.wanted if hold else {}
        more = {sku for sku, count in wanted.items() if count > own.get(sku, 0)}
        if more & self.sold_out:
            return "sold_out"
        if any(wanted[sku] > self.available(sku) + own.get(sku, 0) for sku in more):
            return "insufficient_stock"
        if hold:
            hold.wanted = own | wanted
        else:
            self.holds[id_] = ModelHold(wanted, deadline)
            self.ids[session] = id_
        return "ok"

    def attach(self, ref: str, session: str, deadline: int | None, now: int) -> str:
        hold, other = self.find(ref), self.find(session)
        if not hold:
            return "unknown_session"
        named = other is not None and (other.payment == session or session in self.holds)
        if other and other is not hold and (named or other.status == "held"):
            return "session_in_use"
        if hold.status != "held":
            return "hold_ended"
        if deadline is not None and deadline <= now:
            return "out_of_range"
        if other is not hold:
            self.ids[session] = next(
                id_ for id_, candidate in self.holds.items() if candidate is hold
            )
        hold.deadline = hold.deadline if deadline is None else deadline
        return "ok"

    def release(self, ref: str) -> str:
        hold = self.find(ref)
        if hold and hold.status == "held":
            hold.status = "released"
        return "ok" if hold else "unknown_session"

    def capture(self, ref: str, payment: str) -> str:
        hold = self.find(payment)
        if not hold or hold.payment != payment:
            hold = self.find(ref)
        if not hold:
            return "unknown_session"
        if hold.status == "captured":
            if hold.payment != payment and payment not in self.second | self.late:
                self.second.add(payment)
                self._name(payment, hold)
            return "ok"
        if hold.status != "held":
            if payment in self.late:  # it was used for another hold, which was late too
                return "ok"
            self.late.add(payment)
        for sku, count in hold.wanted.items():
            free = self.on_hand[sku] if hold.status == "held" else self.available(sku)
            taken = min(count, max(0, free))
            self.on_hand[sku] -= taken
            _add(self.paid, sku, count)
            _add(self.backordered, sku, count - taken)
        hold.status, hold.payment = "captured", payment
        self._name(payment, hold)
        return "ok"

    def _name(self, payment: str, hold: ModelHold) -> None:
        named = self.find(payment)
        if not named or named.status != "held":
            self.ids[payment] = next(
                id_ for id_, candidate in self.holds.items() if candidate is hold
            )

    def adjust(self, sku: str, change: int) -> str:
        if self.on_hand[sku] + change < 0:
            return "below_zero"
        self._come(sku, change)
        return "ok"

    def count(self, sku: str, counted: int, expected: int | None) -> str:
        if expected not in (None, self.on_hand[sku]):
            return "stale"
        _add(self.came, sku, counted - self.on_hand[sku])
        self.on_hand[sku] = counted
        return "ok"

    def give_back(self, sku: str, count: int, *, undelivered: bool) -> str:
        if not undelivered:
            self._come(sku, count)
        elif count > self.backordered.get(sku, 0):
            return "below_zero"
        else:
            _add(self.backordered, sku, -count)
            _add(self.paid, sku, -count)
        return "ok"

    def set_reserved(self, sku: str, wanted: int, id_: str) -> str:
        live = [
            (hold.deadline, name, hold)
            for name, hold in self.holds.items()
            if hold.status == "held" and hold.wanted.get(sku)
        ]
        ending, left = [], self.reserved(sku)
        for _, _, hold in sorted(live, key=lambda row: row[:2]):
            if left <= wanted:
                break
            ending.append(hold)
            left -= hold.wanted[sku]
        if wanted > left and wanted > self.on_hand[sku]:
            return "insufficient_stock"
        for hold in ending:
            hold.status = "released"
        if wanted > left:
            self.holds[id_] = ModelHold({sku: wanted - left}, float("inf"))
        return "ok"

    def _come(self, sku: str, change: int) -> None:
        _add(self.came, sku, change)
        self.on_hand[sku] += change
        if change > 0:
            filled = min(self.backordered.get(sku, 0), max(0, self.available(sku)))
            self.on_hand[sku] -= filled
            _add(self.backordered, sku, -filled)


def _add(numbers: Wanted, sku: str, change: int) -> None:
    numbers[sku] = numbers.get(sku, 0) + change
