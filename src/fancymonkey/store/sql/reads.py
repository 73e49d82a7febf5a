"""The reads that all SQL stores share."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Hashable, Mapping, Sequence
from typing import Any, ClassVar

from fancymonkey.core.model import Entry, Reservation, Row
from fancymonkey.core.state import FOREVER
from fancymonkey.store.contract import R
from fancymonkey.store.sql.columns import TABLES
from fancymonkey.store.sql.statements import PAGE, by_key, entries, page_after, reservations


class SqlReads(ABC):
    """Reads by one statement each. A store brings its connection and its dialect."""

    _queries: ClassVar[Mapping[str, str]]

    @abstractmethod
    async def _fetch(self, sql: str, *values: Any) -> Sequence[Any]:
        """The rows of one statement. Raises StoreError."""

    @staticmethod
    @abstractmethod
    def _marks(count: int) -> Sequence[str]:
        """The placeholders of this many values."""

    async def entries_after(self, revision: int, limit: int = 1000) -> list[Entry]:
        """See `Store.entries_after`."""
        return entries(await self._fetch(self._queries["entries_after"], revision, limit))

    async def history(self, sku: str, until: int | None = None) -> AsyncIterator[Entry]:
        """See `Store.history`."""
        revision, latest = 0, FOREVER if until is None else until
        while True:
            rows = await self._fetch(self._queries["history"], sku, revision, latest, PAGE)
            page = entries(rows)
            for entry in page:
                yield entry
            if len(page) < PAGE:
                return
            revision = page[-1].revision

    async def next_due(self) -> int | None:
        """See `Store.next_due`."""
        ((deadline,),) = await self._fetch(self._queries["next_due"])
        return None if deadline is None else int(deadline)

    async def reservation(self, ref: str) -> Reservation | None:
        """See `Store.reservation`."""
        for name in ("reservation_by_id", "reservation_by_session"):
            holds = reservations(await self._fetch(self._queries[name], ref))
            if holds:
                return holds[0]
        return None

    async def scan(self, kind: type[R], after: Hashable | None = None) -> AsyncIterator[R]:
        """See `Store.scan`."""
        table = TABLES[kind]
        marks = self._marks(len(table.key))
        while True:
            sql = page_after(table, None if after is None else marks)
            values = () if after is None else table.key_values(after)
            page = [table.row(stored) for stored in await self._fetch(sql, *values)]
            for row in page:
                yield row
            if len(page) < PAGE:
                return
            after = page[-1].key

    async def scan_fields(
        self, kind: type[Row], names: Sequence[str]
    ) -> AsyncIterator[tuple[Any, ...]]:
        """See `Store.scan_fields`. Only these columns are read and decoded."""
        table = TABLES[kind]
        columns = [column for name in names for column in table.columns if column.name == name]
        chosen, first = (*table.key, *names), len(table.key)
        values: tuple[Any, ...] = ()
        while True:
            sql = page_after(table, self._marks(len(values)), columns=chosen)
            page = await self._fetch(sql, *values)
            for stored in page:
                fields = zip(columns, tuple(stored)[first:], strict=True)
                yield tuple(
                    value if value is None or column.decode is None else column.decode(value)
                    for column, value in fields
                )
            if len(page) < PAGE:
                return
            values = tuple(page[-1])[:first]

    async def find(self, kind: type[R], key: Hashable) -> R | None:
        """See `Store.find`."""
        table = TABLES[kind]
        sql = by_key(table, self._marks(len(table.key)))
        for values in await self._fetch(sql, *table.key_values(key)):
            row: R = table.row(values)
            return row
        return None
