"""One among all processes: a document that its holder renews, and that others take when it rests.

How long it has rested is judged by the version of the document and the own monotonic clock: two
servers never have to agree on the time of day.
"""

import asyncio
import logging

from msgspec import Struct

from fancymonkey.engine.documents import Conflict, DocumentCollection
from fancymonkey.engine.engine import Engine
from fancymonkey.errors import StoreError

log = logging.getLogger(__name__)

RENEW_SECONDS = 15.0
GIVE_UP_SECONDS = 30.0
"""A holder that could not renew for so long counts as one no more."""
ANSWER_SECONDS = 5.0
STALE_SECONDS = 40.0
"""Others take the lease after it has rested for so long: longer than its holder believes in it."""


class StaleTimer:
    """How long a document has not changed, by the monotonic clock of this process."""

    def __init__(self) -> None:
        self._seen: tuple[int, float] | None = None

    def seconds(self, version: int) -> float:
        """The seconds since this version was first seen here."""
        now = asyncio.get_running_loop().time()
        if self._seen is None or self._seen[0] != version:
            self._seen = (version, now)
        return now - self._seen[1]


class LeaseHolder(Struct):
    """Who has the lease; nobody where `name` is empty."""

    name: str = ""


class Lease:
    """The right to be the one. `alone`: no other process can use the store, so it is always had."""

    def __init__(self, engine: Engine, name: str, me: str, *, alone: bool = False) -> None:
        self.name = name
        self.alone = alone
        self._me = me
        self._folder = DocumentCollection(engine, "leases", LeaseHolder)
        self._stillness = StaleTimer()
        self._version = 0
        self._renewed: float | None = None

    @property
    def held(self) -> bool:
        """Whether this process has it now."""
        return self.alone or self._renewed is not None

    async def look(self) -> bool:
        """Renews it, takes it where it is free, or waits; whether this process has it now."""
        if self.alone:
            return True
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await (self._take() if self._renewed is None else self._renew(self._renewed))
        except Conflict:
            self._lost("somebody else has taken it")
        except (StoreError, TimeoutError) as error:
            if self._renewed is not None and _now() - self._renewed >= GIVE_UP_SECONDS:
                self._lost(str(error) or "the store does not answer")
        return self.held

    async def release(self) -> None:
        """Lets it go, so that another takes it at once. Raises nothing: it ends by itself too."""
        if self._renewed is None:
            return
        self._renewed = None
        try:
            await self._folder.put(self.name, LeaseHolder(), self._version)
        except (Conflict, StoreError) as error:
            log.info("the lease %s is left to end by itself: %s", self.name, error)

    async def _take(self) -> None:
        found = await self._folder.get(self.name)
        version = 0 if found is None else found.version
        taken = found is not None and found.value.name not in ("", self._me)
        if taken and self._stillness.seconds(version) < STALE_SECONDS:
            return
        began = _now()
        self._version = await self._folder.put(self.name, LeaseHolder(self._me), version)
        self._renewed = began
        log.info("this process has the lease %s now", self.name)

    async def _renew(self, renewed: float) -> None:
        began = _now()
        if began - renewed < RENEW_SECONDS:
            return
        self._version = await self._folder.put(self.name, LeaseHolder(self._me), self._version)
        self._renewed = began

    def _lost(self, why: str) -> None:
        if self._renewed is not None:
            log.warning("this process has lost the lease %s: %s", self.name, why)
        self._renewed = None


async def is_leased(engine: Engine, name: str) -> bool:
    """Whether somebody has a lease and has renewed it lately, by the clock on the wall."""
    kept = await DocumentCollection(engine, "leases", LeaseHolder).get(name)
    if kept is None or not kept.value.name:
        return False
    return engine.clock() - kept.at < STALE_SECONDS * 1000


def _now() -> float:
    return asyncio.get_running_loop().time()
