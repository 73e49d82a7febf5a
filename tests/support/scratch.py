"""The place for the files of tests: in memory, if the machine has enough."""

import os
import tempfile
from pathlib import Path

IN_MEMORY = Path("/dev/shm")
LEAST_BYTES = 6 * 1024**3
DISK = "/tmp"


def use_memory() -> None:
    """Makes `tempfile`, pytest and child processes write to memory, where a sync takes no time.

    A kill of a process loses as little as on a disk. TMPDIR in the environment takes precedence.
    The files stay on the disk if less than LEAST_BYTES is free, or if no program may run there.
    """
    if "TMPDIR" not in os.environ and _fits():
        os.environ["TMPDIR"] = tempfile.tempdir = str(IN_MEMORY)


def in_memory() -> bool:
    """Whether temporary files are in memory."""
    return tempfile.gettempdir() == str(IN_MEMORY)


def on_disk() -> str:
    """The folder for temporary files that are to be on a disk."""
    return DISK if in_memory() else tempfile.gettempdir()


def _fits() -> bool:
    try:
        place = os.statvfs(IN_MEMORY)
        text = Path("/proc/meminfo").read_text()
        available = int(text.partition("MemAvailable:")[2].split()[0]) * 1024
    except (AttributeError, IndexError, OSError, ValueError):
        return False
    return (
        min(place.f_bavail * place.f_frsize, available) >= LEAST_BYTES
        and not place.f_flag & os.ST_NOEXEC
        and os.access(IN_MEMORY, os.W_OK | os.X_OK)
    )
