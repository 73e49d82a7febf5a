"""The open file limit of this process: each connection is one file."""

import logging
from importlib import import_module
from importlib.util import find_spec
from typing import Any

# Windows has no such limit.
resource: Any = import_module("resource") if find_spec("resource") else None

log = logging.getLogger(__name__)

FILES_WANTED = 65_536
"""More files are of no use to one process."""

FEW = 1024
"""Below this number, a warning is logged."""


def open_files() -> int:
    """Returns the open file limit; 0 without a limit."""
    if resource is None:
        return 0
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 0 if soft == resource.RLIM_INFINITY else int(soft)


def allow_more_files() -> int:
    """Raises the limit as far as this user may, and returns it; 0 without a limit."""
    if resource is None:
        return 0
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES_WANTED if hard == resource.RLIM_INFINITY else min(hard, FILES_WANTED)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        except (OSError, ValueError) as error:
            log.warning("the open file limit stays at %d: %s", soft, error)
    files = open_files()
    if 0 < files < FEW:
        log.warning(
            "The open file limit is %d, which allows few connections. Raise it (`ulimit -n`).",
            files,
        )
    return files
