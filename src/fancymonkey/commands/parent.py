"""A worker ends when the process that started it is gone, however that ended."""

import logging
import multiprocessing
import os
import signal
import threading
from multiprocessing.connection import wait

log = logging.getLogger(__name__)

LAST_SECONDS = 15.0
"""How long a worker may take to finish what it has accepted."""


def end_with_parent() -> None:
    """Watches the parent, where this process is a worker's.

    Otherwise a parent that was killed would leave workers that nobody can stop or replace, and
    that hold the port.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        watch = threading.Thread(target=_watch, args=(parent.sentinel,), daemon=True)
        watch.name = "parent"
        watch.start()


def _watch(sentinel: int) -> None:
    wait([sentinel])
    log.error("The parent process is gone: this worker finishes what it has accepted and ends.")
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(LAST_SECONDS)
    os._exit(1)
