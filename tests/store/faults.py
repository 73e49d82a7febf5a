"""A file system that can lose unsynced data, fail on demand, and crash at any operation.

It works on real files and has a model of the content of each file and folder after a power cut.
Nothing is really synced, so it is fast. A sync that fails forgets what it should have written
(`medium.py`), and a folder's sync that fails forgets the names that had changed.
"""

import os
import shutil
from collections.abc import Callable
from copy import copy, deepcopy
from pathlib import Path
from typing import TypeVar

from fancymonkey.store.shared.files import PRIVATE, Disk
from tests.store.medium import Medium

Inode = TypeVar("Inode", int, int | None)


class Crashed(Exception):
    """The machine has stopped: no operation does anything any more."""


class CrashedMachine:
    """Crashes at one operation."""

    def __init__(self, number: int) -> None:
        self._number = number

    def __call__(self, at: int, name: str) -> None:
        if at == self._number:
            raise Crashed


class FaultyDisk(Disk):
    """`fail(number, name)` is asked before each operation, and may raise."""

    def __init__(self, folder: Path, fail: Callable[[int, str], None] | None = None) -> None:
        self.operations: list[str] = []
        self._fail = fail
        self._dead = False
        self._inodes = 0
        self.medium = Medium()
        self._open: dict[int, int] = {}
        self.folder = folder
        self.names: dict[Path, int] = {}
        self.durable_names: dict[Path, int] = {}
        self._lost_names: dict[Path, int | None] = {}
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                self.owner_writes(path, path.read_bytes())

    def revive(self, fail: Callable[[int, str], None] | None = None) -> None:
        """The process starts again; the machine stayed on, and still has unsynced data."""
        self._fail, self._dead = fail, False

    def owner_writes(self, path: Path, content: bytes, *, synced: bool = True) -> None:
        """Another program saves a file under a new inode, as most editors do."""
        path.unlink(missing_ok=True)
        path.write_bytes(content)
        inode = self.new_inode(path)
        self.medium.new(inode, content, synced=synced)
        if synced:
            self.durable_names[path] = inode

    def new_inode(self, path: Path) -> int:
        """Gives a name to a new file."""
        self._inodes += 1
        self.names[path] = self._inodes
        self.medium.new(self._inodes)
        return self._inodes

    def step(self, name: str, path: Path | None = None) -> None:
        """Counts an operation, which may fail."""
        if self._dead:
            raise Crashed
        self.operations.append(f"{name} {path.name if path else ''}".strip())
        if self._fail is not None:
            try:
                self._fail(len(self.operations), name)
            except Crashed:
                self._dead = True
                raise

    def create(self, path: Path, mode: int = PRIVATE) -> int:
        self.step("create", path)
        fd = super().create(path, mode)
        if path not in self.names:
            self.new_inode(path)
        self.medium.truncate(self.names[path], 0)
        self._open[fd] = self.names[path]
        return fd

    def open(self, path: Path) -> int:
        self.step("open", path)
        fd = super().open(path)
        self._open[fd] = self.names[path]
        return fd

    def write(self, fd: int, data: bytes) -> None:
        half = len(data) // 2
        try:
            self.step("write")
        except OSError:
            super().write(fd, data[:half])
            self.medium.append(self._open[fd], data[:half])
            raise
        super().write(fd, data)
        self.medium.append(self._open[fd], data)

    def sync(self, fd: int) -> None:
        inode = self._open[fd]
        try:
            self.step("sync")
        except OSError:
            self.medium.fail_sync(inode)
            raise
        self.medium.sync(inode)

    def close(self, fd: int) -> None:
        self._open.pop(fd, None)
        os.close(fd)

    def rename(self, old: Path, new: Path) -> None:
        self.step("rename", new)
        super().rename(old, new)
        self.names[new] = self.names.pop(old)

    def exchange(self, first: Path, other: Path) -> bool:
        self.step("exchange", other)
        done = super().exchange(first, other)
        if done:
            self.names[first], self.names[other] = self.names[other], self.names[first]
        return done

    def remove(self, path: Path) -> None:
        self.step("remove", path)
        super().remove(path)
        self.names.pop(path, None)

    def sync_folder(self, path: Path) -> None:
        try:
            self.step("sync_folder", path)
        except OSError:
            self._lost_names.update(self._changed_names(path))
            raise
        for name, inode in self._changed_names(path).items():
            if self._lost_names.get(name, -1) == inode:
                continue  # forgotten by a sync that failed
            self._lost_names.pop(name, None)
            if inode is None:
                del self.durable_names[name]
            else:
                self.durable_names[name] = inode

    def _changed_names(self, folder: Path) -> dict[Path, int | None]:
        """The names in a folder that the medium does not have as they are now."""
        known = {name for name in {**self.names, **self.durable_names} if name.parent == folder}
        return {
            name: self.names.get(name)
            for name in known
            if self.names.get(name) != self.durable_names.get(name)
        }

    def after_crash(self, way: str, target: Path) -> Path:
        """The folder after the restart, as a new folder; see `files_after_crash`."""
        return write_files(self.files_after_crash(way), target)

    def files_after_crash(self, way: str) -> dict[Path, bytes]:
        """The content of each file after the restart, by its path below the folder.

        `lost`: only synced data. `kept`: everything (the process died, not the machine).
        `torn`: half of the unsynced data of each file. `renamed`: names, without their content.
        """
        names = self.names if way in ("kept", "renamed") else self.durable_names
        files = {}
        for path, inode in names.items():
            durable, written = self.medium.after_cut(inode), bytes(self.medium.written[inode])
            content = durable
            if way == "kept":
                content = written
            elif way == "torn" and written.startswith(durable):
                content = written[: (len(durable) + len(written) + 1) // 2]
            files[path.relative_to(self.folder)] = content
        return files

    def copied(self, folder: Path) -> "FaultyDisk":
        """The disk as it is now, in another folder: for a process that starts there."""
        shutil.copytree(self.folder, folder)
        made = copy(self)
        made.folder, made.medium = folder, deepcopy(self.medium)
        made.operations, made._open = list(self.operations), {}
        made.names = self._moved(self.names, folder)
        made.durable_names = self._moved(self.durable_names, folder)
        made._lost_names = self._moved(self._lost_names, folder)
        made.revive()
        return made

    def _moved(self, names: dict[Path, Inode], folder: Path) -> dict[Path, Inode]:
        return {folder / path.relative_to(self.folder): inode for path, inode in names.items()}


def write_files(files: dict[Path, bytes], target: Path) -> Path:
    """Makes a folder with these files."""
    for path, content in files.items():
        place = target / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    return target


class NoFolderSync(FaultyDisk):
    """Forgets to sync folders."""

    def sync_folder(self, path: Path) -> None:
        self.step("sync_folder", path)


class NoFileSync(FaultyDisk):
    """Forgets to sync files."""

    def sync(self, fd: int) -> None:
        self.step("sync")


WAYS = ("lost", "kept", "torn", "renamed")
