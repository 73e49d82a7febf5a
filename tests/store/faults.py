"""A file system that can lose what was not synced, fail on demand, and crash at any operation.

It works on real files and keeps a model beside them: what each file and each folder would hold
after a power cut. Nothing is really synced, so it is fast.
"""

import os
from collections.abc import Callable
from pathlib import Path

from fancymonkey.store.files import PRIVATE, Disk


class Crashed(Exception):
    """The machine has stopped: no operation does anything any more."""


class FaultyDisk(Disk):
    """`fail(number, name)` is asked before each operation, and may raise."""

    def __init__(self, folder: Path, fail: Callable[[int, str], None] | None = None) -> None:
        self.operations: list[str] = []
        self._fail = fail
        self._dead = False
        self._inodes = 0
        self._written: dict[int, bytearray] = {}
        self._durable: dict[int, bytes] = {}
        self._open: dict[int, int] = {}
        self._folder = folder
        self.names: dict[Path, int] = {}
        self.durable_names: dict[Path, int] = {}
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                self.owner_writes(path, path.read_bytes())

    def revive(self) -> None:
        """The process starts again; the machine went on, and still holds what was not synced."""
        self._fail, self._dead = None, False

    def owner_writes(self, path: Path, content: bytes, *, synced: bool = True) -> None:
        """Somebody else saves a file under a new inode, as most editors do."""
        path.unlink(missing_ok=True)
        path.write_bytes(content)
        inode = self._new_inode(path)
        self._written[inode] = bytearray(content)
        if synced:
            self._durable[inode] = content
            self.durable_names[path] = inode

    def _new_inode(self, path: Path) -> int:
        self._inodes += 1
        self.names[path] = self._inodes
        self._written[self._inodes] = bytearray()
        return self._inodes

    def _step(self, name: str, path: Path | None = None) -> None:
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
        self._step("create", path)
        fd = super().create(path, mode)
        if path not in self.names:
            self._new_inode(path)
        self._written[self.names[path]] = bytearray()
        self._open[fd] = self.names[path]
        return fd

    def open(self, path: Path) -> int:
        self._step("open", path)
        fd = super().open(path)
        self._open[fd] = self.names[path]
        return fd

    def write(self, fd: int, data: bytes) -> None:
        half = len(data) // 2
        try:
            self._step("write")
        except OSError:
            super().write(fd, data[:half])
            self._written[self._open[fd]] += data[:half]
            raise
        super().write(fd, data)
        self._written[self._open[fd]] += data

    def rewrite(self, path: Path, offset: int, data: bytes) -> None:
        self._step("rewrite", path)
        super().rewrite(path, offset, data)
        self._written[self.names[path]][offset : offset + len(data)] = data

    def truncate(self, path: Path, size: int) -> None:
        self._step("truncate", path)
        super().truncate(path, size)
        del self._written[self.names[path]][size:]

    def sync(self, fd: int) -> None:
        self._step("sync")
        inode = self._open[fd]
        self._durable[inode] = bytes(self._written[inode])

    def close(self, fd: int) -> None:
        self._open.pop(fd, None)
        os.close(fd)

    def rename(self, old: Path, new: Path) -> None:
        self._step("rename", new)
        super().rename(old, new)
        self.names[new] = self.names.pop(old)

    def exchange(self, one: Path, other: Path) -> bool:
        self._step("exchange", other)
        done = super().exchange(one, other)
        if done:
            self.names[one], self.names[other] = self.names[other], self.names[one]
        return done

    def remove(self, path: Path) -> None:
        self._step("remove", path)
        super().remove(path)
        self.names.pop(path, None)

    def sync_folder(self, path: Path) -> None:
        self._step("sync_folder", path)
        for known in [name for name in self.durable_names if name.parent == path]:
            del self.durable_names[known]
        self.durable_names.update(
            {name: inode for name, inode in self.names.items() if name.parent == path}
        )

    def after_crash(self, way: str, target: Path) -> Path:
        """What is found after the restart, as a new folder.

        `lost`: only what was synced. `kept`: everything (the process died, not the machine).
        `torn`: half of what was not synced of each file. `renamed`: names, without their content.
        """
        names = self.names if way in ("kept", "renamed") else self.durable_names
        for path, inode in names.items():
            durable, written = self._durable.get(inode, b""), bytes(self._written[inode])
            content = durable
            if way == "kept":
                content = written
            elif way == "torn" and written.startswith(durable):
                content = written[: (len(durable) + len(written) + 1) // 2]
            place = target / path.relative_to(self._folder)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        return target


class NoFolderSync(FaultyDisk):
    """Forgets to sync folders."""

    def sync_folder(self, path: Path) -> None:
        self._step("sync_folder", path)


class NoFileSync(FaultyDisk):
    """Forgets to sync files."""

    def sync(self, fd: int) -> None:
        self._step("sync")


WAYS = ("lost", "kept", "torn", "renamed")
