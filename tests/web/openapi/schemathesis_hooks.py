"""Keeps the throttles of wrong secrets from stopping schemathesis.

Each request has an address of its own. The wrong secret of its own probes is a wrong API key: wrong
passwords would block the password for all unknown clients after twenty (tests/attacks has that).
"""

import gc
import itertools
from typing import Any

import schemathesis
from schemathesis.specs.openapi import _auth_retry

# Modules and the document stay in memory: without this, each collection of garbage reads them all.
gc.freeze()
gc.set_threshold(50_000, 20, 100)

numbers = itertools.count(1)
_invalid_value_for = _auth_retry._invalid_value_for


def wrong_key(parameter: Any) -> Any:
    """The value of schemathesis, or a wrong API key if it is a header."""
    value = _invalid_value_for(parameter)
    return f"Bearer fmk_{'0' * 12}_{'0' * 48}" if parameter.name == "Authorization" else value


_auth_retry._invalid_value_for = wrong_key


@schemathesis.hook
def before_call(context: Any, case: Any, arguments: Any) -> None:
    """Sends each request from the next address, as reported by a trusted proxy."""
    high, low = divmod(next(numbers), 250)
    case.headers["X-Forwarded-For"] = f"10.1.{high}.{low + 1}"
