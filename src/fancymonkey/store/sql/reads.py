"""The reads that both SQL stores share; each is one statement, or a page after the other."""

from collections.abc import AsyncIterator, Hashable, Mapping
from typing import Any

from fancymonkey.core.model import Entry, Reservation, Row
from fancymonkey.core.state import FOREVER
from fancymonkey.store.contract import R
from fancymonkey.store.sql.columns import TABLES, Table
from fancymonkey.store.sql.statements import (
    PAGE,
    by_key,
    entries,
    key_values,
    page_after,
    reservations,
)


class SqlReads:
    """Reads entries and rows. A subclass has its dialect's statements and runs them."""

    _queries: Mapping[str, str]
    _numbered = False
    """Whether a placeholder has a number (`$1`), or is `?`."""

    async def _fetch(self, sql: str, *values: Any) -> list[Any]:
        """The rows of a statement. Raises StoreUnavailable."""
        raise NotImplementedError

    async def entries_after(self, revision: int, limit: int = 1000) -> list[Entry]:
        """See `Store.entries_after`."""
        return entries(await self._fetch(self._queries["entries_after"], revision, limit))

    async def history(self, sku: str, until: int | None = None) -> AsyncIterator[Entry]:
        """See `Store.history`."""
        sql = self._queries["history"]
        revision, latest = 0, FOREVER if until is None else until
        while True:
            page = entries(await self._fetch(sql, sku, revision, latest, PAGE))
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

    async def scan(self, kind: type[Row], after: Hashable | None = None) -> AsyncIterator[Row]:
        """See `Store.scan`."""
        table = TABLES[kind]
        marks = self._placeholders(table)
        while True:
            sql = page_after(table, None if after is None else marks)
            values = () if after is None else key_values(table, after)
            page = [table.row(record) for record in await self._fetch(sql, *values)]
            for row in page:
                yield row
            if len(page) < PAGE:
                return
            after = page[-1].key

    async def find(self, kind: type[R], key: Hashable) -> R | None:
        """See `Store.find`."""
        table = TABLES[kind]
        sql = by_key(table, self._placeholders(table))
        for values in await self._fetch(sql, *key_values(table, key)):
            row: R = table.row(values)
            return row
        return None

    def _placeholders(self, table: Table[Any]) -> list[str]:
        return [f"${n + 1}" if self._numbered else "?" for n in range(len(table.key))]
