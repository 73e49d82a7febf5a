"""Damaged backups, full disks and sudden ends: no invalid backup is kept, nothing is changed."""

import asyncio
import contextlib
import errno
import gc
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
from itertools import cycle, islice
from pathlib import Path

import pytest

from fancymonkey.backup.archive import FORMAT, Manifest, inspect, pack
from fancymonkey.backup.create import make
from fancymonkey.backup.restore import restore
from fancymonkey.errors import BackupError, FancyMonkeyError, StoreCorrupt
from fancymonkey.store.contract import Store
from fancymonkey.store.open import open_store
from fancymonkey.store.shared.files import PRIVATE, Disk
from tests.backup.conftest import Fresh, fill
from tests.support.program import run, start

NOW = 1_764_000_000_000
PROGRAM = [sys.executable, "-m", "fancymonkey.cli"]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A filled folder."""
    folder = tmp_path / "store"

    async def work() -> None:
        store = open_store(str(folder))
        await store.open(0)
        await fill(store)
        await store.close()

    asyncio.run(work())
    return folder


async def test_a_damaged_backup_is_refused_wherever_it_is_damaged(
    store: Store, kind: str, target: str, fresh: Fresh, tmp_path: Path
) -> None:
    made = (await make(target, tmp_path / "b.tar.gz", NOW)).path
    whole, chance = made.read_bytes(), random.Random(1)
    again = fresh(kind)
    bad = tmp_path / "bad.tar.gz"
    for number in range(40):
        at = chance.randrange(len(whole))
        flipped = bytes([whole[at] ^ (1 << chance.randrange(8))])
        torn = whole[:at] if number % 2 else whole[:at] + flipped + whole[at + 1 :]
        bad.write_bytes(torn)
        try:
            problems = inspect(bad)
        except BackupError as error:
            assert "Nothing was changed" in str(error)  # noqa: PT017
            if number < 4:
                with pytest.raises(BackupError):
                    await restore(bad, again, NOW)
        else:  # a bit without meaning, as in the header of gzip
            assert problems == inspect(made)
    assert kind != "json" or not list(Path(again).glob("*"))
    assert (await restore(made, again, NOW)).clean


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "a/../../evil", ".hidden", "a/b/c"])
async def test_a_member_that_would_leave_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    import io
    import tarfile

    bad = tmp_path / "bad.tar.gz"
    manifest = b'{"format":1,"kind":"json","madeAt":"now","program":"1"}'
    with tarfile.open(bad, "w:gz") as tar:
        for member, data in (("backup.json", manifest), (name, b"x"), ("checksums.json", b"{}")):
            info = tarfile.TarInfo(member)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    with pytest.raises(BackupError, match="does not belong in a backup"):
        await restore(bad, str(tmp_path / "to"), NOW)
    assert not (tmp_path.parent / "evil").exists()


class FailingDisk(Disk):
    """Fails at the nth operation of a kind."""

    def __init__(self, name: str, number: int, code: int) -> None:
        self._name, self._left, self._code = name, number, code

    def _fail(self, name: str) -> None:
        if name == self._name:
            self._left -= 1
            if not self._left:
                raise OSError(self._code, os.strerror(self._code))

    def create(self, path: Path, mode: int = PRIVATE) -> int:
        self._fail("create")
        return super().create(path, mode)

    def write(self, fd: int, data: bytes) -> None:
        self._fail("write")
        super().write(fd, data)

    def sync(self, fd: int) -> None:
        self._fail("sync")
        super().sync(fd)

    def sync_folder(self, path: Path) -> None:
        self._fail("sync_folder")
        super().sync_folder(path)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("create", errno.EACCES),
        ("write", errno.ENOSPC),
        ("write", errno.EIO),
        ("sync", errno.EIO),
    ],
)
async def test_a_disk_that_fails_makes_no_backup(
    store: Store, target: str, tmp_path: Path, name: str, code: int
) -> None:
    to = tmp_path / "kept" / "b.tar.gz"
    to.parent.mkdir()
    with pytest.raises(BackupError, match=os.strerror(code)) as caught:
        await make(target, to, NOW, disk=FailingDisk(name, 1, code))
    assert "Nothing was kept" in str(caught.value)
    assert not list(to.parent.iterdir())


async def test_a_backup_that_failed_writes_nothing_into_later_files(
    shop: Path, tmp_path: Path
) -> None:
    """Its buffer is flushed when it is collected: a new file has the number of its file."""
    (tmp_path / "kept").mkdir()
    with pytest.raises(BackupError) as caught:  # keeps the buffer
        await make(str(shop), tmp_path / "kept" / "b.tar.gz", NOW, disk=FailingDisk("write", 1, 28))
    later = [tempfile.TemporaryFile() for _ in range(8)]  # noqa: SIM115
    assert caught.type is BackupError
    del caught
    gc.collect()
    assert [os.fstat(file.fileno()).st_size for file in later] == [0] * len(later)
    for file in later:
        file.close()


def test_a_file_that_may_not_grow_makes_no_backup(shop: Path, tmp_path: Path) -> None:
    """The real program under a real limit, as on a full disk."""
    size = 1000
    for name in ("products.json", "logs/inventory-changes.log"):
        assert (shop / name).stat().st_size > 1000
    to = tmp_path / "kept"
    to.mkdir()
    done = subprocess.run(
        [*PROGRAM, "backup", "--data", str(shop), "--to", str(to)],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "could not be written: File too large. Nothing was kept." in done.stderr
    assert not list(to.iterdir())


def tree_of(folder: Path) -> set[tuple[str, int]]:
    """Every path below a folder, with its size."""
    sizes = set()
    for parent, _, names in os.walk(folder):  # a folder may be removed while it is read
        for name in names:
            path = Path(parent, name)
            with contextlib.suppress(FileNotFoundError):
                sizes.add((str(path), path.stat().st_size))
    return sizes


def killed_at_change(words: list[str], folder: Path, number: int) -> bool:
    """Kills a program after this many changes of the folder; False if it ended before."""
    tree = tree_of(folder)
    with Path(os.devnull).open("wb") as nowhere:
        process = start(words, directory=folder, environment=os.environ, output=nowhere)
    while process.poll() is None and number:
        now = tree_of(folder)
        number -= now != tree
        tree = now
    process.send_signal(signal.SIGKILL)
    return process.wait(10) == -signal.SIGKILL


@pytest.mark.slow
def test_a_kill_while_saving_leaves_no_file_that_looks_whole_and_is_not(
    shop: Path, tmp_path: Path
) -> None:
    to = tmp_path / "kept"
    to.mkdir()
    command = ["backup", "--data", str(shop), "--to", str(to)]
    killed = torn = 0
    for change in (1, 1, 2, 2, 3, 4):
        killed += killed_at_change(command, to, change)
        torn += any(path.suffix in (".tmp", ".staging") for path in to.iterdir())
        for path in to.glob("fancymonkey-*.tar.gz"):
            inspect(path)
            path.unlink()
    assert killed >= 2, "each run ended before it could be killed"
    assert torn, "no run was killed while it was writing"
    assert run(command).returncode == 0
    assert len(list(to.iterdir())) == 1  # the files of the killed programs are gone


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["json", "sqlite"])
async def test_a_kill_while_restoring_leaves_all_or_nothing_or_is_reported(
    store: Store, kind: str, target: str, fresh: Fresh, tmp_path: Path
) -> None:
    backups = tmp_path / "backups"
    backups.mkdir()
    made = (await make(target, backups / "b.tar.gz", NOW)).path
    revision = (await store.snapshot()).revision
    again = fresh(kind)
    killed, ends = 0, set()
    for attempt, change in enumerate(islice(cycle((1, 1, 2, 3, 4, 6)), 60)):
        if attempt >= 6 and killed >= 2 and len(ends) > 1:
            break
        if attempt % 2:  # the others restore over an earlier content
            again = fresh(kind)
        command = ["restore", "--from", str(made), "--data", again, "--force"]
        killed += await asyncio.to_thread(killed_at_change, command, tmp_path, change)
        restored = open_store(again, read_only=True)
        try:
            await restored.open(NOW)
            ends.add((await restored.snapshot()).revision)
        except StoreCorrupt as error:
            ends.add("half")
            assert "half restored" in str(error)  # noqa: PT017
        except FancyMonkeyError as error:
            ends.add("nothing")
            assert "There is no" in str(error) or "lacks migration" in str(error)  # noqa: PT017
        finally:
            await restored.close()
    assert killed >= 2, "each run ended before it could be killed"
    assert ends <= {0, revision, "half", "nothing"}
    assert len(ends) > 1, ends
    assert (await restore(made, again, NOW, force=True)).clean


async def test_a_restore_ended_at_any_step_can_be_repeated(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each operation on the folder in turn is the last one."""
    from fancymonkey.backup import json_restore

    made = (await make(str(shop), tmp_path / "b.tar.gz", NOW)).path
    for last in range(1, 16):
        again = tmp_path / f"to{last}"
        await restore(made, str(again), NOW)

        class Ending(Disk):
            left = last

            def rename(self, old: Path, new: Path) -> None:
                self.step()
                super().rename(old, new)

            def sync_folder(self, path: Path) -> None:
                self.step()
                super().sync_folder(path)

            def remove(self, path: Path) -> None:
                self.step()
                super().remove(path)

            def step(self) -> None:
                Ending.left -= 1
                if Ending.left <= 0:
                    raise KeyboardInterrupt

        monkeypatch.setattr(json_restore, "Disk", Ending)
        ended = False
        try:
            await restore(made, str(again), NOW, force=True)
        except KeyboardInterrupt:
            ended = True
        monkeypatch.undo()
        if not ended:
            assert last > 8
            return
        store = open_store(str(again), read_only=True)
        try:
            await store.open(NOW)
            assert (await store.snapshot()).revision
        except StoreCorrupt as error:
            assert "half restored" in str(error)  # noqa: PT017
        finally:
            await store.close()
        assert (await restore(made, str(again), NOW, force=True)).clean
    raise AssertionError("it never came to its end")


def test_packed_values_can_be_read(tmp_path: Path) -> None:
    folder = tmp_path / "made"
    (folder / "logs").mkdir(parents=True)
    (folder / "logs" / "a.log").write_bytes(b"x" * 3_000_000)
    (folder / "empty").touch()
    manifest = Manifest(FORMAT, "json", "2026-01-01T00:00:00Z", "1", 7)
    pack(Disk(), folder, manifest, tmp_path / "b.tar.gz")
    assert inspect(tmp_path / "b.tar.gz") == manifest
