"""Can other users of this machine read what only the owner should?"""

import asyncio
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from fancymonkey.backup.retention import made_at
from fancymonkey.config import Settings
from fancymonkey.doctor.finding import Finding, Repair, warning
from fancymonkey.engine.words import counted
from fancymonkey.store.rights import (
    make_private,
    open_to_others,
    parts_of_store,
    with_content,
)


def check_rights(settings: Settings) -> Iterator[Finding]:
    """Files of the store and backups whose rights are too wide, as older versions made them."""
    yield from _readable("store.readable", "of the store", list(parts_of_store(settings.target)))
    if settings.backup_to is not None:
        folder = Path(settings.backup_to)
        backups = [path for path in folder.glob("*") if made_at(path.name) is not None]
        yield from _readable("backup.readable", "in BACKUP_TO", backups)


def _readable(id_: str, where: str, parts: Sequence[Path]) -> Iterator[Finding]:
    found = {part: open_to_others(with_content(part)) for part in parts}
    wide = [part for part, paths in found.items() if paths]
    if not wide:
        return
    paths = [path for part in wide for path in found[part]]
    yield warning(
        id_,
        f"{counted(len(paths), 'file or folder', 'files and folders')} {where} can be opened by "
        f"other users of this machine, {paths[0]} among them: they hold what is needed to log in "
        "as the owner.",
        f"chmod -R go-rwx {shlex.join(map(str, wide))}",
        _private(paths),
    )


def _private(paths: Sequence[Path]) -> Repair:
    async def repair() -> str:
        await asyncio.to_thread(make_private, paths)
        return f"{counted(len(paths), 'file or folder', 'files and folders')} closed to others."

    return repair
