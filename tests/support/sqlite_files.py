"""SQLite files with the schema of this version and no data.

The migrations of a new file take 0.013 s of CPU time;
tests/store/contract/test_migrations.py runs them.
"""

import tempfile
from functools import cache
from pathlib import Path

from fancymonkey.store.shared.files import PRIVATE
from fancymonkey.store.sqlite.recovery import companion
from fancymonkey.store.sqlite.store import SqliteStore
from tests.support.postgres import in_own_loop


def new_file(path: Path) -> Path:
    """Makes a database that only its owner can read, as a store leaves it after its first start."""
    content = _migrated()
    path.touch(PRIVATE)
    path.write_bytes(content)
    return path


@cache
def _migrated() -> bytes:
    with tempfile.TemporaryDirectory(prefix="fm-sqlite-") as folder:
        path = Path(folder) / "shop.db"
        in_own_loop(_start(path))
        assert not companion(path, "-wal").exists()  # else its content would be missing
        return path.read_bytes()


async def _start(path: Path) -> None:
    store = SqliteStore(path)
    await store.open(0)
    await store.close()
