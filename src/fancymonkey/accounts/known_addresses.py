"""Addresses from which a secret or an account was opened before: a flood elsewhere closes none."""

import asyncio
import hashlib
import logging

from fancymonkey.accounts.model import User
from fancymonkey.engine.documents import DocumentCollection
from fancymonkey.engine.engine import Engine
from fancymonkey.errors import FancyMonkeyError

log = logging.getLogger(__name__)

LIFE = 180 * 86_400_000
"""How long an address is remembered after it was used last, in ms."""
AGAIN = 86_400_000
"""How exactly it is kept when it was used last, in ms."""
RECENT_MAX = 10_000


class Places:
    """Remembers, in the store, where each secret was used; an address is kept as a digest."""

    def __init__(self, engine: Engine) -> None:
        self.folder = DocumentCollection(engine, "places", int)
        self._clock = engine.clock
        self._recent: dict[str, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def has(self, secret: str, address: str) -> bool:
        """Whether this secret was used from this address before."""
        name = _name(secret, address)
        if name in self._recent:
            return True
        kept = await self.folder.get(name)
        return kept is not None and kept.value + LIFE > self._clock()

    def remember(self, secret: str, address: str) -> None:
        """Remembers that it was. It is written beside the request, and never before its work."""
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
            log.warning("an address that used a secret is not remembered: %s", error)


def of_account(user: User) -> str:
    """The secret of an account, for `Places`: not that of an earlier account of the same name."""
    return f"user {user.created_at} {user.name}"


def _name(secret: str, address: str) -> str:
    return hashlib.blake2b(f"{secret}\0{address}".encode(), digest_size=16).hexdigest()
