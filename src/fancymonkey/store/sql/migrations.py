"""Numbered changes of a database's tables: `sql/<dialect>/NNN_name.sql`.

A file that was released is never changed again; the next change is the next number. What a
database has got is in its table `migration`, with a checksum of each file.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import resources

from fancymonkey.errors import SchemaBehind, StoreCorrupt, StoreUnavailable

CREATE_MIGRATION = """
CREATE TABLE IF NOT EXISTS migration (
    number integer PRIMARY KEY,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at bigint NOT NULL
)
"""
"""The table that has to be there first, in every dialect."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: its number, its name, its SQL."""

    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """Tells a changed file from the one that was applied. Line ends do not count."""
        return hashlib.sha256("\n".join(self.sql.splitlines()).encode()).hexdigest()


def migrations(dialect: str) -> list[Migration]:
    """Every migration of a dialect, in order: 1, 2, 3 … without a gap."""
    found = []
    for path in (resources.files("fancymonkey.store.sql") / dialect).iterdir():
        match = re.fullmatch(r"(\d{3})_(\w+)\.sql", path.name)
        if match:
            found.append(Migration(int(match[1]), match[2], path.read_text("utf-8")))
    found.sort(key=lambda migration: migration.number)
    assert [one.number for one in found] == list(range(1, len(found) + 1)), found
    return found


def pending(known: Sequence[Migration], applied: Iterable[tuple[int, str, str]]) -> list[Migration]:
    """What a database still lacks, in order. `applied` is (number, name, checksum).

    Raises StoreUnavailable where a newer program has been at it, StoreCorrupt where an applied
    file was changed since.
    """
    done = {number: (name, checksum) for number, name, checksum in applied}
    newest = max(done, default=0)
    if newest > len(known):
        raise StoreUnavailable(
            f"The database has schema {newest}, made by a newer version of this program, which "
            f"knows schema {len(known)}. Install that version here too."
        )
    for migration in known:
        name, checksum = done.get(migration.number, (migration.name, migration.checksum))
        if checksum != migration.checksum:
            raise StoreCorrupt(
                f"Migration {migration.number} ({name}) is not the file that was applied to this "
                f"database. Put the released file back; changes go into a new number."
            )
    return [migration for migration in known if migration.number not in done]


def require_current(known: Sequence[Migration], applied: Iterable[tuple[int, str, str]]) -> None:
    """Raises SchemaBehind where a migration is missing (for those who may not write)."""
    missing = pending(known, applied)
    if missing:
        raise SchemaBehind(
            f"The database lacks migration {missing[0].number} ({missing[0].name}). Start the "
            f"server (fancymonkey serve) once: it applies what is missing."
        )
