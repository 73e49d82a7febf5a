"""Listens for commits of other processes, on a connection of its own."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from fancymonkey.errors import StoreError
from fancymonkey.store.contract import OnRemoteCommit
from fancymonkey.store.postgres.batch import CHANNEL
from fancymonkey.store.postgres.connection import DRIVER_ERRORS, Connection, PostgresConnector

log = logging.getLogger(__name__)

RETRY_SECONDS = (0.1, 5.0)
CHECK_SECONDS = 15.0
"""The interval at which the revision is read, in case a notification was lost."""
HEAD = "SELECT revision FROM head"


class PostgresListener:
    """Calls `on_commit` with the newest announced revision, and again after a later one."""

    def __init__(
        self,
        connector: PostgresConnector,
        on_commit: OnRemoteCommit,
        own_pid: Callable[[], int | None],
    ) -> None:
        """`own_pid` returns the server process of our writer, whose commits are known already."""
        self._connector = connector
        self._on_commit = on_commit
        self._own_pid = own_pid
        self._latest = 0
        self._news = asyncio.Event()
        self._doubt = asyncio.Event()
        self._wanted = True
        self.listens = False
        """Whether the database sends notifications now."""
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Returns once it listens. Raises StoreUnavailable."""
        connection = await self._listen()
        self._tasks = [
            asyncio.create_task(self._stay(connection), name="listen"),
            asyncio.create_task(self._ring(), name="notices"),
        ]
        await asyncio.sleep(0)  # lets the tasks start, so that a cancellation closes the connection

    def look(self) -> None:
        """Reads the revision at once: the outcome of a commit of our own is unknown."""
        self._doubt.set()

    def listen(self, wanted: bool) -> None:
        """Stops to listen, or begins again and announces the present revision."""
        if wanted != self._wanted:
            self._wanted = wanted
            self._doubt.set()

    async def close(self) -> None:
        """Stops listening."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        await asyncio.sleep(0)  # lets the event loop close the socket

    async def _listen(self) -> Connection:
        connection = await self._connector.connect(direct=True)
        try:
            await self._begin(connection)
            # Earlier commits were not announced to us.
            self._announce(await connection.fetchval(HEAD))
        except BaseException as error:
            connection.terminate()
            if isinstance(error, Exception):
                raise self._connector.translated(error) from error
            raise
        return connection

    async def _begin(self, connection: Connection) -> None:
        await connection.add_listener(CHANNEL, self._notified)
        self.listens = True

    async def _adjust(self, connection: Connection) -> None:
        """Listens if that is wanted, and not if it is not."""
        if self._wanted and not self.listens:
            await self._begin(connection)
        elif self.listens and not self._wanted:
            self.listens = False
            await connection.remove_listener(CHANNEL, self._notified)

    async def _stay(self, connection: Connection) -> None:
        """Keeps a listening connection, and reconnects whenever it breaks."""
        while True:
            connection.add_termination_listener(lambda _: self._doubt.set())
            try:
                while True:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(CHECK_SECONDS):  # wait_for loses a cancellation
                            await self._doubt.wait()
                    self._doubt.clear()
                    await self._adjust(connection)
                    self._announce(await connection.fetchval(HEAD))
            except DRIVER_ERRORS as error:
                log.warning("changes of other servers are not received for now: %s", error)
            finally:
                self.listens = False
                connection.terminate()
            connection = await self._reconnected()

    async def _reconnected(self) -> Connection:
        wait, longest = RETRY_SECONDS
        while True:
            try:
                return await self._listen()
            except StoreError as error:
                log.warning("%s Trying again in %s s.", error, wait)
            await asyncio.sleep(wait)
            wait = min(2 * wait, longest)

    def _notified(self, connection: Any, pid: int, channel: str, payload: object) -> None:
        if pid != self._own_pid():
            with suppress(ValueError):
                self._announce(int(str(payload)))

    def _announce(self, revision: int) -> None:
        self._latest = max(self._latest, revision)
        self._news.set()

    async def _ring(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            try:
                await self._on_commit(self._latest)
            except StoreError as error:
                log.warning("changes of other servers could not be read: %s", error)
            except Exception:
                log.exception("the callback for changes of other servers failed")
            else:
                continue
            await asyncio.sleep(RETRY_SECONDS[0])
            self._news.set()
