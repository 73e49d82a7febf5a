"""Finds and closes files of a store or its backups that other users of the machine may open."""

import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from fancymonkey.store.url import sqlite_path

OTHERS = stat.S_IRWXG | stat.S_IRWXO
JSON_PARTS = ("lock", "logs", "state", "restoring.json", "before-restore-*")
"""The parts of a JSON store except products.json, whose permissions the owner chooses."""

OWNERS_FILES = ("products.json", "products.json.swap")
"""The owner's file, and its former content for a moment after an exchange, with the same rights."""

SQLITE_ENDS = ("", "-wal", "-shm", "-journal", ".lock", ".before-restore-*")


def parts_of_store(target: str) -> Iterator[Path]:
    """The files and folders that only the owner of a store should be able to open."""
    file = sqlite_path(target)
    if file is not None:
        for end in SQLITE_ENDS:
            yield from file.parent.glob(_literal(file.name) + end)
    elif "://" not in target:
        for part in JSON_PARTS:
            yield from Path(target).glob(part)


def with_content(part: Path) -> Iterator[Path]:
    """The path itself and, for a folder, all its content except the owner's products.json."""
    yield part
    if part.is_dir() and not part.is_symlink():
        yield from (path for path in part.rglob("*") if path.name not in OWNERS_FILES)


def open_to_others(paths: Iterable[Path]) -> list[Path]:
    """The paths that a user other than their owner may read or change."""
    exposed = []
    for path in paths:
        try:
            mode = path.lstat().st_mode
        except OSError:  # just removed, or not accessible to us
            continue
        if not stat.S_ISLNK(mode) and mode & OTHERS:
            exposed.append(path)
    return exposed


def make_private(paths: Iterable[Path]) -> None:
    """Removes the permissions of all other users. Raises OSError."""
    for path in paths:
        with suppress(FileNotFoundError):  # SQLite removes its -wal and -shm files by itself
            mode = path.lstat().st_mode
            if not stat.S_ISLNK(mode):
                path.chmod(stat.S_IMODE(mode) & ~OTHERS)


def _literal(name: str) -> str:
    return "".join(f"[{character}]" if character in "*?[" else character for character in name)
