"""SQLite on the fault disk: its writes and syncs go through the same model."""

from pathlib import Path

import apsw

from tests.store.faults import FaultyDisk


class FaultyVfs(apsw.VFS):
    """The system's files, with the fault disk beside them. It is the default until `unregister`."""

    def __init__(self, disk: FaultyDisk) -> None:
        self.disk = disk
        super().__init__("faulty", "unix", makedefault=True)

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:
        path = Path(name.filename() if isinstance(name, apsw.URIFilename) else str(name))
        if not path.is_relative_to(self.disk.folder):
            return super().xOpen(name, flags)
        # The store itself makes the database, so that it is private; here the disk registers it.
        if flags[0] & apsw.SQLITE_OPEN_CREATE and path not in self.disk.names:
            stepping(self.disk, "create", path, apsw.CantOpenError)
            self.disk.new_inode(path)
        return FaultyFile(self.disk, path, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        if not Path(filename).is_relative_to(self.disk.folder):
            return super().xDelete(filename, syncdir)
        stepping(self.disk, "delete", Path(filename), apsw.IOError)
        super().xDelete(filename, syncdir)
        self.disk.names.pop(Path(filename), None)
        if syncdir:
            self.disk.sync_folder(Path(filename).parent)
        return None


class FaultyFile(apsw.VFSFile):
    def __init__(
        self, disk: FaultyDisk, path: Path, name: str | apsw.URIFilename | None, flags: list[int]
    ) -> None:
        self._disk = disk
        self._path = path
        self._inode = disk.names.get(path)
        super().__init__("unix", name, flags)

    def xWrite(self, data: object, offset: int) -> None:
        self._failing("write", apsw.FullError)
        super().xWrite(data, offset)  # type: ignore[arg-type]
        if self._inode is not None:
            self._disk.medium.write(self._inode, offset, bytes(data))  # type: ignore[call-overload]

    def xTruncate(self, newsize: int) -> None:
        self._failing("truncate", apsw.IOError)
        super().xTruncate(newsize)
        if self._inode is not None:
            self._disk.medium.truncate(self._inode, newsize)

    def xSync(self, flags: int) -> None:
        if self._inode is None:  # a temporary file without a name
            return
        try:
            self._failing("sync", apsw.IOError)
        except apsw.IOError:
            self._disk.medium.fail_sync(self._inode)
            raise
        self._disk.medium.sync(self._inode)
        if self._disk.durable_names.get(self._path) != self._inode:  # as SQLite does for a new log
            self._disk.sync_folder(self._path.parent)

    def _failing(self, name: str, kind: type[apsw.Error]) -> None:
        stepping(self._disk, name, self._path, kind)


def stepping(disk: FaultyDisk, name: str, path: Path, kind: type[apsw.Error]) -> None:
    """Counts an operation; a failure becomes an error of SQLite."""
    try:
        disk.step(name, path)
    except OSError as error:
        raise kind(str(error)) from error
