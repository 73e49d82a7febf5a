"""The postal codes of a shop: imported from a file of GeoNames, and looked up for an order."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

from fancymonkey.core.documents.put import PutDocuments
from fancymonkey.core.locations.countries import CENTRES
from fancymonkey.core.locations.postal_codes import (
    Point,
    Table,
    compacted,
    longest_match,
    normal_code,
    with_beginnings,
)
from fancymonkey.engine.documents import DocumentCollection
from fancymonkey.engine.engine import Engine
from fancymonkey.errors import DataError

T = TypeVar("T")
FOLDER = "postal_codes"
KEPT_MS = 60_000
"""The time for which a table is used before it is read again."""

TABLES_MAX = 200
"""The most tables in memory; each has the codes of a country with the same first character."""

CODES_MAX = 25_000
"""The most codes and beginnings of a table."""

FIELDS = 11
"""The columns of a file of GeoNames: country, code, place … latitude and longitude in the last."""


def read_geonames(lines: Iterable[str]) -> dict[str, Table]:
    """The tables in a postal file of GeoNames, by `COUNTRY first character`. Raises DataError."""
    codes: dict[str, list[tuple[str, Point]]] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        fields = line.rstrip("\n").split("\t")
        country, code = fields[0].strip().upper(), normal_code(fields[1] if fields[1:] else "")
        try:
            point = (float(fields[FIELDS - 2]), float(fields[FIELDS - 1]))
        except (IndexError, ValueError):
            point = (91.0, 0.0)
        if country not in CENTRES or not code or not _is_point(point):
            raise DataError(
                f"Line {number} is not a row of a GeoNames postal file: country, postal code, "
                f"place, … latitude, longitude, separated by tabs."
            )
        codes.setdefault(f"{country} {code[0]}", []).append((code, point))
    if not codes:
        raise DataError("The file has no postal codes.")
    return {name: compacted(with_beginnings(rows), CODES_MAX) for name, rows in codes.items()}


def _is_point(point: Point) -> bool:
    return abs(point[0]) <= 90 and abs(point[1]) <= 180


def table_command(engine: Engine, name: str, table: Table, **author: Any) -> PutDocuments:
    """The command that stores a table in place of an earlier one."""
    folder: DocumentCollection[Table] = DocumentCollection(engine, FOLDER, Table)
    return PutDocuments(drafts=(folder.draft(name, table),), **author)


class PostalCodes:
    """Looks up postal codes. A table is read when it is needed, and kept for a minute."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._folder = DocumentCollection(engine, FOLDER, Table)
        self._tables: dict[str, tuple[int, Table]] = {}

    async def point(self, country: str, postal_code: str) -> Point | None:
        """The coordinates of the longest known beginning of a code, or None. Raises StoreError."""
        code = normal_code(postal_code)
        if country not in CENTRES or not code:
            return None
        return longest_match(await self._table(f"{country} {code[0]}"), code)

    async def _table(self, name: str) -> Table:
        now = self._engine.clock()
        read_at, table = self._tables.get(name, (None, {}))
        if read_at is None or not 0 <= now - read_at < KEPT_MS:
            stored = await in_task(self._folder.get(name))
            table = {} if stored is None else stored.value
            self._tables.pop(name, None)
            self._tables[name] = (now, table)
            if len(self._tables) > TABLES_MAX:
                del self._tables[next(iter(self._tables))]
        return table


async def in_task(work: Coroutine[Any, Any, T]) -> T:
    """The result of a read of the store, in a task: the driver of a database needs one."""
    return await asyncio.create_task(work)
