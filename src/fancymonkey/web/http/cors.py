"""CORS: which origins may call from a browser, and with which headers."""

from fancymonkey.web.http.messages import Headers

SHARED = frozenset(
    {
        "/api/inventory/get",
        "/api/inventory/reserve",
        "/api/inventory/release",
        "/api/inventory/live",
        "/api/shop",
        "/api/checkout",
        "/api/checkout/status",
    }
)
"""The paths that a shop page on another origin may use; no admin paths."""

VARY = (b"vary", b"Origin")
PREFLIGHT: Headers = [
    (b"access-control-allow-methods", b"GET, POST, OPTIONS"),
    (
        b"access-control-allow-headers",
        b"Content-Type, Idempotency-Key, If-None-Match, Last-Event-ID",
    ),
    (b"access-control-max-age", b"600"),
]


class Cors:
    """Allows exactly the configured origins; `*` allows any."""

    def __init__(self, origins: tuple[str, ...]) -> None:
        self._any = "*" in origins
        self._origins = frozenset(origins)

    def allows(self, origin: str) -> bool:
        """Whether pages of this origin may read our responses."""
        return self._any or origin.lower() in self._origins

    def headers(self, path: str, origin: bytes | None) -> Headers:
        """The CORS headers of a response on this path to this origin."""
        if path not in SHARED or not self._origins:
            return []
        if origin is None or not self.allows(origin.decode("latin-1")):
            return [VARY]
        return [
            VARY,
            (b"access-control-allow-origin", origin),
            (b"access-control-expose-headers", b"Date, ETag, Ignored-Parameters, Retry-After"),
        ]

    def preflight(self, path: str, origin: bytes | None) -> Headers:
        """The further headers of a preflight response."""
        return PREFLIGHT if len(self.headers(path, origin)) > 1 else []
