"""Which other origins may call from a browser, and what they may send."""

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
"""Paths that a shop's page may use from its own origin. What the owner uses is not among them."""

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
    """Answers for the configured origins, exactly; `*` stands for any."""

    def __init__(self, origins: tuple[str, ...]) -> None:
        self._any = "*" in origins
        self._origins = frozenset(origins)

    def allows(self, origin: str) -> bool:
        """Whether pages of this origin may read our answers."""
        return self._any or origin.lower() in self._origins

    def headers(self, path: str, origin: bytes | None) -> Headers:
        """What to add to an answer on this path to this origin."""
        if path not in SHARED or not self._origins:
            return []
        if origin is None or not self.allows(origin.decode("latin-1")):
            return [VARY]
        return [
            VARY,
            (b"access-control-allow-origin", origin),
            (b"access-control-expose-headers", b"Date, ETag, Retry-After"),
        ]

    def preflight(self, path: str, origin: bytes | None) -> Headers:
        """What to add besides when a browser asks before it sends."""
        return PREFLIGHT if len(self.headers(path, origin)) > 1 else []
