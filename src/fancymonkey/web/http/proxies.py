"""Proxies nearby that nobody has named: their word is taken for no right, only to limit."""

import logging
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from fancymonkey.web.http.messages import Request, network
from fancymonkey.web.http.private_networks import FORWARDING, forwarded_for, hint_of, public_address
from fancymonkey.web.http.request_metrics import RequestMetrics

log = logging.getLogger(__name__)

ADVICE = (
    "Requests come through a proxy at %s that is not in TRUSTED_PROXIES. Its headers are used "
    "only for the limits on holds; the audit log and the rate limits treat all its requests as "
    "one client. Set TRUSTED_PROXIES to that address."
)


class Proxies:
    """Knows the proxies that are named, and notices the others."""

    def __init__(self, trusted: Iterable[str], meter: RequestMetrics) -> None:
        self._trusted = tuple(trusted)
        self._networks = _networks(self._trusted)
        self._meter = meter

    def look(self, request: Request) -> None:
        """Notices a proxy that is not named: counts it, and says so once in the log."""
        if FORWARDING.isdisjoint(request.headers) or not self._unnamed(request):
            return
        if not self._meter.untrusted_proxy:
            log.warning(ADVICE, request.address)
        self._meter.forwarded(request.address)

    def hint(self, request: Request) -> str | None:
        """Whom a proxy nearby names that is not trusted, or None where there is none."""
        if FORWARDING.isdisjoint(request.headers) or not self._unnamed(request):
            return None
        return hint_of(request.headers)

    def guesser(self, request: Request) -> str:
        """For whom a wrong secret counts: the client, or whom a proxy nearby names as its client.

        Where nobody has named that proxy, all that come through it are one client, and a stranger's
        guesses would keep the owner out. Those who make headers up are one, and not the proxy
        itself: scripts beside it go on.
        """
        hint = self.hint(request)
        return request.client if hint is None else network(hint)

    def _unnamed(self, request: Request) -> bool:
        return public_address(request.address) is None and not self._believed(request)

    def _believed(self, request: Request) -> bool:
        """Whether the call's address is what a trusted proxy has said."""
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
    found = []
    for text in texts:
        try:
            found.append(ip_network(text, strict=False))
        except ValueError:  # a name, or the path of a socket
            continue
    return tuple(found)
