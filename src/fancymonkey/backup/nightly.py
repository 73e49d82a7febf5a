"""The backup of the night: a process of its own, so that no sale waits for it."""

import asyncio
import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from fancymonkey.backup.create import kind_of
from fancymonkey.backup.postgres_dump import look
from fancymonkey.backup.postgres_tools import tools_for
from fancymonkey.backup.retention import tidy
from fancymonkey.errors import BackupError, ConfigError


@dataclass(frozen=True, slots=True)
class BackupPlan:
    """What is saved, where to, and how many backups stay."""

    target: str
    folder: str | None
    days: int
    weeks: int


async def save(plan: BackupPlan) -> dict[str, Any]:
    """Makes a backup and removes old ones; returns what there is to report. Raises BackupError."""
    if plan.folder is None:
        raise ConfigError("There is no place for backups. Set BACKUP_TO to a directory.")
    folder = Path(plan.folder)
    if not await asyncio.to_thread(folder.is_dir):  # or the backup would be a file of this name
        raise BackupError(f"There is no directory {folder}, which BACKUP_TO names. Make it first.")
    made = await _make(plan.target, folder, portable=await _needs_no_programs(plan.target))
    found = made.pop("verify")
    if found is not None and not found["clean"]:
        raise BackupError(
            f"{made['path']} was made, and what it holds does not add up. No older backup was "
            "removed. Run `fancymonkey verify` for what is wrong."
        )
    made["removed"] = await asyncio.to_thread(tidy, folder, plan.days, plan.weeks)
    return made


async def _needs_no_programs(target: str) -> bool:
    """Whether PostgreSQL's own programs are not to be had here, so that rows have to do."""
    if kind_of(target) != "postgres":
        return False
    try:
        await tools_for((await look(target)).major)
    except BackupError:
        return True
    return False


async def _make(target: str, folder: Path, *, portable: bool) -> dict[str, Any]:
    words = [sys.executable, "-m", "fancymonkey.cli", "backup", "--json", "--to", str(folder)]
    url = target if "://" in target else ""
    environment = {**os.environ, "DATABASE_URL": url, "DATA_DIR": "" if url else target}
    process = await asyncio.create_subprocess_exec(
        *words,
        *(["--portable"] if portable else []),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
    )
    try:
        told, said = await process.communicate()
    except BaseException:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        raise
    if not told:
        words_said = said.decode(errors="replace").strip().removeprefix("Error: ")
        raise BackupError(words_said[-600:] or f"The backup ended with {process.returncode}.")
    found: dict[str, Any] = msgspec.json.decode(told)
    return found
