"""A lease that one of all processes has: a document that its holder renews.

Another process takes the lease once the document has not changed for a while. Each process measures
that by the document's version and its own monotonic clock, so servers' clocks may differ.
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
"""A holder that could not renew its lease for this long gives it up."""
ANSWER_SECONDS = 5.0
STALE_SECONDS = 40.0
"""Others take a lease that was not renewed for this long, when its holder has given it up."""


class StaleTimer:
    """Measures how long a document has not changed, by this process's monotonic clock."""

    def __init__(self) -> None:
        self._seen: tuple[int, float] | None = None

    def seconds(self, version: int) -> float:
        """The seconds since this version was first seen here."""
        now = asyncio.get_running_loop().time()
        if self._seen is None or self._seen[0] != version:
            self._seen = (version, now)
        return now - self._seen[1]


class LeaseHolder(Struct):
    """The process that has the lease; none if `name` is empty."""

    name: str = ""


class Lease:
    """A lease of this process. `alone`: always held, as no other process can use the store."""

    def __init__(self, engine: Engine, name: str, me: str, *, alone: bool = False) -> None:
        self.name = name
        self.alone = alone
        self._me = me
        self._folder = DocumentCollection(engine, "leases", LeaseHolder)
        self._stale = StaleTimer()
        self._version = 0
        self._renewed: float | None = None

    @property
    def held(self) -> bool:
        """Whether this process has the lease now."""
        return self.alone or self._renewed is not None

    async def look(self) -> bool:
        """Renews the lease, or takes it if it is free; returns whether this process has it now."""
        if self.alone:
            return True
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await (self._take() if self._renewed is None else self._renew(self._renewed))
        except Conflict:
            self._lost("another process has taken it")
        except (StoreError, TimeoutError) as error:
            if self._renewed is not None and _now() - self._renewed >= GIVE_UP_SECONDS:
                self._lost(str(error) or "the store does not answer")
        return self.held

    async def release(self) -> None:
        """Releases the lease, so that another process takes it at once.

        Raises no errors: a lease also ends by itself.
        """
        if self._renewed is None:
            return
        self._renewed = None
        try:
            await self._folder.put(self.name, LeaseHolder(), self._version)
        except (Conflict, StoreError) as error:
            log.info("the lease %s was not released and will expire: %s", self.name, error)

    async def _take(self) -> None:
        lease = await self._folder.get(self.name)
        version = 0 if lease is None else lease.version
        taken = lease is not None and lease.value.name not in ("", self._me)
        if taken and self._stale.seconds(version) < STALE_SECONDS:
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
    """Whether a process has a lease and has renewed it recently, by the system clock."""
    lease = await DocumentCollection(engine, "leases", LeaseHolder).get(name)
    if lease is None or not lease.value.name:
        return False
    return engine.clock() - lease.at < STALE_SECONDS * 1000


def _now() -> float:
    return asyncio.get_running_loop().time()
