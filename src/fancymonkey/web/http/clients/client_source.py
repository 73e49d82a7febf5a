"""Hashes the client's address and network, so that they cannot be recovered.

The key of the hashes is made by the first process and kept in the store, so that all agree.
"""

import asyncio
import hashlib
import secrets
from functools import lru_cache
from ipaddress import ip_network

from fancymonkey.core.documents.document import Document
from fancymonkey.core.documents.put import DocumentWrite, PutDocuments
from fancymonkey.core.holds.limits import ClientSource, HoldLimits
from fancymonkey.engine.engine import Engine
from fancymonkey.settings.settings import Settings
from fancymonkey.web.http.clients.begin_rates import (
    NETWORK,
    STRIPE_A_MINUTE,
    TILL_NETWORK,
    BeginRate,
)
from fancymonkey.web.http.clients.private_networks import FORWARDING, UNCLEAR, public_address
from fancymonkey.web.http.clients.proxies import Proxies
from fancymonkey.web.http.messages import Request

FOLDER, NAME = "secret", "sources"
NO_LIMITS = HoldLimits()


class ClientSources:
    """Identifies the sources of requests."""

    def __init__(
        self, engine: Engine, limits: HoldLimits, proxies: Proxies, holds: int, checkouts: int
    ) -> None:
        """`holds` and `checkouts` are the limits of one address per minute."""
        self._engine = engine
        self._limits = limits
        self._proxies = proxies
        clock = engine.clock
        self.holds = BeginRate(clock, "holds", holds, NETWORK)
        self.checkouts = BeginRate(clock, "checkouts", checkouts, TILL_NETWORK, STRIPE_A_MINUTE)
        self._key: bytes | None = None
        self._of = lru_cache(maxsize=50_000)(self._make)

    async def of(self, request: Request) -> ClientSource | None:
        """The source of a request, or None for this machine and its own network.

        Behind an unnamed proxy nearby, the client that it reports is the source.
        """
        if self._key is None:
            # In a task: the caller may have none, and a database driver requires one.
            self._key = await asyncio.create_task(self._shared_key())
        source = self._of(request.address)
        if source is None and not FORWARDING.isdisjoint(request.headers):
            # An unnamed proxy: its headers are used only for limits.
            hint = self._proxies.hint(request)
            source = None if hint is None else self._of(hint)
        return source

    def fair(self, source: ClientSource | None) -> ClientSource | None:
        """The source for the rules of the core; None if they do not apply."""
        return None if self._limits == NO_LIMITS else source

    def _make(self, text: str) -> ClientSource | None:
        if text == UNCLEAR:  # all clients with contradictory headers count as one
            return ClientSource(self._hash(text, 12), self._hash(text, 6), self._limits)
        address = public_address(text)
        if address is None:
            return None
        near, wide = (32, 24) if address.version == 4 else (64, 48)
        return ClientSource(
            self._hash(str(ip_network((address, wide), strict=False)), 12),
            self._hash(str(ip_network((address, near), strict=False)), 6),
            self._limits,
        )

    def _hash(self, text: str, size: int) -> str:
        assert self._key is not None
        return hashlib.blake2b(text.encode(), key=self._key, digest_size=size).hexdigest()

    async def _shared_key(self) -> bytes:
        draft = DocumentWrite(FOLDER, NAME, secrets.token_hex(32), expected=0)
        stored = await self._engine.store.find(Document, (FOLDER, NAME))
        if stored is None or not stored.body:
            await self._engine.submit(
                PutDocuments(drafts=(draft,))
            )  # refused if another process was first
            stored = await self._engine.store.find(Document, (FOLDER, NAME))
        assert stored is not None
        return bytes.fromhex(stored.body)


def sources_of(engine: Engine, settings: Settings, proxies: Proxies) -> ClientSources | None:
    """The address to identify, or None if no limit applies."""
    limits = HoldLimits(
        holds=settings.holds.holds_per_address,
        units=settings.holds.hold_units,
        contention=settings.holds.hold_contention_percent % 100,
        network_share=settings.holds.hold_network_share_percent,
        unpaid=settings.holds.hold_unpaid_allowance_minutes * 60_000,
        wait=settings.holds.hold_retry_minutes * 60_000,
    )
    if not settings.server.rate_limit:
        return None
    return ClientSources(
        engine,
        limits,
        proxies,
        settings.holds.holds_per_minute,
        settings.holds.checkouts_per_minute,
    )
