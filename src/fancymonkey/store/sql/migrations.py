"""Numbered changes of a database's tables: `sql/<dialect>/NNN_name.sql`.

A released file never changes; the next change gets the next number. The table `migration` of a
database lists the applied files, each with a checksum.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
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
"""The table that must exist first, in every dialect."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: its number, its name, its SQL."""

    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """Identifies the content of the file, regardless of its line ends."""
        return _checksum(self.sql)


@cache
def _checksum(sql: str) -> str:
    return hashlib.sha256("\n".join(sql.splitlines()).encode()).hexdigest()


@cache
def migrations(dialect: str) -> tuple[Migration, ...]:
    """Every migration of a dialect, in order: 1, 2, 3 … without a gap. Read once per process."""
    files = []
    for path in (resources.files("fancymonkey.store.sql") / dialect).iterdir():
        match = re.fullmatch(r"(\d{3})_(\w+)\.sql", path.name)
        if match:
            files.append(Migration(int(match[1]), match[2], path.read_text("utf-8")))
    files.sort(key=lambda migration: migration.number)
    assert [file.number for file in files] == list(range(1, len(files) + 1)), files
    return tuple(files)


def pending(known: Sequence[Migration], applied: Iterable[tuple[int, str, str]]) -> list[Migration]:
    """The migrations that a database lacks, in order. `applied` is (number, name, checksum).

    Raises StoreUnavailable if a newer version has migrated it, StoreCorrupt if an applied file has
    changed since.
    """
    done = {number: (name, checksum) for number, name, checksum in applied}
    newest = max(done, default=0)
    if newest > len(known):
        raise StoreUnavailable(
            f"The database has schema {newest} of a newer version of this program; this version "
            f"knows schema {len(known)}. Install the newer version here too."
        )
    for migration in known:
        name, checksum = done.get(migration.number, (migration.name, migration.checksum))
        if checksum != migration.checksum:
            raise StoreCorrupt(
                f"Migration {migration.number} ({name}) differs from the file that was applied to "
                f"this database. Restore the released file; put changes into a new migration."
            )
    return [migration for migration in known if migration.number not in done]


def require_current(known: Sequence[Migration], applied: Iterable[tuple[int, str, str]]) -> None:
    """Raises SchemaBehind if a migration is missing (for processes that only read)."""
    missing = pending(known, applied)
    if missing:
        raise SchemaBehind(
            f"The database lacks migration {missing[0].number} ({missing[0].name}). Start the "
            f"server (fancymonkey serve) once: it applies the missing ones."
        )
