"""Returns unused memory of the process to the operating system.

The C library keeps freed pieces between pieces in use. After a million rows were read, or a long
response was put together, these are hundreds of megabytes.
"""

import ctypes

_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
"""Only the C library of GNU has it."""


def return_free_memory() -> None:
    """Returns free memory, where the system can do so."""
    if _trim is not None:
        _trim(0)
