"""The file operations that durability depends on, in one small class that tests can replace.

The content of a file is durable after `sync`; a new, renamed or removed name only after
`sync_folder`. Both are needed: without the second, real power cuts have undone renames.
"""

import contextlib
import ctypes
import errno
import os
import stat
from collections.abc import Iterable
from pathlib import Path

PRIVATE = 0o600
PRIVATE_FOLDER = 0o700
OWNERS = 0o644
"""The mode of products.json, which the shop's owner edits."""

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_NOT_SUPPORTED = frozenset({errno.ENOSYS, errno.EINVAL, errno.ENOTSUP})

# Not available on every system. Python sets O_CLOEXEC by default.
_sync_data = getattr(os, "fdatasync", os.fsync)
_libc = ctypes.CDLL(None, use_errno=True)
_renameat2 = getattr(_libc, "renameat2", None)


class Disk:
    """The real file system. Every method raises OSError."""

    def read(self, path: Path) -> bytes:
        """The content of a file."""
        return path.read_bytes()

    def create(self, path: Path, mode: int = PRIVATE) -> int:
        """Creates an empty file, replacing an old one, and opens it for writing.

        Only its owner may open it, for any umask; if another `mode` is given, the umask
        applies.
        """
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        if mode == PRIVATE:
            with contextlib.suppress(PermissionError):  # an old file of another user
                os.fchmod(fd, PRIVATE)
        return fd

    def open(self, path: Path) -> int:
        """Opens a file that exists for writing; `write` appends."""
        return os.open(path, os.O_WRONLY | os.O_APPEND)

    def write(self, fd: int, data: bytes) -> None:
        """Appends all of `data`."""
        view = memoryview(data)
        while view:
            view = view[os.write(fd, view) :]

    def is_removed(self, fd: int) -> bool:
        """Whether an open file has no name any more."""
        return os.fstat(fd).st_nlink == 0

    def sync(self, fd: int) -> None:
        """Returns when all writes to the file are on the medium."""
        _sync_data(fd)

    def close(self, fd: int) -> None:
        """Closes a file."""
        os.close(fd)

    def rename(self, old: Path, new: Path) -> None:
        """Renames a file, replacing a file of the new name."""
        old.replace(new)

    def exchange(self, left: Path, other: Path) -> bool:
        """Swaps two files in one step; False if the system cannot."""
        if _renameat2 is None:
            return False
        paths = os.fsencode(left), os.fsencode(other)
        if _renameat2(_AT_FDCWD, paths[0], _AT_FDCWD, paths[1], _RENAME_EXCHANGE) == 0:
            return True
        code = ctypes.get_errno()
        if code in _NOT_SUPPORTED:
            return False
        raise OSError(code, os.strerror(code), str(left))

    def dress(self, path: Path, like: Path) -> None:
        """Gives a file the permissions of another and, if allowed, its owner."""
        if not like.exists():
            return
        status = like.stat()
        if hasattr(os, "chown"):
            with contextlib.suppress(PermissionError):
                os.chown(path, status.st_uid, status.st_gid)
        path.chmod(stat.S_IMODE(status.st_mode))

    def remove(self, path: Path) -> None:
        """Removes a file if it exists."""
        path.unlink(missing_ok=True)

    def make_folder(self, path: Path) -> None:
        """Creates a folder and its parents, durably; only their owner may open new ones."""
        if path.is_dir():
            return
        self.make_folder(path.parent)
        try:
            path.mkdir(PRIVATE_FOLDER)
        except FileExistsError:
            if not path.is_dir():
                raise
        else:
            path.chmod(PRIVATE_FOLDER)  # independent of the umask
        try:
            self.sync_folder(path.parent)
        except OSError:
            # Else the next call would take the name for durable. It creates the folder again, as
            # another sync after a failed one may do nothing.
            with contextlib.suppress(OSError):
                path.rmdir()
            raise

    def sync_folder(self, path: Path) -> None:
        """Returns when every name in the folder is on the medium."""
        fd = os.open(path, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def write_new(disk: Disk, path: Path, parts: Iterable[bytes], mode: int = PRIVATE) -> None:
    """Writes a file and syncs it; its name is not durable yet. A failure leaves no file."""
    fd = disk.create(path, mode)
    try:
        for part in parts:
            disk.write(fd, part)
        disk.sync(fd)
    except OSError:
        with contextlib.suppress(OSError):
            disk.remove(path)
        raise
    finally:
        disk.close(fd)


def write_safely(disk: Disk, path: Path, parts: Iterable[bytes], like: Path | None = None) -> None:
    """Replaces a file: every reader, also after a power cut, sees the old or the new content.

    The new file gets the permissions of the file `like`, if one is given.
    """
    temporary = temporary_name(path)
    write_new(disk, temporary, parts)
    if like is not None:
        disk.dress(temporary, like)
    disk.rename(temporary, path)
    disk.sync_folder(path.parent)


def temporary_name(path: Path) -> Path:
    """A name in the folder of `path` that no other process uses."""
    return path.with_name(f".{path.name}.{os.getpid()}-{os.urandom(4).hex()}.tmp")


def remove_leftovers(disk: Disk, *folders: Path) -> None:
    """Removes the temporary files of a crash from these folders. Raises OSError."""
    for folder in folders:
        for path in folder.glob(".*.tmp"):
            disk.remove(path)
