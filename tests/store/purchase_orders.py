"""Kinds of row that only a test declares, written to and read from a real store.

It runs in a process of its own: a kind of row is declared before any store is imported. It adds
only the declaration, and the table that a numbered migration would make.
"""

import asyncio
import sys
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from enum import IntEnum, StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

from fancymonkey.core import rows
from fancymonkey.core.immutable import dataclass
from fancymonkey.core.model import Row


class Terms(StrEnum):
    PREPAID = "prepaid"
    NET_30 = "net_30"


class Priority(IntEnum):
    NORMAL = 1
    RUSH = 2


@dataclass(frozen=True, slots=True)
class Money:
    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class OrderLine:
    sku: str
    packs: int
    unit_cost: Decimal
    currency: str
    terms: Terms
    priority: Priority
    due_on: date | None
    is_open: bool = True


@dataclass(frozen=True, slots=True)
class PurchaseOrder(Row):
    TABLE: ClassVar[str] = "purchase_order"
    KEY: ClassVar[tuple[str, ...]] = ("supplier", "ordered_on")

    supplier: str
    ordered_on: date
    terms: Terms
    priority: Priority
    freight: Money
    lines: tuple[OrderLine, ...]
    expected_on: date | None = None
    discount: Decimal | None = None
    deposit: Money | None = None
    paid: bool = False
    remarks: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, date]:
        return (self.supplier, self.ordered_on)


@dataclass(frozen=True, slots=True)
class Closure(Row):
    """A day on which a supplier does not deliver: its key is one column, a date."""

    TABLE: ClassVar[str] = "closure"
    KEY: ClassVar[tuple[str, ...]] = ("day",)

    day: date
    priority: Priority

    @property
    def key(self) -> date:
        return self.day


rows.ROWS = (*rows.ROWS, PurchaseOrder, Closure)

# Only now: these modules read the kinds of row when they are imported.
from fancymonkey.backup import portable_rows  # noqa: E402
from fancymonkey.core import execute  # noqa: E402
from fancymonkey.core.command import Command  # noqa: E402
from fancymonkey.core.outcomes import Accepted, Answer  # noqa: E402
from fancymonkey.core.state import Key, State  # noqa: E402
from fancymonkey.store.contract import Store  # noqa: E402
from fancymonkey.store.copy import fill  # noqa: E402
from fancymonkey.store.in_memory.store import MemoryStore  # noqa: E402
from fancymonkey.store.open import open_store  # noqa: E402
from fancymonkey.store.sql.columns import TABLES, Column  # noqa: E402
from tests.store.scripts import catalogue  # noqa: E402


@dataclass(frozen=True, slots=True, kw_only=True)
class Put(Command):
    """Writes rows and returns the number of rows that existed before."""

    rows: tuple[Row, ...]


def needs_put(command: Put, state: State) -> Iterator[Key]:
    for row in command.rows:
        yield type(row), row.key


def put(state: State, command: Put) -> Answer:
    known = [row for row in command.rows if state.get(type(row), row.key) is not None]
    for row in command.rows:
        state.put(row)
    return Accepted(len(known))


execute.RULES[Put] = (needs_put, put)

LINES = (
    OrderLine("a/M", 3, Decimal("12.50"), "EUR", Terms.NET_30, Priority.RUSH, date(2026, 12, 24)),
    OrderLine("b/S/M", 1, Decimal("0.1"), "JPY", Terms.PREPAID, Priority.NORMAL, None, False),
)
FULL = PurchaseOrder(
    *("Mäkelä & Söhne", date(2026, 11, 30), Terms.NET_30, Priority.RUSH),
    freight=Money(Decimal("19.90"), "EUR"),
    lines=LINES,
    expected_on=date(2027, 1, 15),
    discount=Decimal("0.05"),
    deposit=Money(Decimal("1E+3"), "USD"),
    paid=True,
    remarks=('say "hello"', ""),
)
BARE = PurchaseOrder(
    *("Mäkelä & Söhne", date(2026, 2, 1), Terms.PREPAID, Priority.NORMAL),
    freight=Money(Decimal(0), "EUR"),
    lines=(),
)
ORDERS = [BARE, FULL]  # in the order of their keys
CLOSURES = [Closure(date(2026, 12, day), Priority.RUSH) for day in (9, 10, 25)]


async def create_tables(target: str) -> None:
    """The effect of a numbered migration for these kinds."""
    if not target.startswith(("sqlite:", "postgresql:")):
        return
    statements = [
        f"CREATE TABLE {table.name} ({', '.join(map(declared, table.columns))}, "
        f"PRIMARY KEY ({', '.join(table.key)}))"
        for table in (TABLES[PurchaseOrder], TABLES[Closure])
    ]
    if target.startswith("sqlite:"):
        import apsw

        with apsw.Connection(target.removeprefix("sqlite:///")) as db:
            for sql in statements:
                db.execute(sql)
        return
    import asyncpg

    connection = await asyncpg.connect(target)
    for sql in statements:
        await connection.execute(sql)
    await connection.close()


def declared(column: Column) -> str:
    names = {int: "bigint", str: "text", bool: "boolean"}
    return f"{column.name} {names[column.type]}{'' if column.nullable else ' NOT NULL'}"


async def check(store: Store) -> None:
    """The rows are complete in every way of reading them."""
    assert [row async for row in store.scan(PurchaseOrder)] == ORDERS
    assert [row async for row in store.scan(PurchaseOrder, BARE.key)] == [FULL]
    assert [row async for row in store.scan(Closure)] == CLOSURES
    assert [row async for row in store.scan(Closure, date(2026, 12, 9))] == CLOSURES[1:]
    assert await store.find(PurchaseOrder, FULL.key) == FULL
    assert await store.find(PurchaseOrder, ("nobody", date(2026, 1, 1))) is None
    assert await store.find(Closure, date(2026, 12, 10)) == CLOSURES[1]
    async with store.frozen() as still:
        assert [row async for row in still.scan(PurchaseOrder)] == ORDERS


def typed(value: Any) -> list[type[Any]]:
    """The classes of the fields: `1 == Priority.NORMAL` and `1 == True` hide a lost type."""
    return [type(getattr(value, name)) for name in value.__slots__]


async def round_trip(target: str) -> None:
    store = open_store(target)
    await store.open(0)
    await store.close()
    await create_tables(target)
    store = open_store(target)
    await store.open(0)
    await store.run(catalogue(), 1, 0)
    wanted = (*ORDERS, *CLOSURES)
    for known in (0, len(wanted)):  # the second time the store finds each by its key
        (answer,) = (await store.run([Put(rows=wanted)], 2, 0)).answers
        assert answer == Accepted(known), answer
        await check(store)
    if target != "memory://":
        await store.close()
        store = open_store(target)
        await store.open(0)
        await check(store)
        (answer,) = (await store.run([Put(rows=wanted)], 3, 0)).answers
        assert answer == Accepted(len(wanted)), answer
    order = await store.find(PurchaseOrder, FULL.key)
    assert order is not None
    assert typed(order) == typed(FULL)
    assert typed(order.lines[0]) == typed(LINES[0])
    with TemporaryDirectory() as folder:
        async with store.frozen() as still:
            await portable_rows.write(still, Path(folder))
        copied = MemoryStore()
        await fill(copied, portable_rows.read(Path(folder), still.revision))
    await check(copied)
    await store.close()


if __name__ == "__main__":
    asyncio.run(round_trip(sys.argv[1]))
