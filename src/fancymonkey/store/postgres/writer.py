"""The connection that writes to PostgreSQL: opened when needed, and again after it breaks."""

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
"""The number of retries of a transaction that the server has rolled back."""


class CommitUnknown(Exception):
    """The commit was sent, but no answer arrived."""


async def commit(writer: Connection) -> None:
    """Commits. Raises CommitUnknown: then only the database knows the outcome."""
    try:
        await writer.execute("COMMIT")
    except Exception as error:
        raise CommitUnknown from error


async def committed(writer: Connection, work: Awaitable[T]) -> T:
    """Awaits a statement that is a transaction of its own. Raises CommitUnknown like `commit`."""
    try:
        return await work
    except Exception as error:
        if is_lost(error, writer) and not isinstance(error, ReadOnlySQLTransactionError):
            raise CommitUnknown from error
        raise


class PostgresWriter:
    """Runs transactions one after the other."""

    def __init__(self, connector: PostgresConnector, settings: Mapping[str, str]) -> None:
        """`settings` are server settings of the connection."""
        self._connector = connector
        self._settings = settings
        self._connection: Connection | None = None

    @property
    def pid(self) -> int | None:
        """The id of the server process of the connection."""
        return None if self._connection is None else self._connection.get_server_pid()

    async def run(
        self, work: Callable[[Connection], Awaitable[T]], *, repeatable: bool = True
    ) -> T:
        """Runs one transaction, from its BEGIN to its `commit`.

        If `repeatable`, it runs again after the server has rolled it back, and one more time on a
        new connection if the old one broke before the commit was sent. Raises StoreError,
        DataError.
        """
        conflicts, reconnected = 0, False
        while True:
            connection = await self.connected()
            try:
                return await work(connection)
            except CommitUnknown as error:
                self._drop()
                raise StoreUnavailable(
                    f"The connection to PostgreSQL at {self._connector.place} broke during a "
                    f"commit, and its outcome is unknown. Send the same again, with the same ids."
                ) from error.__cause__
            except Exception as error:
                lost = not await self._rolled_back(connection, error)
                if repeatable and is_conflict(error) and conflicts < CONFLICTS:
                    conflicts += 1
                elif repeatable and lost and not reconnected:
                    reconnected = True
                else:
                    translated = self._connector.translated(error)
                    if translated is error:
                        raise
                    raise translated from error
            except BaseException:  # cancelled: the state of the connection is unknown
                self._drop()
                raise

    async def connected(self) -> Connection:
        """The connection, opened now if there is none. Raises StoreUnavailable."""
        if self._connection is None or self._connection.is_closed():
            self._connection = await self._connector.connect(settings=self._settings)
        return self._connection

    async def close(self) -> None:
        """Closes the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await close(connection)

    async def _rolled_back(self, connection: Connection, error: Exception) -> bool:
        """Rolls the transaction back; False if the connection was no longer usable."""
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
