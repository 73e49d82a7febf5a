"""Detects proxies nearby that are not in TRUSTED_PROXIES; their headers only serve limits."""

import logging
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from fancymonkey.web.http.clients.private_networks import (
    FORWARDING,
    forwarded_for,
    hint_of,
    public_address,
)
from fancymonkey.web.http.messages import Request, network
from fancymonkey.web.http.request_metrics import RequestMetrics

log = logging.getLogger(__name__)

ADVICE = (
    "Requests come through a proxy at %s that is not in TRUSTED_PROXIES. Its headers are used "
    "only for the limits on holds; the audit log and the rate limits treat all its requests as "
    "one client. Set TRUSTED_PROXIES to that address."
)


class Proxies:
    """Knows the named proxies, and detects others."""

    def __init__(self, trusted: Iterable[str], meter: RequestMetrics) -> None:
        self._trusted = tuple(trusted)
        self._networks = _networks(self._trusted)
        self._meter = meter

    def look(self, request: Request) -> None:
        """Counts requests of an unnamed proxy, and logs a warning once."""
        if FORWARDING.isdisjoint(request.headers) or not self._unnamed(request):
            return
        if not self._meter.untrusted_proxy:
            log.warning(ADVICE, request.address)
        self._meter.forwarded(request.address)

    def hint(self, request: Request) -> str | None:
        """The client that an unnamed proxy nearby reports, or None without such a proxy."""
        if FORWARDING.isdisjoint(request.headers) or not self._unnamed(request):
            return None
        return hint_of(request.headers)

    def guesser(self, request: Request) -> str:
        """The client that a wrong secret counts for, also behind a proxy without a setting.

        Otherwise all clients of that proxy would be one client, and wrong attempts of an attacker
        would lock the owner out. Requests with contradictory headers count as one client of their
        own, apart from the proxy itself, so that scripts beside it are not affected.
        """
        hint = self.hint(request)
        return request.client if hint is None else network(hint)

    def _unnamed(self, request: Request) -> bool:
        return public_address(request.address) is None and not self._believed(request)

    def _believed(self, request: Request) -> bool:
        """Whether the client's address was reported by a trusted proxy."""
        if not self._trusted:
            return False
        if "*" in self._trusted:
            return True
        chain = forwarded_for(request.headers)
        strangers = [text for text in reversed(chain) if not self._named(text)]
        return request.address == next(iter(strangers), chain[0]) or (
            not request.headers.get(b"x-forwarded-for") and self._named(request.address)
        )

    def _named(self, text: str) -> bool:
        if text in self._trusted:
            return True
        try:
            address = ip_address(text)
        except ValueError:
            return False
        return any(address in network for network in self._networks)


def _networks(texts: Iterable[str]) -> tuple[IPv4Network | IPv6Network, ...]:
    networks = []
    for text in texts:
        try:
            networks.append(ip_network(text, strict=False))
        except ValueError:  # a name, or the path of a socket
            continue
    return tuple(networks)
