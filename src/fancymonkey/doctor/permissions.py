"""Checks that other users of this machine cannot read the store and its backups."""

import asyncio
import shlex
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from fancymonkey.backup.retention import made_at
from fancymonkey.doctor.checks import DoctorFinding, Repair, warning
from fancymonkey.settings.settings import Settings
from fancymonkey.store.shared.permissions import (
    make_private,
    open_to_others,
    parts_of_store,
    with_content,
)
from fancymonkey.text import counted


def check_permissions(settings: Settings) -> Iterator[DoctorFinding]:
    """Checks for files of the store and backups that others can open, as older versions did."""
    store = _open_parts(parts_of_store(settings.target))
    if store:
        problem, remedy, repair = _finding_parts("of the store", store)
        yield warning("store.readable", problem, remedy, repair)
    if settings.backup.backup_to is not None:
        files = Path(settings.backup.backup_to).glob("*")
        backups = _open_parts(path for path in files if made_at(path.name) is not None)
        if backups:
            problem, remedy, repair = _finding_parts("in BACKUP_TO", backups)
            yield warning("backup.readable", problem, remedy, repair)


def _open_parts(parts: Iterable[Path]) -> dict[Path, list[Path]]:
    """The files and folders that others can open, by the part of the store."""
    by_part = {part: open_to_others(with_content(part)) for part in parts}
    return {part: paths for part, paths in by_part.items() if paths}


def _finding_parts(where: str, open_parts: dict[Path, list[Path]]) -> tuple[str, str, Repair]:
    """The problem, its remedy for people, and its repair."""
    paths = [path for part in open_parts.values() for path in part]
    problem = (
        f"{counted(len(paths), 'file or folder', 'files and folders')} {where} can be opened by "
        f"other users of this machine, {paths[0]} among them: their content is enough to log in as "
        "the owner."
    )
    return problem, f"chmod -R go-rwx {shlex.join(map(str, open_parts))}", _private(paths)


def _private(paths: Sequence[Path]) -> Repair:
    async def repair() -> str:
        await asyncio.to_thread(make_private, paths)
        return f"{counted(len(paths), 'file or folder', 'files and folders')} closed to others."

    return repair
