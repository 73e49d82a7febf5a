"""The retention of backups: one per day for some days, one per week for some weeks."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

_NAME = re.compile(r"fancymonkey-(\d{8}T\d{6})Z-[a-z]+\.tar\.gz")


def made_at(name: str) -> datetime | None:
    """The time of a backup, by its name; None for any other file."""
    match = _NAME.fullmatch(name)
    try:
        return datetime.strptime(match[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC) if match else None
    except ValueError:
        return None


def to_remove(names: Iterable[str], days: int, weeks: int) -> list[str]:
    """The backups to remove: never the newest, never a file with another name.

    The latest of each of the last `days` days with a backup stays, and of each of the last `weeks`
    weeks.
    """
    backups = sorted(
        ((at, name) for name in names if (at := made_at(name)) is not None), reverse=True
    )
    by_day: dict[object, str] = {}
    by_week: dict[object, str] = {}
    for at, name in backups:
        by_day.setdefault(at.date(), name)
        by_week.setdefault(at.isocalendar()[:2], name)
    stay = {name for _, name in backups[:1]}
    stay |= set(list(by_day.values())[:days]) | set(list(by_week.values())[:weeks])
    return [name for _, name in backups if name not in stay]


def newest(path: Path) -> Path:
    """The newest backup of a directory that has some, else the path itself."""
    if not path.is_dir():
        return path
    backups = [(at, file.name) for file in path.iterdir() if (at := made_at(file.name)) is not None]
    return path / max(backups)[1] if backups else path


def tidy(folder: Path, days: int, weeks: int) -> list[str]:
    """Removes old backups; returns their names. Raises OSError."""
    old = to_remove((path.name for path in folder.iterdir()), days, weeks)
    for name in old:
        (folder / name).unlink()
    return old
