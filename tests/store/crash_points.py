"""The states of a disk at each of its operations, from one run instead of a run per operation.

A crash at an operation leaves what the disk had before it. The script of a test and the order of
its operations are fixed (`inline.py`), so one run passes through the states of all crashes. Equal
files are kept once: reading them again would show the same.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Generic, TypeVar

from tests.store.faults import FaultyDisk, write_files

T = TypeVar("T")


class Images:
    """Folders with given files; equal files get the same folder."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._folders: dict[str, Path] = {}

    def folder(self, files: dict[Path, bytes]) -> Path:
        """The folder with these files, made when it is first needed."""
        key = digest(files)
        if key not in self._folders:
            self._folders[key] = write_files(files, self._target / f"image-{key}")
        return self._folders[key]


@dataclass(frozen=True)
class CrashPoint(Generic[T]):
    """The moment before an operation, or the end of the run."""

    number: int
    operation: str
    progress: T
    """The progress of the run at this moment."""
    images: dict[str, Path]
    """The folder after the crash, by the kind of crash."""


class CrashPoints(Generic[T]):
    """The crashes of one run on a disk, by number from 1, each `every`-th of them."""

    def __init__(
        self,
        disk: FaultyDisk,
        target: Path,
        ways: Sequence[str],
        progress: Callable[[], T],
        every: int = 1,
    ) -> None:
        self.points: list[CrashPoint[T]] = []
        self._disk, self._ways = disk, ways
        self._progress, self._every = progress, every
        self._images = Images(target)
        disk.revive(self._before)

    def end(self) -> list[CrashPoint[T]]:
        """All points, with the end of the run as the last one."""
        self._add(len(self._disk.operations) + 1, "the end")
        return self.points

    def _before(self, at: int, _name: str) -> None:
        if (at - 1) % self._every == 0:
            self._add(at, self._disk.operations[-1])

    def _add(self, number: int, operation: str) -> None:
        images = {way: self._images.folder(self._disk.files_after_crash(way)) for way in self._ways}
        self.points.append(CrashPoint(number, operation, self._progress(), images))


class CopiedDisks:
    """The disk before each `every`-th operation, as a process finds it that starts after a kill."""

    def __init__(self, disk: FaultyDisk, target: Path, every: int) -> None:
        self.disks: list[FaultyDisk] = []
        self._disk, self._target, self._every = disk, target, every
        disk.revive(self._before)

    def end(self) -> list[FaultyDisk]:
        """All of them, with the disk after the last operation."""
        self._add()
        return self.disks

    def _before(self, at: int, _name: str) -> None:
        if (at - 1) % self._every == 0:
            self._add()

    def _add(self) -> None:
        self.disks.append(self._disk.copied(self._target / f"copy-{len(self.disks)}"))


def digest(files: dict[Path, bytes]) -> str:
    """The same for the same names and contents only."""
    text = sha256()
    for path, content in sorted(files.items()):
        text.update(f"{path}\0{len(content)}\0".encode())
        text.update(content)
    return text.hexdigest()


class ReadOnce(Generic[T]):
    """Reads each folder of `Images` once: a store that opens it changes its files.

    `results` may have those of an earlier run, of folders with equal files: they have equal names.
    """

    def __init__(
        self, read: Callable[[Path], Awaitable[T]], results: dict[str, T] | None = None
    ) -> None:
        self._read = read
        self._results = {} if results is None else results

    async def __call__(self, folder: Path) -> T:
        if folder.name not in self._results:
            self._results[folder.name] = await self._read(folder)
        return self._results[folder.name]
