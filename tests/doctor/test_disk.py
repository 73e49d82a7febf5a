"""Checks of disks: rules, and one real disk."""

from pathlib import Path

import pytest

from fancymonkey.doctor.files import file_system_of, kind, room, speed, sync_time

MIB = 2**20
GIB = 2**30
HERE = Path("/srv/shop")

ROOM = {
    "plenty": (50 * GIB, 100 * GIB, []),
    "a small disk that is mostly free": (900 * MIB, 1 * GIB, []),
    "less than a GiB of a large disk": (900 * MIB, 100 * GIB, ["disk.nearly_full"]),
    "less than 100 MiB of a large disk": (99 * MIB, 100 * GIB, ["disk.full"]),
    "a tenth of a small disk": (50 * MIB, 600 * MIB, ["disk.nearly_full"]),
    "nothing": (0, 600 * MIB, ["disk.full"]),
}


@pytest.mark.parametrize("name", ROOM)
def test_room(name: str) -> None:
    free, total, ids = ROOM[name]
    assert [finding.id for finding in room(HERE, free, total)] == ids


@pytest.mark.parametrize(
    ("file_system", "ids"),
    [
        ("ext4", []),
        ("apfs", []),
        ("", []),
        ("tmpfs", ["disk.memory"]),
        ("nfs4", ["disk.network"]),
        ("cifs", ["disk.network"]),
    ],
)
def test_kind(file_system: str, ids: list[str]) -> None:
    assert [finding.id for finding in kind(HERE, file_system)] == ids


@pytest.mark.parametrize(("milliseconds", "ids"), [(0.1, []), (20, []), (20.1, ["disk.slow"])])
def test_speed(milliseconds: float, ids: list[str]) -> None:
    assert [finding.id for finding in speed(HERE, milliseconds)] == ids


MOUNTS = """\
/dev/vda / ext4 rw 0 0
tmpfs /srv tmpfs rw 0 0
server:/x /srv/shop\\040one nfs4 rw 0 0
/dev/vdb /srv/shop/data xfs rw 0 0
short
"""


@pytest.mark.parametrize(
    ("folder", "file_system"),
    [
        ("/home", "ext4"),
        ("/srv", "tmpfs"),
        ("/srv/shop", "tmpfs"),
        ("/srv/shop one/deep", "nfs4"),
        ("/srv/shop/data", "xfs"),
        ("/srv/shop/database", "tmpfs"),
    ],
)
def test_the_innermost_mount_counts(folder: str, file_system: str) -> None:
    assert file_system_of(Path(folder), MOUNTS) == file_system


def test_a_sync_takes_time_and_leaves_no_file(tmp_path: Path) -> None:
    assert sync_time(tmp_path) > 0
    assert list(tmp_path.iterdir()) == []
