"""Connections of the PostgreSQL store, and the translation of the driver's errors."""

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
"""The time limit of a statement. The server's own are shorter: only a dead network exceeds it."""

CLOSE_SECONDS = 2.0
OLDEST = 140000

Connection: TypeAlias = "asyncpg.Connection[Any]"
Reader: TypeAlias = "PoolConnectionProxy[Any]"
Pool: TypeAlias = "asyncpg.Pool[Any]"


class PoolerInBetween(StoreUnavailable):
    """A pooler is at the address, which the URL does not name as one."""

    def __init__(self, place: str) -> None:
        super().__init__(
            f"A pooler is at {place}. Add the parameter `direct` to DATABASE_URL, with the address "
            f"of PostgreSQL itself (`?direct=db:5432`): notifications, prepared statements and "
            f"settings do not pass a pooler."
        )


class _ReadingConnection(asyncpg.Connection):
    """A connection of the pool. Reads leave no state behind, so nothing is reset after one."""

    def get_reset_query(self) -> str:
        """Returns no statement: the own one of the driver costs a round trip after each read."""
        return ""


class PostgresConnector:
    """Connects to the database of a URL.

    If the URL has a parameter `direct=host:port`, it is the URL of a pooler (pgbouncer in
    transaction mode), which may switch the server connection between two transactions. Then no
    prepared statements are cached, and LISTEN uses `direct`, which is PostgreSQL itself.
    """

    def __init__(self, url: str, *, reader: bool = True) -> None:
        role = "reader" if reader else "server"
        self.name = f"fancymonkey {role} {os.getpid()}@{socket.gethostname()}"[:63]
        parts = urlsplit(url)
        parameters = parse_qsl(parts.query, keep_blank_values=True)
        direct = dict(parameters).get("direct")
        if direct is not None:
            query = urlencode([(name, value) for name, value in parameters if name != "direct"])
            parts = parts._replace(query=query)
        self._url = self._direct_url = urlunsplit(parts) if direct is not None else url
        self._cached_statements = 100
        self.pooled = direct is not None
        if direct is not None:
            user, at, _ = parts.netloc.rpartition("@")
            self._direct_url = urlunsplit(parts._replace(netloc=user + at + direct))
            self._cached_statements = 0

    @property
    def place(self) -> str:
        """The address for messages, without user, password and parameters."""
        return re.sub(r"\?.*", "", self._url.partition("://")[2].rpartition("@")[2])

    @property
    def direct_url(self) -> str:
        """The URL of PostgreSQL itself, bypassing a pooler, for its own programs."""
        return self._direct_url

    async def connect(
        self,
        *,
        direct: bool = False,
        settings: Mapping[str, str] | None = None,
        cached: bool = True,
    ) -> Connection:
        """A new connection; `direct` bypasses a pooler. Raises StoreUnavailable.

        Without `cached` it keeps no prepared statements.
        """
        statements = 100 if direct else self._cached_statements
        try:
            return await asyncpg.connect(
                self._direct_url if direct else self._url,
                timeout=CONNECT_SECONDS,
                command_timeout=ANSWER_SECONDS,
                statement_cache_size=statements if cached else 0,
                server_settings={"application_name": self.name, **(settings or {})},
            )
        except ValueError as error:
            raise ConfigError(f"DATABASE_URL is not valid: {error}") from error
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
            connection_class=_ReadingConnection,
        )

    def translated(self, error: Exception) -> Exception:
        """The driver's error as one of ours, with a remedy; any other error unchanged."""
        if isinstance(error, StoreError | DataError):
            return error
        message = " ".join(str(error).split()) or type(error).__name__
        if is_data_error(error):
            return DataError(f"The database refuses a row: {message}")
        if isinstance(error, asyncpg.DataCorruptedError | asyncpg.IndexCorruptedError):
            return StoreCorrupt(
                f"PostgreSQL at {self.place} finds its own files damaged ({message}). Stop, keep a "
                f"copy, and restore a backup."
            )
        if isinstance(error, _MIXED_UP) or any(text in message for text in _POOLER_TEXTS):
            return PoolerInBetween(self.place)
        for kinds, advice in _ADVICE:
            if isinstance(error, kinds):
                return StoreUnavailable(f"PostgreSQL at {self.place}: {message}. {advice}")
        if isinstance(error, DRIVER_ERRORS):
            return StoreUnavailable(f"PostgreSQL at {self.place} failed: {message}.")
        return error


DRIVER_ERRORS = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
)
_MIXED_UP = (asyncpg.DuplicatePreparedStatementError, asyncpg.InvalidSQLStatementNameError)
"""A pooler has given the statements of one session to another."""
_POOLER_TEXTS = ("unsupported startup parameter", "transaction blocks not allowed")
"""Parts of messages of pgbouncer itself."""
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
    ((asyncpg.DiskFullError,), "Free space on the database's disk."),
    (
        (asyncpg.LockNotAvailableError,),
        "Another writer has locked the ledger for too long. Try again.",
    ),
    ((asyncpg.InsufficientPrivilegeError,), "The user needs to own the tables, or rights on them."),
    ((TimeoutError,), "It did not answer in time."),
    ((ConnectionError, OSError), "Is it running, and reachable from here?"),
)


async def close(what: "Connection | Pool") -> None:
    """Closes gracefully, or at once if that takes too long."""
    try:
        await asyncio.wait_for(what.close(), CLOSE_SECONDS)
    except DRIVER_ERRORS:
        what.terminate()


def is_data_error(error: BaseException) -> bool:
    """Whether the rows are the cause, so that the same rows will fail again."""
    if isinstance(error, asyncpg.DataError | asyncpg.IntegrityConstraintViolationError):
        return True
    return isinstance(error, UnicodeError | OverflowError)


def is_conflict(error: BaseException) -> bool:
    """Whether the server rolled the transaction back, so that it may be tried again."""
    return isinstance(error, asyncpg.TransactionRollbackError)


_LOST = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.ReadOnlySQLTransactionError,  # it became a standby, and another server is primary now
)


def is_lost(error: BaseException, connection: Connection) -> bool:
    """Whether the connection is no longer usable."""
    return connection.is_closed() or isinstance(error, _LOST)


def check_server(row: Any, place: str, *, read_only: bool) -> None:
    """Raises StoreUnavailable if the server is not suitable."""
    if row["version"] < OLDEST:
        raise StoreUnavailable(
            f"PostgreSQL at {place} is {row['version_text']}; 14 or newer is needed."
        )
    if row["encoding"] != "UTF8":
        raise StoreUnavailable(
            f"The database at {place} has the encoding {row['encoding']}. Create it with "
            f"ENCODING 'UTF8'."
        )
    if row["standby"] and not read_only:
        raise StoreUnavailable(
            f"PostgreSQL at {place} is a standby, which cannot be written: let DATABASE_URL name "
            f"the primary."
        )


def durability_problems(row: Any) -> list[str]:
    """The server's settings that may lose confirmed sales, as texts."""
    problems = [
        f"PostgreSQL runs with {name} = off: a power cut may destroy the database."
        for name in ("fsync", "full_page_writes")
        if row[name] == "off"
    ]
    if row["synchronous_commit"] == "off":
        problems.append(
            "PostgreSQL is set to synchronous_commit = off. This program switches it on for its "
            "own transactions; those of other programs may be lost after they were confirmed."
        )
    return problems
