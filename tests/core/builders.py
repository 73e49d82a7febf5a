"""A small shop for tables of the rules: one command after the other, and its ledger entries."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from fancymonkey.core.answers import stored
from fancymonkey.core.catalogue.products import NewItem, UpsertProduct
from fancymonkey.core.command import Command
from fancymonkey.core.execute import execute
from fancymonkey.core.holds.reserve import Reserve
from fancymonkey.core.ledger import evolve
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import (
    Entry,
    Item,
    Level,
    Line,
    Product,
    Reservation,
    Status,
    sku_of,
)
from fancymonkey.core.outcomes import Accepted, Answer, Code, Refused
from fancymonkey.store.in_memory.rows import RowsInMemory

SIZES = ("S", "M")
QUANTITIES = ("on_hand", "reserved", "allocated", "incoming", "backordered", "short")


def entry_text(entry: Entry) -> str:
    """An entry as a line of a table: `sold a/M on_hand-2 backordered+1`."""
    changes = ((name, getattr(entry, name)) for name in QUANTITIES)
    words = [str(entry.kind), entry.sku, *(f"{name}{value:+d}" for name, value in changes if value)]
    return " ".join(words)


class CoreShop:
    """Products a and b, five of each size, at time 0. Commands run one by one, each a batch."""

    def __init__(self, on_hand: int = 5) -> None:
        self.image = RowsInMemory()
        self.entries: list[Entry] = []
        self.new: list[Entry] = []
        self.now = 0
        for number, product_id in enumerate("ab"):
            self.do(upsert(product_id, number, on_hand))

    def batch(self, commands: Sequence[Command]) -> list[Answer]:
        """Runs commands in one batch; `new` has its entries afterwards."""
        state = self.image.begin(self.now)
        answers = execute(state, commands, self.image.due(self.now))
        self.image.apply(state.changed, state.revision)
        self.new = state.entries
        self.entries += self.new
        return answers

    def do(self, *commands: Command, at: int | None = None) -> Answer:
        """Runs each command in a batch of its own and returns the last answer."""
        self.now = self.now if at is None else at
        answers = [self.batch([command])[0] for command in commands]
        return answers[-1]

    def level(self, sku: str) -> Level:
        """The level of a SKU."""
        level = self.image.rows[Level].get((sku, DEFAULT_LOCATION))
        return level or Level(sku, DEFAULT_LOCATION)

    def numbers(self, sku: str) -> tuple[int, int, int]:
        """On hand, reserved, backordered."""
        level = self.level(sku)
        return level.on_hand, level.reserved, level.backordered

    def hold(self, ref: str) -> Reservation:
        """The hold that an id means."""
        hold = self.image.reservation(ref)
        assert hold is not None
        return hold

    def hold_count(self) -> int:
        """The number of all holds, live and ended."""
        return len(self.image.rows[Reservation])

    def audit(self) -> None:
        """Level = Σ entries, reserved = Σ live holds, revisions without a gap."""
        assert [entry.revision for entry in self.entries] == list(range(1, len(self.entries) + 1))
        held: dict[str, int] = {}
        for row in self.image.rows[Reservation].values():
            for units in row.allocations if row.status is Status.HELD else ():
                held[units.sku] = held.get(units.sku, 0) + units.quantity
        for level in self.image.rows[Level].values():
            summed = balance(self.entries, level.sku, level.location)
            assert all(getattr(summed, name) == getattr(level, name) for name in QUANTITIES)
            assert level.reserved == held.get(level.sku, 0)


def upsert(product_id: str, position: int = 0, on_hand: int = 5) -> UpsertProduct:
    """A product with the two sizes."""
    items = tuple(
        NewItem(Item(sku_of(product_id, size), product_id, size, number), on_hand)
        for number, size in enumerate(SIZES)
    )
    product = Product(product_id, product_id.upper(), "hoodies", position=position)
    return UpsertProduct(product=product, location=DEFAULT_LOCATION, items=items)


def lines(**wanted: int) -> tuple[Line, ...]:
    """Lines from keywords: `lines(a_M=2)` is two of a/M."""
    return tuple(Line(name.replace("_", "/"), quantity) for name, quantity in wanted.items())


def take(session: str, ttl: int = 1000, id_: str = "", **wanted: int) -> Reserve:
    """A reserve by a session, its hold named after it: `take("s1", a_M=2)` makes hold `h-s1`."""
    return Reserve(
        reservation_id=id_ or f"h-{session}",
        location=DEFAULT_LOCATION,
        session_id=session,
        lines=lines(**wanted),
        ttl=ttl,
    )


@dataclass(frozen=True)
class Row:
    """One row of a table: after `given`, the command `when` gets `answer` and adds `entries`.

    `answer` is the code of a refusal, or some of the data of an acceptance.
    """

    name: str
    given: Sequence[Command]
    when: Command
    answer: Code | dict[str, Any]
    entries: Sequence[str] = ()
    at: int = 0

    def check(self) -> CoreShop:
        """Runs the row."""
        shop = CoreShop()
        if self.given:
            shop.do(*self.given)
        answer = shop.do(self.when, at=self.at)
        if isinstance(self.answer, Code):
            assert isinstance(answer, Refused), answer
            assert answer.code is self.answer
        else:
            assert isinstance(answer, Accepted), answer
            data = stored(answer.data)
            part = {key: data[key] for key in self.answer}
            assert part == self.answer
        assert [entry_text(entry) for entry in shop.new] == list(self.entries)
        shop.audit()
        return shop


def named(rows: Iterable[Row]) -> dict[str, Any]:
    """The arguments of `pytest.mark.parametrize` for a table."""
    rows = list(rows)
    return {"argnames": "row", "argvalues": rows, "ids": [row.name for row in rows]}


def balance(entries: Iterable[Entry], sku: str, location: str) -> Level:
    """The level of this SKU and location as the sum of its entries."""
    level = Level(sku, location)
    for entry in entries:
        if entry.sku == sku and entry.location == location:
            level = evolve(level, entry)
    return level
