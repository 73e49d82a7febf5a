"""A copied SQLite file is the one of a first start."""

from pathlib import Path

import apsw

from fancymonkey.store.sqlite.store import SqliteStore
from tests.support.sqlite_files import new_file


def content(path: Path) -> list[object]:
    """The schema, and the rows of every table."""
    database = apsw.Connection(str(path))
    schema = list(database.execute("SELECT type, name, sql FROM sqlite_schema ORDER BY name"))
    tables = [name for kind, name, _ in schema if kind == "table"]
    rows = [(name, list(database.execute(f"SELECT * FROM {name}"))) for name in tables]
    database.close()
    return [*schema, *rows]


async def test_a_copy_has_the_content_and_the_rights_of_a_new_database(tmp_path: Path) -> None:
    copied, made = new_file(tmp_path / "copied.db"), tmp_path / "made.db"
    for path in (copied, made):
        store = SqliteStore(path)
        await store.open(0)
        await store.close()
    assert content(copied) == content(made)
    assert copied.stat().st_mode == made.stat().st_mode
    assert len(content(copied)) > 40


def test_each_copy_is_a_file_of_its_own(tmp_path: Path) -> None:
    first, second = new_file(tmp_path / "a.db"), new_file(tmp_path / "b.db")
    database = apsw.Connection(str(first))
    database.execute("UPDATE head SET schema = 99")
    database.close()
    assert content(first) != content(second)
