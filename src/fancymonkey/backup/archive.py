"""A backup file: a gzipped tar that begins with a manifest and ends with checksums.

`tar xzf` opens it. A damaged, cut off or changed file is refused before anything is changed.
"""

import hashlib
import io
import os
import re
import tarfile
import zlib
from collections.abc import Iterator
from gzip import GzipFile
from pathlib import Path
from typing import IO, Any

import msgspec
from msgspec import Struct

from fancymonkey.errors import BackupError
from fancymonkey.store.shared.files import Disk, temporary_name

FORMAT = 1
MANIFEST = "backup.json"
SUMS = "checksums.json"
LEVEL = 4
CHUNK = 1 << 20
SMALL = 1 << 20

_NAME = re.compile(r"(?!\.)[A-Za-z0-9._-]+(/(?!\.)[A-Za-z0-9._-]+)?")
_TORN = (tarfile.TarError, EOFError, zlib.error, OSError, ValueError)


class Manifest(Struct, rename="camel"):
    """The content of a backup: `kind` is `json`, `sqlite`, `postgres` or `rows` (for any store).

    `revision` is the last one of its ledger, where that is known.
    """

    format: int
    kind: str
    made_at: str
    program: str
    revision: int | None = None
    database_schema: str | None = None


class _Output(io.RawIOBase):
    """A file written through the stores' `Disk`, so that tests can make its writes fail."""

    def __init__(self, disk: Disk, fd: int) -> None:
        self._disk = disk
        self._fd: int | None = fd

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        if self._fd is not None:
            self._disk.write(self._fd, data)
        return len(data)

    def end(self) -> None:
        """Discards all later writes.

        A buffer that failed writes its rest when it is collected as garbage. The number of the file
        may by then belong to another file, such as the store's.
        """
        self._fd = None


def pack(disk: Disk, folder: Path, manifest: Manifest, to: Path) -> None:
    """Packs the files of a folder into a backup. Raises BackupError, and then leaves no file.

    The file gets its name once it is complete, verified by reading it back, and durable.
    """
    temporary = temporary_name(to)
    try:
        fd = disk.create(temporary)
        output = _Output(disk, fd)
        try:
            os.fchmod(fd, 0o600)  # it contains digests of passwords, and data of buyers
            _write(io.BufferedWriter(output, CHUNK), folder, manifest)
            disk.sync(fd)
        finally:
            output.end()
            disk.close(fd)
        inspect(temporary)
        place(disk, temporary, to)
    except OSError as error:
        raise BackupError(
            f"The backup {to} could not be written: {error.strerror or error}. Nothing was kept."
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


def place(disk: Disk, made: Path, to: Path) -> None:
    """Gives a finished file its name, if that is free. Raises OSError, BackupError."""
    try:
        os.link(made, to)  # unlike a rename, a link never replaces a file
    except FileExistsError:
        raise BackupError(f"{to} exists already and stays. Name a new file.") from None
    except OSError:  # a file system without links
        if to.exists():
            raise BackupError(f"{to} exists already and stays. Name a new file.") from None
        disk.rename(made, to)
    disk.sync_folder(to.parent)


def _write(out: io.BufferedWriter, folder: Path, manifest: Manifest) -> None:
    sums: dict[str, str] = {}
    with (
        GzipFile("", "wb", LEVEL, out, 0) as packed,
        tarfile.open(fileobj=packed, mode="w|") as tar,
    ):
        _add(tar, MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)), sums)
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            name = path.relative_to(folder).as_posix()
            member = tarfile.TarInfo(name)
            member.size = path.stat().st_size
            with path.open("rb") as file:
                summed = _Summed(file)
                tar.addfile(member, summed)
                sums[name] = summed.sum.hexdigest()
        _add(tar, SUMS, msgspec.json.format(msgspec.json.encode(sums)), {})
    out.flush()


def _add(tar: tarfile.TarFile, name: str, data: bytes, sums: dict[str, str]) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))
    sums[name] = hashlib.sha256(data).hexdigest()


class _Summed:
    """A file that is read once, and the checksum of its content."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.sum = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.sum.update(data)
        return data


def inspect(path: Path) -> Manifest:
    """The manifest of a backup, after reading and verifying all of it. Raises BackupError."""
    return _read(path, None)


def unpack(path: Path, folder: Path) -> Manifest:
    """Unpacks a backup into an empty folder, durably. Raises BackupError, OSError."""
    return _read(path, folder)


def _read(path: Path, folder: Path | None) -> Manifest:
    try:
        with path.open("rb") as file, tarfile.open(fileobj=file, mode="r|gz") as tar:
            return _members(path, tar, folder)
    except FileNotFoundError:
        raise BackupError(f"There is no backup {path}.") from None
    except IsADirectoryError:
        raise BackupError(f"{path} is a directory. Name the backup's file in it.") from None
    except BackupError:
        raise
    except _TORN as error:
        if isinstance(error, OSError) and error.errno is not None and folder is not None:
            raise BackupError(
                f"{path} could not be unpacked: {error.strerror}. Nothing was changed."
            ) from error
        raise _refused(path, f"it is cut off or damaged ({error})") from error


def _members(path: Path, tar: tarfile.TarFile, folder: Path | None) -> Manifest:
    manifest: Manifest | None = None
    sums: dict[str, str] = {}
    for member in tar:
        source = tar.extractfile(member) if member.isreg() else None
        if source is None or not _NAME.fullmatch(member.name):
            raise _refused(path, f"the member {member.name!r} does not belong in a backup")
        if member.name in (MANIFEST, SUMS):
            data = source.read(SMALL)
            if member.name == SUMS:
                if msgspec.json.decode(data, type=dict[str, str]) != sums:
                    raise _refused(path, "its checksums do not match")
                if manifest is None:
                    break
                return manifest
            manifest = _manifest(path, data)
            sums[MANIFEST] = hashlib.sha256(data).hexdigest()
        else:
            if manifest is None:
                break
            sums[member.name] = _copy(source, None if folder is None else folder / member.name)
    if manifest is None:
        raise _refused(path, f"it does not begin with {MANIFEST}")
    raise _refused(path, "it is cut off: its end is missing")


def _manifest(path: Path, data: bytes) -> Manifest:
    manifest = msgspec.json.decode(data, type=Manifest)
    if manifest.format != FORMAT:
        raise _refused(path, f"format {manifest.format} is not known to this version")
    return manifest


def _copy(source: IO[bytes], to: Path | None) -> str:
    total, disk = hashlib.sha256(), Disk()
    if to is None:
        for part in _parts(source):
            total.update(part)
        return total.hexdigest()
    disk.make_folder(to.parent)
    fd = disk.create(to)
    try:
        for part in _parts(source):
            total.update(part)
            disk.write(fd, part)
        disk.sync(fd)
    finally:
        disk.close(fd)
    disk.sync_folder(to.parent)
    return total.hexdigest()


def _parts(source: IO[bytes]) -> Iterator[bytes]:
    while part := source.read(CHUNK):
        yield part


def _refused(path: Path, problem: str) -> BackupError:
    return BackupError(f"{path} is not a complete backup: {problem}. Nothing was changed.")
