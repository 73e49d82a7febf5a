"""A snapshot of a SQLite file: one read transaction in a thread of its own."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from fancymonkey.core.model import Entry
from fancymonkey.store.contract import R, Snapshot, paged
from fancymonkey.store.sql.columns import TABLES
from fancymonkey.store.sql.statements import PAGE, entries, scanned
from fancymonkey.store.sqlite.connection import QUERIES, connect, translated_errors


@asynccontextmanager
async def frozen(path: Path) -> AsyncIterator[Snapshot]:
    """See `Store.frozen`."""
    loop, thread = asyncio.get_running_loop(), ThreadPoolExecutor(1, "sqlite-frozen")
    db = await loop.run_in_executor(thread, partial(connect, path, read_only=True))

    def work(sql: str, values: tuple[Any, ...]) -> list[Any]:
        with translated_errors(path):
            return list(db.execute(sql, values))

    async def fetch(sql: str, *values: Any) -> list[Any]:
        return await loop.run_in_executor(thread, work, sql, values)

    async def scan(kind: type[R]) -> AsyncIterator[R]:
        async for row in scanned(fetch, TABLES[kind], lambda n: "?"):
            yield row

    async def page(revision: int) -> list[Entry]:
        return entries(await fetch(QUERIES["entries_after"], revision, PAGE))

    try:
        await fetch("BEGIN")
        ((revision, _),) = await fetch(QUERIES["head"])
        yield Snapshot(revision, scan, lambda: paged(page, revision))
    finally:
        await loop.run_in_executor(thread, db.close)
        thread.shutdown()
