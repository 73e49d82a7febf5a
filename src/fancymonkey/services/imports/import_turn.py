"""Lets imports of all processes run one after another.

Two imports of one file at once would each plan against the stock before the other. The later one
would report each row as changed a moment ago; after the first one it has nothing left to do.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fancymonkey.engine.engine import Engine
from fancymonkey.errors import FancyMonkeyError, StoreUnavailable
from fancymonkey.jobs.executor import process_name
from fancymonkey.jobs.lease import STALE_SECONDS, Lease, is_leased

LEASE = "import"
WAIT_SECONDS = STALE_SECONDS + 20.0
"""The time for which an import waits for others: longer than the lease of a process that died."""
LOOK_SECONDS = 0.5
RENEW_SECONDS = 5.0


class ImportRunning(FancyMonkeyError):
    """Another import runs, and has not ended while this one waited; nothing was changed."""


@asynccontextmanager
async def import_turn(engine: Engine, *, alone: bool) -> AsyncIterator[None]:
    """Waits until no other process imports into this store, and keeps others out inside the block.

    `alone`: no other process can write to the store. Raises ImportRunning, StoreUnavailable.
    """
    lease = Lease(engine, LEASE, process_name(), alone=alone)
    await _wait(lease, engine)
    renewing = None if alone else asyncio.create_task(_renew(lease), name="import lease")
    try:
        yield
    finally:
        if renewing is not None:
            renewing.cancel()
            await asyncio.gather(renewing, return_exceptions=True)
        await lease.release()


async def _wait(lease: Lease, engine: Engine) -> None:
    loop = asyncio.get_running_loop()
    last = loop.time() + WAIT_SECONDS
    while not await lease.look():
        if loop.time() >= last:
            if not await is_leased(engine, LEASE):
                raise StoreUnavailable("The store did not answer in time.")
            raise ImportRunning("Another import is running. Wait until it has finished, and retry.")
        await asyncio.sleep(LOOK_SECONDS)


async def _renew(lease: Lease) -> None:
    while True:
        await asyncio.sleep(RENEW_SECONDS)
        await lease.look()
