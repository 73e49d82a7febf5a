"""Do the places make sense that backups and alerts go to?"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from fancymonkey.alerts.channels import channels_of
from fancymonkey.doctor.checks import Finding, error, note, warning
from fancymonkey.errors import ConfigError
from fancymonkey.settings.settings import Settings


def check_places(settings: Settings, files: Path | None) -> Iterator[Finding]:
    """Whether they can be used. `files` is the folder of the store's files, if it has any."""
    try:
        channels_of(settings.alerts.alert_urls)
    except ConfigError as reason:
        yield error("alerts.wrong", str(reason), "Correct it: the service does not start before.")
    if settings.backup.backup_to is not None:
        yield from _backups(Path(settings.backup.backup_to), files)
    if settings.backup.backup_git:
        yield from _versions(settings.target)


def _backups(to: Path, files: Path | None) -> Iterator[Finding]:
    if not (to.is_dir() and os.access(to, os.W_OK | os.X_OK)):
        yield error(
            "backup.place",
            f"BACKUP_TO is {to}, which is no directory that this user can write to: no backup "
            "can be made.",
            f"Make it, and give it to the user that runs the service: mkdir -p {to}",
        )
    elif files is not None and files.is_dir() and to.stat().st_dev == files.stat().st_dev:
        yield note(
            "backup.same_disk",
            f"BACKUP_TO is on the disk of the store: what takes {files} away takes the backups "
            "along.",
            "Name a directory on another disk, or copy the backups to another machine.",
        )


def _versions(target: str) -> Iterator[Finding]:
    if "://" in target:
        yield warning(
            "backup.git",
            "BACKUP_GIT is on, and this store is no folder of JSON files: no versions are kept.",
            "Take BACKUP_GIT out, and set BACKUP_TO.",
        )
    elif shutil.which("git") is None:
        yield warning(
            "backup.git",
            "BACKUP_GIT is on, and there is no program git here: no versions are kept.",
            "Install git, or take BACKUP_GIT out.",
        )
