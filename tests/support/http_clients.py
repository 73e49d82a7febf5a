"""HTTP clients that start at little cost: httpx reads all certificates for each of them.

That takes 0.03 s of CPU time, and `httpx.get` makes a client for each request. A request of an
`AsyncClient` also searches the whole path several times for a library that is not installed.
"""

import os
import ssl
import sys
from functools import cache
from importlib.util import find_spec
from typing import Any

from httpx._transports import default

_create = default.create_ssl_context  # type: ignore[attr-defined]
_FILES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE")


@cache
def _context_of(files: tuple[str | None, ...]) -> ssl.SSLContext:
    return _create()


def _shared_context(verify: Any = True, cert: Any = None, trust_env: bool = True) -> ssl.SSLContext:
    """The one context of all clients with the default certificates; another for others."""
    if verify is True and cert is None and trust_env:
        return _context_of(tuple(map(os.environ.get, _FILES)))
    return _create(verify=verify, cert=cert, trust_env=trust_env)


def make_clients_cheap() -> None:
    """Makes every later client of httpx in this process, and in its forks, share one context."""
    vars(default)["create_ssl_context"] = _shared_context
    _shared_context()
    if find_spec("sniffio") is None:
        sys.modules["sniffio"] = None  # type: ignore[assignment]  # an import fails at once
