"""Addresses that used a secret or account before: attacks from elsewhere do not lock them out."""

import asyncio
import hashlib
import logging

from fancymonkey.accounts.model import User
from fancymonkey.core.dates import DAY_MS
from fancymonkey.engine.documents import DocumentCollection
from fancymonkey.engine.engine import Engine
from fancymonkey.errors import FancyMonkeyError

log = logging.getLogger(__name__)

LIFE = 180 * DAY_MS
"""The time for which an address is remembered after its last use, in ms."""
AGAIN = DAY_MS
"""The precision of the time of last use, in ms."""
RECENT_MAX = 10_000


class Places:
    """Stores the addresses that used each secret, as digests."""

    def __init__(self, engine: Engine) -> None:
        self.folder = DocumentCollection(engine, "places", int)
        self._clock = engine.clock
        self._recent: dict[str, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def has(self, secret: str, address: str) -> bool:
        """Whether this address has used this secret before."""
        name = _name(secret, address)
        if name in self._recent:
            return True
        stored = await self.folder.get(name)
        return stored is not None and stored.value + LIFE > self._clock()

    def remember(self, secret: str, address: str) -> None:
        """Records the use. It is written in the background, never before the request's own work."""
        name, now = _name(secret, address), self._clock()
        if self._recent.get(name, now - AGAIN) + AGAIN > now:
            return
        if len(self._recent) >= RECENT_MAX:
            del self._recent[next(iter(self._recent))]
        self._recent[name] = now
        task = asyncio.create_task(self._write(name, now))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _write(self, name: str, now: int) -> None:
        try:
            await self.folder.put(name, now, None, now + LIFE)
        except FancyMonkeyError as error:
            self._recent.pop(name, None)
            log.warning("an address that used a secret could not be stored: %s", error)


def of_account(user: User) -> str:
    """The name of an account's secret here; an earlier account of the same name had another."""
    return f"user {user.created_at} {user.name}"


def _name(secret: str, address: str) -> str:
    return hashlib.blake2b(f"{secret}\0{address}".encode(), digest_size=16).hexdigest()
