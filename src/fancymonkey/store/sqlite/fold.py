"""Folds ended holds in a SQLite file."""

import json

from fancymonkey.store.sql.fold import FOLDED_AT_ONCE
from fancymonkey.store.sqlite.connection import QUERIES
from fancymonkey.store.sqlite.writer import SqliteWriter


def fold(writer: SqliteWriter, before: int, after: str) -> list[str]:
    """Removes holds with higher ids that ended before a time and bought nothing; returns the ids.

    Their checkouts and session links are removed as well.
    """
    writer.forget()
    with writer.transaction():
        rows = writer.db.execute(QUERIES["foldable"], (after, before, FOLDED_AT_ONCE))
        ids = [str(id_) for (id_,) in rows]
        for name in ("fold_sessions", "fold_checkouts", "fold_holds"):
            writer.db.execute(QUERIES[name], (json.dumps(ids),))
        return ids
