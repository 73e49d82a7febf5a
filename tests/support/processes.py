"""Ends processes with kill -9."""

import time
from contextlib import suppress

import psutil


def alive(process: psutil.Process) -> bool:
    """Return whether a process still runs; a zombie does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def kill_family(pid: int, seconds: float = 10.0) -> None:
    """End a process and all its descendants with kill -9, and wait until none of them runs."""
    family = []
    with suppress(psutil.NoSuchProcess):
        first = psutil.Process(pid)
        first.suspend()  # so that it can neither notice nor restart its children
        family = [*first.children(recursive=True), first]
    for member in family:
        with suppress(psutil.NoSuchProcess):
            member.kill()
    deadline = time.monotonic() + seconds
    while any(alive(member) for member in family):
        if time.monotonic() > deadline:
            raise TimeoutError(f"not dead {seconds} s after kill -9: {family}")
        time.sleep(0.005)
