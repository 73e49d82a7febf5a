"""Can other users of this machine read what only the owner should?"""

import asyncio
import shlex
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from fancymonkey.backup.retention import made_at
from fancymonkey.doctor.checks import Finding, Repair, warning
from fancymonkey.settings.settings import Settings
from fancymonkey.store.shared.permissions import (
    make_private,
    open_to_others,
    parts_of_store,
    with_content,
)
from fancymonkey.text import counted


def check_rights(settings: Settings) -> Iterator[Finding]:
    """Files of the store and backups whose rights are too wide, as older versions made them."""
    store = _wide(parts_of_store(settings.target))
    if store:
        what, mend, repair = _words("of the store", store)
        yield warning("store.readable", what, mend, repair)
    if settings.backup.backup_to is not None:
        found = Path(settings.backup.backup_to).glob("*")
        backups = _wide(path for path in found if made_at(path.name) is not None)
        if backups:
            what, mend, repair = _words("in BACKUP_TO", backups)
            yield warning("backup.readable", what, mend, repair)


def _wide(parts: Iterable[Path]) -> dict[Path, list[Path]]:
    """The parts in which something can be opened by others, with what can."""
    found = {part: open_to_others(with_content(part)) for part in parts}
    return {part: paths for part, paths in found.items() if paths}


def _words(where: str, wide: dict[Path, list[Path]]) -> tuple[str, str, Repair]:
    """What is found, how to repair it, and what repairs it."""
    paths = [path for found in wide.values() for path in found]
    what = (
        f"{counted(len(paths), 'file or folder', 'files and folders')} {where} can be opened by "
        f"other users of this machine, {paths[0]} among them: they hold what is needed to log in "
        "as the owner."
    )
    return what, f"chmod -R go-rwx {shlex.join(map(str, wide))}", _private(paths)


def _private(paths: Sequence[Path]) -> Repair:
    async def repair() -> str:
        await asyncio.to_thread(make_private, paths)
        return f"{counted(len(paths), 'file or folder', 'files and folders')} closed to others."

    return repair
