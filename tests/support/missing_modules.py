"""Modules that are not installed: an import inside a function searches the whole path each time."""

import sys
from importlib.util import find_spec

OPTIONAL = ("sniffio",)
"""httpcore imports it about ten times in a request of an `AsyncClient`: 0.7 ms of CPU time."""


def search_missing_modules_once() -> None:
    """Makes each later import of a missing optional module fail at once in this process."""
    for name in OPTIONAL:
        if name not in sys.modules and find_spec(name) is None:
            sys.modules[name] = None  # type: ignore[assignment]
