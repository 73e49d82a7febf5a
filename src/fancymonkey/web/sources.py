"""Which source a request comes from: its address and network, as nobody can read them back.

The key of the hashes is made by the first process and kept in the store, so that all agree.
"""

import asyncio
import hashlib
import secrets
from functools import lru_cache
from ipaddress import ip_network

from fancymonkey.config import Settings
from fancymonkey.core.document import Document
from fancymonkey.core.fair import Limits, Source
from fancymonkey.core.keep import Draft, Keep
from fancymonkey.engine.engine import Engine
from fancymonkey.web.http import Call
from fancymonkey.web.near import far

FOLDER, NAME = "secret", "sources"
NO_LIMITS = Limits()


class Sources:
    """Tells sources apart."""

    def __init__(self, engine: Engine, limits: Limits) -> None:
        self._engine = engine
        self._limits = limits
        self._key: bytes | None = None
        self._of = lru_cache(maxsize=50_000)(self._make)

    async def of(self, call: Call) -> Source | None:
        """The source of a request, or None where it comes from this machine or its own network."""
        if self._key is None:
            # In a task: whoever asks may have none, and a database's driver needs one.
            self._key = await asyncio.create_task(self._shared_key())
        return self._of(call.address)

    def _make(self, text: str) -> Source | None:
        address = far(text)
        if address is None:
            return None
        near, wide = (32, 24) if address.version == 4 else (64, 48)
        return Source(
            self._hash(str(ip_network((address, wide), strict=False)), 12),
            self._hash(str(ip_network((address, near), strict=False)), 6),
            self._limits,
        )

    def _hash(self, text: str, size: int) -> str:
        assert self._key is not None
        return hashlib.blake2b(text.encode(), key=self._key, digest_size=size).hexdigest()

    async def _shared_key(self) -> bytes:
        draft = Draft(FOLDER, NAME, secrets.token_hex(32), expected=0)
        kept = await self._engine.store.find(Document, (FOLDER, NAME))
        if kept is None or not kept.body:
            await self._engine.submit(Keep(drafts=(draft,)))  # refused where another was first
            kept = await self._engine.store.find(Document, (FOLDER, NAME))
        assert kept is not None
        return bytes.fromhex(kept.body)


def sources_of(engine: Engine, settings: Settings) -> Sources | None:
    """Who is told apart, or None where there is nothing to limit."""
    limits = Limits(
        holds=settings.holds_per_address,
        units=settings.hold_units,
        calm=settings.hold_calm_percent % 100,
        rush=settings.hold_rush_percent,
        unpaid=settings.hold_unpaid_minutes * 60_000,
        wait=settings.hold_wait_minutes * 60_000,
    )
    return Sources(engine, limits) if settings.rate_limit and limits != NO_LIMITS else None
