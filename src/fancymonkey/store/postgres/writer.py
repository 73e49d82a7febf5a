"""The connection that writes to PostgreSQL: made when needed, and again when it breaks."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import TypeVar

from asyncpg import ReadOnlySQLTransactionError

from fancymonkey.errors import StoreUnavailable
from fancymonkey.store.postgres.connection import (
    Connection,
    PostgresConnector,
    close,
    is_conflict,
    is_lost,
)

T = TypeVar("T")
CONFLICTS = 3
"""How often a transaction that the server took back is tried again."""


class CommitUnknown(Exception):
    """The commit was sent and no answer came."""


async def commit(writer: Connection) -> None:
    """Commits. Raises CommitUnknown, after which only a look into the database can tell."""
    try:
        await writer.execute("COMMIT")
    except Exception as error:
        raise CommitUnknown from error


async def committed(writer: Connection, work: Awaitable[T]) -> T:
    """Waits for a statement that is a transaction of its own. Raises CommitUnknown as `commit`."""
    try:
        return await work
    except Exception as error:
        if is_lost(error, writer) and not isinstance(error, ReadOnlySQLTransactionError):
            raise CommitUnknown from error
        raise


class PostgresWriter:
    """Runs transactions one after the other."""

    def __init__(self, link: PostgresConnector, settings: Mapping[str, str]) -> None:
        """`settings` of the server hold for the connection."""
        self._link = link
        self._settings = settings
        self._connection: Connection | None = None

    @property
    def pid(self) -> int | None:
        """The server's process at the other end."""
        return None if self._connection is None else self._connection.get_server_pid()

    async def run(
        self, work: Callable[[Connection], Awaitable[T]], *, repeatable: bool = True
    ) -> T:
        """Runs work that is one transaction, from its BEGIN to its `commit`.

        Work that is `repeatable` runs again where the server took it back, and once again on a new
        connection where the old one broke before the commit was sent. Raises StoreError, DataError.
        """
        conflicts, reconnected = 0, False
        while True:
            connection = await self.connected()
            try:
                return await work(connection)
            except CommitUnknown as error:
                self._drop()
                raise StoreUnavailable(
                    f"The connection to PostgreSQL at {self._link.place} broke during a commit: "
                    f"whether it counts is unknown. Send the same again, with the same ids."
                ) from error.__cause__
            except Exception as error:
                lost = not await self._rolled_back(connection, error)
                if repeatable and is_conflict(error) and conflicts < CONFLICTS:
                    conflicts += 1
                elif repeatable and lost and not reconnected:
                    reconnected = True
                else:
                    known = self._link.translated(error)
                    if known is error:
                        raise
                    raise known from error
            except BaseException:  # cancelled in the middle: nobody knows what it is doing
                self._drop()
                raise

    async def connected(self) -> Connection:
        """The connection, made now where there is none. Raises StoreUnavailable."""
        if self._connection is None or self._connection.is_closed():
            self._connection = await self._link.connect(settings=self._settings)
        return self._connection

    async def close(self) -> None:
        """Lets go of the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await close(connection)

    async def _rolled_back(self, connection: Connection, error: Exception) -> bool:
        """Ends the transaction without effect; False where the connection was of no more use."""
        if not is_lost(error, connection):
            with suppress(Exception):
                await connection.execute("ROLLBACK")
                return True
        self._drop()
        return False

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()
