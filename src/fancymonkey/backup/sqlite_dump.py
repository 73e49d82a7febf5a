"""Copies a SQLite database at one moment, by SQLite's own online backup."""

import asyncio
from pathlib import Path

import apsw

from fancymonkey.store.sqlite.connection import connect, one_revision, translated_errors

PAGES = 500
"""Pages copied in one step; writers do not wait for a step."""

NAME = "shop.db"


async def write(source: Path, folder: Path) -> None:
    """Copies the database into a folder. Raises StoreUnavailable, StoreCorrupt."""
    await asyncio.to_thread(_copy, source, folder / NAME)


def _copy(source: Path, to: Path) -> None:
    origin = connect(source, read_only=True)
    try:
        with translated_errors(to):
            made = apsw.Connection(str(to))
            try:
                # The transaction fixes the moment: without it each write would restart the copy.
                with one_revision(origin):
                    list(origin.execute("SELECT revision FROM head"))
                    with made.backup("main", origin, "main") as copying:
                        while not copying.done:
                            copying.step(PAGES)
                made.pragma("journal_mode", "delete")  # one file, without a separate log
            finally:
                made.close()
    finally:
        origin.close()
