"""Opens the store of a `DATABASE_URL` or a directory."""

from pathlib import Path

from fancymonkey.errors import ConfigError, StoreUnavailable
from fancymonkey.store.contract import Store
from fancymonkey.store.in_memory.store import MemoryStore
from fancymonkey.store.url import sqlite_path


def empty_store(target: str) -> Store:
    """The store to copy into, as `open_store`, after removing an interrupted copy there."""
    if "://" not in target:
        from fancymonkey.store.json.fill import discard_half

        discard_half(Path(target))
    return open_store(target)


def open_store(target: str, *, read_only: bool = False, url: str = "") -> Store:
    """The store that a URL or a directory names, not opened yet.

    `postgresql://…`, `sqlite:///file.db`, `memory://`, or the path of a directory of JSON files.
    With `read_only` it may be used beside a server that holds it, and refuses to write. A server
    gives the `url` on which it listens, so that commands can find it by the lock of the store.
    Raises ConfigError for any other URL.
    """
    scheme, separator, _ = target.partition("://")
    if not separator:
        from fancymonkey.store.json.store import (
            JsonStore,  # each driver is loaded only if it is used
        )

        return JsonStore(Path(target), read_only=read_only, url=url)
    if scheme in ("postgresql", "postgres"):
        from fancymonkey.store.postgres.store import PostgresStore

        return PostgresStore(target, read_only=read_only)
    file = sqlite_path(target)
    if file is not None:
        from fancymonkey.store.sqlite.store import SqliteStore

        return SqliteStore(file, read_only=read_only, url=url)
    if scheme == "memory":
        return MemoryStore()
    raise ConfigError(
        f"{scheme}:// is not a store. Use postgresql://…, sqlite:///file.db or a directory."
    )


def require_existing(target: str) -> None:
    """Raises StoreUnavailable if the directory, or the SQLite file, of a store does not exist."""
    path = sqlite_path(target)
    if "://" not in target and not Path(target).is_dir():
        raise StoreUnavailable(f"There is no directory {target}. Name the store with --data DIR.")
    if path is not None and not path.exists():
        raise StoreUnavailable(f"There is no database {path}. Name the store with --data URL.")
