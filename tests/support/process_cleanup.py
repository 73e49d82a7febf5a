"""Cleans up after a process that died without doing so, even by kill -9.

Run as a child of that process with a pipe on standard input. The end of the pipe means that the
parent has ended: a server that still runs on the cluster directory (first argument; see
postmaster.pid) is ended, and the whole directory (second argument) removed. Imports only the
standard library.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path


def command_of(pid: int) -> str:
    """Give the command line of a process, or nothing."""
    try:
        return (
            Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        )
    except OSError:
        with suppress(OSError):
            listing = subprocess.run(
                ["ps", "-o", "command=", "-p", str(pid)],
                capture_output=True,
                text=True,
                check=False,
            )
            return listing.stdout
        return ""


def postmaster(cluster: Path) -> int | None:
    """Give the process id of the server that runs on this cluster now."""
    try:
        pid = int((cluster / "postmaster.pid").read_text().splitlines()[0])
    except (OSError, ValueError, IndexError):
        return None
    return pid if str(cluster) in command_of(pid) else None


def main() -> None:
    """Wait for the parent's end, then clean up."""
    cluster, directory = Path(sys.argv[1]), Path(sys.argv[2])
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    while os.read(0, 1024):
        pass
    pid = postmaster(cluster)
    if pid is not None:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGQUIT)  # an immediate shutdown
        deadline = time.monotonic() + 10
        while postmaster(cluster) is not None and time.monotonic() < deadline:
            time.sleep(0.05)
        with suppress(ProcessLookupError, PermissionError):
            if postmaster(cluster) == pid:
                os.kill(pid, signal.SIGKILL)
    for _ in range(20):
        shutil.rmtree(directory, ignore_errors=True)
        if not directory.exists():
            return
        time.sleep(0.1)


if __name__ == "__main__":
    main()
