"""Checks the destinations of backups and alerts."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from fancymonkey.alerts.channels import channels_of
from fancymonkey.doctor.checks import DoctorFinding, error, note, warning
from fancymonkey.errors import ConfigError
from fancymonkey.settings.settings import Settings


def check_paths(settings: Settings, files: Path | None) -> Iterator[DoctorFinding]:
    """Checks whether they can be used. `files` is the folder of the store's files, if any."""
    try:
        channels_of(settings.alerts.alert_urls)
    except ConfigError as reason:
        yield error("alerts.wrong", str(reason), "Correct it: until then the service cannot start.")
    if settings.backup.backup_to is not None:
        yield from _backups(Path(settings.backup.backup_to), files)
    if settings.backup.backup_git:
        yield from _versions(settings.target)


def _backups(to: Path, files: Path | None) -> Iterator[DoctorFinding]:
    if not (to.is_dir() and os.access(to, os.W_OK | os.X_OK)):
        yield error(
            "backup.place",
            f"BACKUP_TO is {to}, which is not a directory that this user can write to: backups "
            "are not possible.",
            f"Create it, owned by the user that runs the service: mkdir -p {to}",
        )
    elif files is not None and files.is_dir() and to.stat().st_dev == files.stat().st_dev:
        yield note(
            "backup.same_disk",
            f"BACKUP_TO is on the disk of the store: a loss of {files} may take the backups with "
            "it.",
            "Name a directory on another disk, or copy the backups to another machine.",
        )


def _versions(target: str) -> Iterator[DoctorFinding]:
    if "://" in target:
        yield warning(
            "backup.git",
            "BACKUP_GIT is on, but this store is not a folder of JSON files: no versions are kept.",
            "Remove BACKUP_GIT, and set BACKUP_TO.",
        )
    elif shutil.which("git") is None:
        yield warning(
            "backup.git",
            "BACKUP_GIT is on, but the program git is not installed: no versions are kept.",
            "Install git, or remove BACKUP_GIT.",
        )
