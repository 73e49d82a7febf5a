"""The CPU time and memory of a family of processes so far."""

from contextlib import suppress

import psutil


def family(pid: int) -> list[psutil.Process]:
    """A process and all its descendants that still run."""
    with suppress(psutil.NoSuchProcess):
        first = psutil.Process(pid)
        return [first, *first.children(recursive=True)]
    return []


def cpu_seconds(pid: int) -> float:
    """User and system time of a family, including its ended children."""
    total = 0.0
    for member in family(pid):
        with suppress(psutil.NoSuchProcess):
            times = member.cpu_times()
            total += times.user + times.system
            total += getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
    return total


def rss_megabytes(pid: int) -> float:
    """Resident memory of a family, in MB (10**6 bytes); shared pages count once for each."""
    total = 0
    for member in family(pid):
        with suppress(psutil.NoSuchProcess):
            total += member.memory_info().rss
    return total / 1e6
