"""Proves that the stored balances are the sums of the ledger, or reports the first difference.

It runs the ledger again, entry by entry, and keeps no more than a level per SKU and the open holds.
A kind of entry or of row without a check is reported too.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from fancymonkey.core.bundles.check import bundle_faults
from fancymonkey.core.bundles.sales import BundleSales
from fancymonkey.core.documents.document import Document
from fancymonkey.core.entry_checks import ENTRY_CHECKS, QUANTITIES
from fancymonkey.core.ledger import InvariantBroken, broken_rule, evolve
from fancymonkey.core.locations.locations import Location
from fancymonkey.core.model import (
    Cursor,
    Entry,
    Event,
    Item,
    Kind,
    Level,
    Outcome,
    Product,
    Reservation,
    Row,
    SessionLink,
    Status,
    TurnedAway,
)
from fancymonkey.core.orders.check import OrderCheck
from fancymonkey.core.orders.rows import Order, OrderBuyer
from fancymonkey.core.payments.rows import Checkout, JobRun, PaymentIssue
from fancymonkey.core.planning.daily_demand import DailyDemand
from fancymonkey.core.plural import units as counted_units
from fancymonkey.core.rows import ROWS
from fancymonkey.core.transfers.transfer import Transfer

Key = tuple[str, str]


class Rule(StrEnum):
    """The rule that is broken. Stable: scripts branch on it."""

    GAP = "gap"
    ARITHMETIC = "arithmetic"
    MEANING = "meaning"
    LEVEL = "level"
    RESERVED = "reserved"
    HOLD = "hold"
    UNKNOWN_ITEM = "unknown_item"
    UNCHECKED = "unchecked"
    DEMAND = "demand"
    TRANSIT = "transit"
    BUNDLE = "bundle"
    ORDER = "order"


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault in plain words; `revision` is the first entry that the operator should inspect."""

    rule: Rule
    text: str
    revision: int | None = None
    sku: str | None = None
    reservation_id: str | None = None


@dataclass(slots=True)
class OpenHold:
    """The units and the deadline of a hold that has not ended, according to the ledger."""

    first: int
    until: int | None
    units: dict[Key, int] = field(default_factory=dict)


