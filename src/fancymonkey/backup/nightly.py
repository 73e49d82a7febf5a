"""The nightly backup, in a process of its own, so that no sale waits for it."""

import asyncio
import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from fancymonkey.backup.create import kind_of
from fancymonkey.backup.retention import tidy
from fancymonkey.errors import BackupError, ConfigError


@dataclass(frozen=True, slots=True)
class BackupPlan:
    """The store to back up, the folder for backups, and how many are kept."""

    target: str
    folder: str | None
    days: int
    weeks: int


async def save(plan: BackupPlan) -> dict[str, Any]:
    """Makes a backup and removes old ones; returns the report. Raises BackupError."""
    if plan.folder is None:
        raise ConfigError("There is no directory for backups. Set BACKUP_TO.")
    folder = Path(plan.folder)
    if not await asyncio.to_thread(folder.is_dir):  # else the backup would become this file
        raise BackupError(f"There is no directory {folder}, as BACKUP_TO names. Create it first.")
    made = await _make(plan.target, folder, portable=await _lacks_programs(plan.target))
    verification = made.pop("verify")
    if verification is not None and not verification["clean"]:
        raise BackupError(
            f"{made['path']} was made, but its content does not add up. No older backup was "
            "removed. `fancymonkey verify` lists the contradictions."
        )
    made["removed"] = await asyncio.to_thread(tidy, folder, plan.days, plan.weeks)
    return made


async def _lacks_programs(target: str) -> bool:
    """Whether the store is PostgreSQL and its programs are missing: a portable backup is made."""
    if kind_of(target) != "postgres":
        return False
    from fancymonkey.backup.postgres_dump import look  # loads PostgreSQL's library
    from fancymonkey.backup.postgres_tools import tools_for

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
        output, errors = await process.communicate()
    except BaseException:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        raise
    if not output:
        message = errors.decode(errors="replace").strip().removeprefix("Error: ")
        raise BackupError(message[-600:] or f"The backup ended with {process.returncode}.")
    report: dict[str, Any] = msgspec.json.decode(output)
    return report
