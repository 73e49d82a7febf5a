"""One TLS context for the HTTP clients of the tests: each of httpx's own loads all certificates."""

import os
import ssl
from typing import Any

from httpx._transports import default

_make_context = vars(default)["create_ssl_context"]
_contexts: dict[tuple[bool, str | None, str | None], ssl.SSLContext] = {}


def make_certificates_load_once() -> None:
    """Makes every later client of httpx without options for TLS use the same context."""
    vars(default)["create_ssl_context"] = _context


def _context(verify: Any = True, cert: Any = None, trust_env: bool = True) -> Any:
    if verify is not True or cert:
        return _make_context(verify, cert, trust_env)
    key = (trust_env, os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))
    if key not in _contexts:
        _contexts[key] = _make_context(verify, cert, trust_env)
    return _contexts[key]