class Verifier:
    """Takes every entry in order, then the rows at the same revision.

    After the first entry of a SKU and location that does not add up, its later entries and its
    level are not checked: they would only repeat the finding.
    """

    def __init__(self) -> None:
        self.revision = 0
        self.late: dict[str, dict[Key, int]] = {}
        """Units sold by late payments, by hold: see `late_payment`."""
        self.orders = OrderCheck()
        self._levels: dict[Key, Level] = {}
        self._lost: set[Key] = set()
        self._first: dict[str, int] = {}
        self._latest: dict[Key, int] = {}
        self._open: dict[str, OpenHold] = {}

    def entry(self, entry: Entry) -> Iterator[Finding]:
        """Checks the next entry."""
        if entry.revision != self.revision + 1:
            yield Finding(
                Rule.GAP,
                f"entry {self.revision + 1} should come next and entry {entry.revision} does",
                entry.revision,
            )
        self.revision = entry.revision
        if "/" in entry.sku:
            self._first.setdefault(entry.sku, entry.revision)
            yield from self._level(entry)
        check = ENTRY_CHECKS.get(entry.kind)
        if check is None:
            yield _about(entry, Rule.UNCHECKED, f"there is no check for a `{entry.kind}`")
        elif not check(entry):
            yield _about(entry, Rule.MEANING, f"its changes are not those of a `{entry.kind}`")
        if entry.reservation_id is not None:
            yield from self._hold(entry, entry.reservation_id)
        elif entry.reserved or entry.allocated:
            promised = "reserved units of no hold" if entry.reserved else "units of no order"
            yield _about(entry, Rule.HOLD, f"it moves {promised}")

    def _level(self, entry: Entry) -> Iterator[Finding]:
        key = (entry.sku, entry.location)
        self._latest[key] = entry.revision
        if key in self._lost:
            return
        try:
            self._levels[key] = evolve(self._levels.get(key) or Level(*key), entry)
        except InvariantBroken as error:
            self._lost.add(key)
            yield Finding(Rule.ARITHMETIC, str(error), entry.revision, entry.sku)

    def _hold(self, entry: Entry, id_: str) -> Iterator[Finding]:
        key = (entry.sku, entry.location)
        if entry.allocated:
            self.orders.book(id_, key, entry.allocated)
        allocated_late = entry.kind is Kind.ALLOCATED and not entry.reserved
        if entry.kind is Kind.SOLD or (allocated_late and entry.backordered >= 0):
            sold = self.late.setdefault(id_, {})
            sold[key] = sold.get(key, 0) + entry.allocated - entry.on_hand + entry.backordered
            return
        hold = self._open.get(id_)
        if hold is None:
            if entry.reserved < 0 or entry.kind is Kind.EXTENDED:
                yield _about(entry, Rule.HOLD, f"the hold {id_} had ended before it")
            if entry.reserved <= 0:
                return
            hold = self._open[id_] = OpenHold(entry.revision, entry.until)
        hold.until = entry.until
        units = hold.units.get(key, 0) + entry.reserved
        if units < 0:
            yield _about(
                entry,
                Rule.HOLD,
                f"it takes {counted_units(-entry.reserved)} out of the hold {id_}, "
                f"which has {units - entry.reserved}",
            )
        hold.units[key] = units
        if units <= 0:
            del hold.units[key]
            if not hold.units:
                del self._open[id_]

    def rows(
        self,
        revision: int,
        items: Iterable[Item],
        levels: Iterable[Level],
        holds: Iterable[Reservation],
        bundle_sales: Iterable[BundleSales] = (),
    ) -> Iterator[Finding]:
        """Checks the rows as they are at `revision`: all items, all levels, all live holds."""
        if revision != self.revision:
            yield Finding(
                Rule.GAP,
                f"the ledger should end with entry {revision} and ends with {self.revision}",
                self.revision or None,
            )
        stored = {level.key: level for level in levels}
        held = list(holds)
        listed = list(items)
        yield from kinds_without_check()
        yield from self._items(listed)
        yield from self._sums(stored)
        yield from self._live(held)
        yield from self._promised(stored, held)
        for sku, fault in bundle_faults(listed, held, bundle_sales):
            yield Finding(Rule.BUNDLE, f"{sku}: {fault}", None, sku)

    def _items(self, items: Iterable[Item]) -> Iterator[Finding]:
        known = {item.sku for item in items}
        for sku, revision in self._first.items():
            if sku not in known:
                yield Finding(
                    Rule.UNKNOWN_ITEM,
                    f"{sku} has entries from {revision} on and is not in the catalogue",
                    revision,
                    sku,
                )
        for sku in sorted(known - self._first.keys()):
            yield Finding(
                Rule.UNKNOWN_ITEM, f"{sku} is in the catalogue and has no entry", None, sku
            )

    def _sums(self, stored: dict[Key, Level]) -> Iterator[Finding]:
        for key in sorted(stored.keys() | self._levels.keys()):
            level = stored.get(key) or Level(*key)
            problem = broken_rule(level)
            if key not in self._lost:
                summed = self._levels.get(key) or Level(*key)
                differences = [
                    f"{name} is {getattr(level, name)}, the entries add up to "
                    f"{getattr(summed, name)}"
                    for name in QUANTITIES
                    if getattr(level, name) != getattr(summed, name)
                ]
                problem = "; ".join(differences) or problem
            if problem is not None:
                # The row has differed since the latest entry, or before it.
                yield Finding(
                    Rule.LEVEL, f"{_label(key)}: {problem}", self._latest.get(key), key[0]
                )

    def _live(self, holds: list[Reservation]) -> Iterator[Finding]:
        for row in holds:
            hold = self._open.pop(row.reservation_id, None)
            if hold is None:
                problem, revision = "it is live, and ended according to the ledger", None
            else:
                problem, revision = _difference(row, hold), hold.first
            if problem:
                yield _about_hold(row.reservation_id, problem, revision)
        for id_, hold in self._open.items():
            problem = "it has not ended according to the ledger, and is not among the live holds"
            yield _about_hold(id_, problem, hold.first)

    def _promised(self, stored: dict[Key, Level], holds: list[Reservation]) -> Iterator[Finding]:
        sums: dict[Key, int] = {}
        for row in holds:
            for key, units in _units(row).items():
                sums[key] = sums.get(key, 0) + units
        for key in sorted(stored.keys() | sums.keys()):
            level, units = stored.get(key) or Level(*key), sums.get(key, 0)
            if level.reserved != units:
                yield Finding(
                    Rule.RESERVED,
                    f"{_label(key)}: {level.reserved} reserved, the live holds have {units}",
                    None,
                    key[0],
                )

    def late_payment(self, id_: str, row: Reservation | None) -> Iterator[Finding]:
        """Checks a hold of `late` by its row of any later time (None: no longer kept)."""
        if row is None:
            return
        if row.status is not Status.CAPTURED or not row.late or _units(row) != self.late[id_]:
            yield _about_hold(
                id_,
                f"it is {row.status}{' late' if row.late else ''} with {_words(_units(row))}, and "
                f"the ledger sold {_words(self.late[id_])} for it after it had ended",
                None,
            )

    def order(self, order: Order, revision: int) -> Iterator[Finding]:
        """Checks an order by its row of any later time; `revision` is that of the other rows."""
        for problem in self.orders.order(order, revision):
            yield _about_order(order.order_id, problem)

    def orders_missing(self) -> Iterator[Finding]:
        """Checks the ledger after all orders: each allocated unit belongs to one."""
        for id_ in self.orders.missing():
            yield _about_order(id_, "the ledger has allocated units to it, and it does not exist")


