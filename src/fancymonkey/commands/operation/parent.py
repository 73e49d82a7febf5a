"""Stops a worker when its parent process has ended, for any reason."""

import logging
import multiprocessing
import os
import signal
import threading
from multiprocessing.connection import wait

log = logging.getLogger(__name__)

LAST_SECONDS = 15.0
"""The time limit of a worker to finish accepted requests."""


def end_with_parent() -> None:
    """Watches the parent, if this process is a worker.

    Otherwise a killed parent would leave workers that cannot be stopped or replaced, and
    that hold the port.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        watch = threading.Thread(target=_watch, args=(parent.sentinel,), daemon=True)
        watch.name = "parent"
        watch.start()


def _watch(sentinel: int) -> None:
    wait([sentinel])
    log.error("The parent process has ended: this worker finishes accepted requests and stops.")
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(LAST_SECONDS)
    os._exit(1)
