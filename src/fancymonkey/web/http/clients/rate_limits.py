"""Rate limits per client and class of request: far above any person, far below a flood."""

from collections.abc import Iterable
from dataclasses import dataclass

from fancymonkey.engine.clock import Clock
from fancymonkey.web.http.clients.private_networks import public_address
from fancymonkey.web.http.messages import RETRY_SOON, Problem

CLIENTS_MAX = 50_000
"""The most clients kept per class; beyond that the oldest one is removed."""

LOGINS = frozenset(
    {
        "/api/admin/login",
        "/api/admin/password",
        "/api/admin/factor/begin",
        "/api/admin/factor/confirm",
        "/api/admin/factor/off",
        "/api/admin/factor/codes",
    }
)
"""Requests that verify a password or a code, which is slow on purpose."""

LIVE = frozenset({"/api/inventory/live"})
"""For visitors; the owner's live connection is in the admin class, unaffected by visitors."""

ADMIN = ("/api/admin/", "/admin/", "/api/payments/", "/api/cron/")
CHANGES = frozenset({"/api/inventory/update", "/api/inventory/bulk-update"})
"""For the owner's scripts that send row by row. Wrong passwords have their own limit."""

METRICS = "/metrics"
LOOPBACK = "::"
"""The network of ::1, as clients are counted."""
FOR_PROBES = frozenset({"/healthz", "/readyz"})
"""Never refused, so that monitoring works during a flood. For a client nearby, METRICS also."""

DOCUMENTS = frozenset({"/openapi.json", "/docs", METRICS})
"""Long responses that are rarely needed."""


@dataclass(frozen=True, slots=True)
class Rate:
    """The refill of a bucket per second, and its size."""

    name: str
    per_second: int
    burst: int


RATES = {
    "read": Rate("read", 2000, 10_000),
    "buy": Rate("buy", 2000, 10_000),
    "change": Rate("change", 1000, 10_000),
    "admin": Rate("admin", 500, 5000),
    "login": Rate("login", 2, 60),
    "live": Rate("live", 5, 60),
    "document": Rate("document", 5, 60),
}


def class_of(method: str, path: str) -> str | None:
    """The class of a request; None without a limit."""
    if path in FOR_PROBES:
        return None
    if path in LOGINS:
        return "login"
    if path in LIVE:
        return "live"
    if path in DOCUMENTS:
        return "document"
    if path in CHANGES:
        return "change"
    if path == "/admin" or path.startswith(ADMIN):
        return "admin"
    return "read" if method in ("GET", "HEAD", "OPTIONS") else "buy"


class RateLimit:
    """A token bucket per client; each request takes one token, and tokens refill with time."""

    def __init__(self, clock: Clock, rate: Rate) -> None:
        self._clock = clock
        self._rate = rate
        self._buckets: dict[str, tuple[float, int]] = {}

    def take(self, client: str) -> None:
        """Takes a token. Raises Problem 429 if none is left."""
        now = self._clock()
        tokens = self._tokens(client, now)
        if tokens < 1:
            self._buckets[client] = (tokens, now)
            raise _too_many()
        if client not in self._buckets and len(self._buckets) >= CLIENTS_MAX:
            del self._buckets[next(iter(self._buckets))]
        self._buckets[client] = (tokens - 1, now)

    def check(self, client: str) -> None:
        """Takes none. Raises Problem 429 if none is left."""
        if self._tokens(client, self._clock()) < 1:
            raise _too_many()

    def _tokens(self, client: str, now: int) -> float:
        rate = self._rate
        tokens, at = self._buckets.get(client, (rate.burst, now))
        return min(rate.burst, tokens + max(0, now - at) * rate.per_second / 1000)


def _too_many() -> Problem:
    return Problem(
        429,
        "too_many_requests",
        "Too many requests from this address. Try again in a second.",
        headers=[(b"retry-after", b"1")],
    )


class RateLimits:
    """The limits of all classes. Known paths are looked up, not compared."""

    def __init__(self, clock: Clock, known: Iterable[tuple[str, str]] = ()) -> None:
        self._limits = {name: RateLimit(clock, rate) for name, rate in RATES.items()}
        self._known = {route: self._of(*route) for route in known}

    def take(self, method: str, path: str, client: str) -> None:
        """Takes a token of the request's class. Raises Problem 429 if none is left."""
        route = (method, path)
        if path == METRICS and (client == LOOPBACK or public_address(client) is None):
            return
        limit = self._known[route] if route in self._known else self._of(method, path)
        if limit is not None:
            limit.take(client)

    def check(self, method: str, path: str, client: str) -> None:
        """Takes none. Raises Problem 429 if none of the request's class is left."""
        limit = self._of(method, path)
        if limit is not None:
            limit.check(client)

    def _of(self, method: str, path: str) -> RateLimit | None:
        limit_class = class_of(method, path)
        return None if limit_class is None else self._limits[limit_class]


class ConcurrencyLimit:
    """Limits how many expensive requests run at once; further ones get 503 with Retry-After."""

    def __init__(self, most: int) -> None:
        self._free = most

    def __enter__(self) -> None:
        if not self._free:
            raise Problem(
                503,
                "overloaded",
                "Other files are being imported or exported. Try again in a moment.",
                headers=[RETRY_SOON],
            )
        self._free -= 1

    def __exit__(self, *exc: object) -> None:
        self._free += 1
