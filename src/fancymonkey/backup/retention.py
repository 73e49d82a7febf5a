"""Which backups of a directory stay: one a day for some days, one a week for some weeks."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

_NAME = re.compile(r"fancymonkey-(\d{8}T\d{6})Z-[a-z]+\.tar\.gz")


def made_at(name: str) -> datetime | None:
    """When a backup was made, by its name; None for any other file."""
    match = _NAME.fullmatch(name)
    try:
        return datetime.strptime(match[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC) if match else None
    except ValueError:
        return None


def to_remove(names: Iterable[str], days: int, weeks: int) -> list[str]:
    """The backups that need not stay: never the newest, never a file with another name.

    Of each of the last `days` days that have one, and of each of the last `weeks` weeks, the
    latest stays.
    """
    found = sorted(
        ((at, name) for name in names if (at := made_at(name)) is not None), reverse=True
    )
    by_day: dict[object, str] = {}
    by_week: dict[object, str] = {}
    for at, name in found:
        by_day.setdefault(at.date(), name)
        by_week.setdefault(at.isocalendar()[:2], name)
    kept = {name for _, name in found[:1]}
    kept |= set(list(by_day.values())[:days]) | set(list(by_week.values())[:weeks])
    return [name for _, name in found if name not in kept]


def newest(path: Path) -> Path:
    """The newest backup where a directory is named that has some, else the path itself."""
    if not path.is_dir():
        return path
    found = [(at, one.name) for one in path.iterdir() if (at := made_at(one.name)) is not None]
    return path / max(found)[1] if found else path


def tidy(folder: Path, days: int, weeks: int) -> list[str]:
    """Removes the backups that need not stay; returns their names. Raises OSError."""
    gone = to_remove((path.name for path in folder.iterdir()), days, weeks)
    for name in gone:
        (folder / name).unlink()
    return gone
