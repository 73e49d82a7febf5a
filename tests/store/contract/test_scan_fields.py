"""Some fields of every row are those of the whole rows, on every store and across pages."""

from dataclasses import fields
from typing import Any

import pytest

from fancymonkey.core.documents.document import Document
from fancymonkey.core.model import Entry, Row
from fancymonkey.core.orders.rows import Order, OrderUnits
from fancymonkey.core.rows import ROWS
from fancymonkey.store.contract import Store
from fancymonkey.store.in_memory import rows as in_memory
from fancymonkey.store.sql import reads, statements
from tests.store.contract.test_conformance import each, fill
from tests.store.scripts import batches, script


async def every(store: Store, kind: type[Row], names: tuple[str, ...]) -> list[tuple[Any, ...]]:
    return [values async for values in store.scan_fields(kind, names)]


async def test_fields_are_those_of_the_rows(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """In any order of names, for keys of one column and of several, in many pages."""
    for module in (reads, statements, in_memory):
        monkeypatch.setattr(module, "PAGE", 3)
    monkeypatch.setattr(statements.page_after, "__defaults__", (None, 3, ()))
    await fill(store)
    for commands, now in batches(4, script(4)):
        await store.run(commands, now, 0)
    scanned = 0
    for kind in ROWS:
        names = tuple(field.name for field in fields(kind))[::-1]  # type: ignore[arg-type]
        rows = [row async for row in store.scan(kind)]
        expected = [tuple(getattr(row, name) for name in names) for row in rows]
        assert await every(store, kind, names) == expected
        assert await every(store, kind, names[:1]) == [values[:1] for values in expected]
        scanned += len(rows)
    assert scanned > 20


async def test_the_fields_of_orders_and_documents(store: Store) -> None:
    """Values that are stored as JSON arrive as the row has them."""
    units = (OrderUnits("a/M", "berlin", 2, shipped=1),)
    none: Any = (None, None, None, "", False, False, (), ())
    orders = [Order(f"res_{n}", 9 - n, n, *none, units) for n in range(5)]
    documents = [Document("f", str(n), 1, n, "{}", None if n % 2 else n) for n in range(5)]
    entries: list[Entry] = []
    await store.fill(each([*orders, *documents]), each(entries), 0)
    names = ("number", "order_id", "units")
    assert await every(store, Order, names) == [(9 - n, f"res_{n}", units) for n in range(5)]
    expected = [(None if n % 2 else n, "f") for n in range(5)]
    assert await every(store, Document, ("until", "folder")) == expected
