"""Connections of the PostgreSQL store, and the driver's errors in our words."""

import asyncio
import os
import re
import socket
from collections.abc import Mapping
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from fancymonkey.errors import ConfigError, DataError, StoreCorrupt, StoreError, StoreUnavailable

CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 70.0
"""Longer than the server's own limits: only a dead network reaches it."""

CLOSE_SECONDS = 2.0
OLDEST = 140000

Connection: TypeAlias = "asyncpg.Connection[Any]"
Reader: TypeAlias = "PoolConnectionProxy[Any]"
Pool: TypeAlias = "asyncpg.Pool[Any]"


class PostgresConnector:
    """How to reach the database.

    Where the URL has a parameter `direct=host:port`, it leads to a pooler (pgbouncer in transaction
    mode), which hands a connection to others between two transactions. Then no prepared statements
    are kept on it, and who listens goes to `direct`, which is PostgreSQL itself.
    """

    def __init__(self, url: str, *, reader: bool = True) -> None:
        role = "reader" if reader else "server"
        self.name = f"fancymonkey {role} {os.getpid()}@{socket.gethostname()}"[:63]
        parts = urlsplit(url)
        parameters = parse_qsl(parts.query, keep_blank_values=True)
        direct = dict(parameters).get("direct")
        if direct is not None:
            rest = urlencode([(name, value) for name, value in parameters if name != "direct"])
            parts = parts._replace(query=rest)
        self._url = self._direct_url = urlunsplit(parts) if direct is not None else url
        self._cached_statements = 100
        self.pooled = direct is not None
        if direct is not None:
            user, at, _ = parts.netloc.rpartition("@")
            self._direct_url = urlunsplit(parts._replace(netloc=user + at + direct))
            self._cached_statements = 0

    @property
    def place(self) -> str:
        """The address for messages: without user, password and parameters."""
        return re.sub(r"\?.*", "", self._url.partition("://")[2].rpartition("@")[2])

    @property
    def direct_url(self) -> str:
        """The URL of PostgreSQL itself, past any pooler, as its own programs take it."""
        return self._direct_url

    async def connect(
        self, *, direct: bool = False, settings: Mapping[str, str] | None = None
    ) -> Connection:
        """A new connection; `direct` past any pooler. Raises StoreUnavailable."""
        try:
            return await asyncpg.connect(
                self._direct_url if direct else self._url,
                timeout=CONNECT_SECONDS,
                command_timeout=ANSWER_SECONDS,
                statement_cache_size=100 if direct else self._cached_statements,
                server_settings={"application_name": self.name, **(settings or {})},
            )
        except ValueError as error:
            raise ConfigError(f"DATABASE_URL makes no sense: {error}") from error
        except Exception as error:
            raise self.translated(error) from error

    def pool(self, size: int) -> Pool:
        """A pool of connections for reading, not opened yet."""
        return asyncpg.create_pool(
            self._url,
            min_size=0,
            max_size=size,
            timeout=CONNECT_SECONDS,
            command_timeout=ANSWER_SECONDS,
            statement_cache_size=self._cached_statements,
            server_settings={"application_name": self.name},
        )

    def translated(self, error: Exception) -> Exception:
        """The driver's error in our words, with what to do; any other one as it is."""
        if isinstance(error, StoreError | DataError):
            return error
        told = " ".join(str(error).split()) or type(error).__name__
        if is_data_error(error):
            return DataError(f"The database refuses a row: {told}")
        if isinstance(error, asyncpg.DataCorruptedError | asyncpg.IndexCorruptedError):
            return StoreCorrupt(
                f"PostgreSQL at {self.place} finds its own files damaged ({told}). Stop, keep a "
                f"copy, and restore a backup."
            )
        for kinds, advice in _ADVICE:
            if isinstance(error, kinds):
                return StoreUnavailable(f"PostgreSQL at {self.place}: {told}. {advice}")
        if isinstance(error, DRIVER_ERRORS):
            return StoreUnavailable(f"PostgreSQL at {self.place} failed: {told}.")
        return error


DRIVER_ERRORS = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
)
_ADVICE: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
    (
        (asyncpg.InvalidAuthorizationSpecificationError,),
        "Check the user and the password in DATABASE_URL.",
    ),
    ((asyncpg.InvalidCatalogNameError,), "Create the database, or correct DATABASE_URL."),
    (
        (asyncpg.ReadOnlySQLTransactionError, asyncpg.TargetServerAttributeNotMatched),
        "This server is a standby or read-only: let DATABASE_URL name the primary.",
    ),
    ((asyncpg.TooManyConnectionsError,), "Raise max_connections or start fewer workers."),
    ((asyncpg.DiskFullError,), "Make room on the database's disk."),
    ((asyncpg.LockNotAvailableError,), "Another writer has held the ledger for long. Try again."),
    ((asyncpg.InsufficientPrivilegeError,), "The user needs to own the tables, or rights on them."),
    ((TimeoutError,), "It did not answer in time."),
    ((ConnectionError, OSError), "Is it running, and reachable from here?"),
)


async def close(what: "Connection | Pool") -> None:
    """Closes in good order, or at once where that takes too long."""
    try:
        await asyncio.wait_for(what.close(), CLOSE_SECONDS)
    except DRIVER_ERRORS:
        what.terminate()


def is_data_error(error: BaseException) -> bool:
    """Whether the rows are at fault, so that the same rows will fail again."""
    if isinstance(error, asyncpg.DataError | asyncpg.IntegrityConstraintViolationError):
        return True
    return isinstance(error, UnicodeError | OverflowError)


def is_conflict(error: BaseException) -> bool:
    """Whether the server took the transaction back, so that it may be tried again."""
    return isinstance(error, asyncpg.TransactionRollbackError)


_LOST = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.ReadOnlySQLTransactionError,  # it became a standby: its successor is elsewhere
)


def is_lost(error: BaseException, connection: Connection) -> bool:
    """Whether the connection is of no more use."""
    return connection.is_closed() or isinstance(error, _LOST)


def check_server(row: Any, place: str, *, read_only: bool) -> None:
    """Raises StoreUnavailable where the server cannot be used for this."""
    if row["version"] < OLDEST:
        raise StoreUnavailable(
            f"PostgreSQL at {place} is {row['version_text']}; 14 or newer is needed."
        )
    if row["encoding"] != "UTF8":
        raise StoreUnavailable(
            f"The database at {place} keeps text as {row['encoding']}. Create it with "
            f"ENCODING 'UTF8'."
        )
    if row["standby"] and not read_only:
        raise StoreUnavailable(
            f"PostgreSQL at {place} is a standby, where stock cannot be decided: let DATABASE_URL "
            f"name the primary."
        )


def durability_trouble(row: Any) -> list[str]:
    """What in the server's settings may lose confirmed sales, in plain words."""
    found = [
        f"PostgreSQL runs with {name} = off: a power cut may ruin the database."
        for name in ("fsync", "full_page_writes")
        if row[name] == "off"
    ]
    if row["synchronous_commit"] == "off":
        found.append(
            "PostgreSQL is set to synchronous_commit = off. This program switches it on for its "
            "own transactions; those of others may be lost after they were confirmed."
        )
    return found