def verify(
    entries: Iterable[Entry],
    revision: int,
    items: Iterable[Item],
    levels: Iterable[Level],
    holds: Iterable[Reservation],
) -> Iterator[Finding]:
    """Checks a whole ledger and the rows at its end. Yields no finding if they match."""
    verifier = Verifier()
    for entry in entries:
        yield from verifier.entry(entry)
    yield from verifier.rows(revision, items, levels, holds)


CHECKED_ROWS: frozenset[type[Row]] = frozenset(
    {Item, Level, Reservation, DailyDemand, Transfer, BundleSales, Order}
)
"""The kinds of row that `Verifier.rows`, or the store's check, compares with the ledger."""

ROWS_BESIDE_THE_LEDGER: frozenset[type[Row]] = frozenset(
    {
        *(Product, SessionLink, Outcome, Event, TurnedAway, Cursor),
        *(Checkout, PaymentIssue, JobRun, Document, Location, OrderBuyer),
    }
)
"""The kinds of row without a quantity that the ledger determines. Any other kind is a finding."""


def kinds_without_check(kinds: Iterable[type[Row]] = ROWS) -> Iterator[Finding]:
    """Yields a finding for each kind of row that neither list has."""
    for kind in kinds:
        if kind not in CHECKED_ROWS and kind not in ROWS_BESIDE_THE_LEDGER:
            yield Finding(Rule.UNCHECKED, f"there is no check for rows of `{kind.TABLE}`")


def _difference(row: Reservation, hold: OpenHold) -> str:
    if _units(row) != hold.units:
        return f"it has {_words(_units(row))}, the ledger {_words(hold.units)}"
    if row.expires_at != hold.until:
        return f"it ends at {row.expires_at}, according to the ledger at {hold.until}"
    return ""


def _units(row: Reservation) -> dict[Key, int]:
    units: dict[Key, int] = {}
    for allocation in row.allocations:
        units[allocation.key] = units.get(allocation.key, 0) + allocation.quantity
    return units


def _words(units: dict[Key, int]) -> str:
    return ", ".join(f"{number} of {_label(key)}" for key, number in units.items()) or "nothing"


def _label(key: Key) -> str:
    return f"{key[0]} at {key[1]}"


def _about(entry: Entry, rule: Rule, problem: str) -> Finding:
    return Finding(
        rule,
        f"entry {entry.revision} ({entry.kind} {entry.sku} at {entry.location}): {problem}",
        entry.revision,
        entry.sku,
        entry.reservation_id,
    )


def _about_order(id_: str, problem: str) -> Finding:
    return Finding(Rule.ORDER, f"order {id_}: {problem}", None, None, id_)


def _about_hold(id_: str, problem: str, revision: int | None) -> Finding:
    return Finding(Rule.HOLD, f"hold {id_}: {problem}", revision, None, id_)
