"""Temporary files are in memory only if there is enough of it and no other place is set."""

import os
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.support import scratch

GIB = 1024**3


@pytest.fixture(autouse=True)
def default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Temporary files are on the disk, as at the start of pytest."""
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setenv("TMPDIR", "")
    monkeypatch.delenv("TMPDIR")


def machine(monkeypatch: pytest.MonkeyPatch, *, room: int, memory: int, flags: int = 0) -> None:
    """A machine with this room in its folder in memory and this much available memory, in bytes."""
    place = SimpleNamespace(f_bavail=room // 4096, f_frsize=4096, f_flag=flags)
    text = f"MemTotal:  9 kB\nMemAvailable:   {memory // 1024} kB\nCached:  5 kB\n"
    monkeypatch.setattr(os, "statvfs", lambda _: place)
    monkeypatch.setattr(os, "access", lambda *_: True)
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: text)


def test_files_are_in_memory_if_there_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    machine(monkeypatch, room=8 * GIB, memory=8 * GIB)
    scratch.use_memory()
    assert tempfile.gettempdir() == os.environ["TMPDIR"] == "/dev/shm"
    assert scratch.in_memory()
    assert scratch.on_disk() == "/tmp"


@pytest.mark.parametrize(
    ("room", "memory", "flags"),
    [
        (64 * 1024**2, 8 * GIB, 0),  # a container
        (8 * GIB, 5 * GIB, 0),
        (8 * GIB, 8 * GIB, os.ST_NOEXEC),
    ],
    ids=["room", "memory", "noexec"],
)
def test_files_stay_on_the_disk_otherwise(
    monkeypatch: pytest.MonkeyPatch, room: int, memory: int, flags: int
) -> None:
    machine(monkeypatch, room=room, memory=memory, flags=flags)
    scratch.use_memory()
    assert "TMPDIR" not in os.environ
    assert not scratch.in_memory()
    assert scratch.on_disk() == tempfile.gettempdir()


def test_the_folder_of_the_environment_takes_precedence(monkeypatch: pytest.MonkeyPatch) -> None:
    machine(monkeypatch, room=8 * GIB, memory=8 * GIB)
    monkeypatch.setenv("TMPDIR", "/var/tmp")
    scratch.use_memory()
    assert tempfile.gettempdir() == scratch.on_disk() == "/var/tmp"
