"""Recognises a pooler on the way to PostgreSQL, and refuses it where something would be lost.

A pooler in transaction mode runs each transaction on any of its connections. Notifications,
prepared statements and the settings of a session do not work through it.
"""

from typing import Any

from fancymonkey.errors import StoreUnavailable
from fancymonkey.store.postgres.connection import (
    Connection,
    PoolerInBetween,
    PostgresConnector,
    close,
)
from fancymonkey.store.postgres.schema import QUERIES

_SETTING = ("lock_timeout", "11s")
"""A setting that a connection asks for: PostgreSQL itself always grants it."""


async def check_way(connector: PostgresConnector, server: Any, pid: int) -> None:
    """Raises StoreUnavailable unless the URL leads to PostgreSQL, or names a pooler as one.

    `server` is the row of the query `server`, and `pid` the process that its connection was given.
    """
    if connector.pooled:
        await _check_direct(connector, server)
    elif server["pid"] != pid and await _shares_sessions(connector, direct=False):
        raise PoolerInBetween(connector.place)


async def _check_direct(connector: PostgresConnector, server: Any) -> None:
    """Raises StoreUnavailable unless `direct` leads to the same database, without a pooler."""
    session = await connector.connect(direct=True, cached=False)
    try:
        row = await session.fetchrow(QUERIES["server"])
    except Exception as error:
        raise connector.translated(error) from error
    finally:
        await close(session)
    assert row is not None
    if row["pid"] != session.get_server_pid() and await _shares_sessions(connector, direct=True):
        raise StoreUnavailable(
            "The parameter `direct` of DATABASE_URL leads to a pooler: let it name the address of "
            "PostgreSQL itself."
        )
    if any(row[name] != server[name] for name in ("started", "database")):
        raise StoreUnavailable(
            f"The parameter `direct` of DATABASE_URL leads to another database than the pooler at "
            f"{connector.place}: let both lead to the same one."
        )


async def _shares_sessions(connector: PostgresConnector, *, direct: bool) -> bool:
    """Whether two sessions share connections, or one does not have the setting it asked for.

    A proxy that gives each session a connection of its own does no harm.
    """
    sessions: list[Connection] = []
    name, value = _SETTING
    asked = {name: value}
    try:
        sessions.append(await connector.connect(direct=direct, settings=asked, cached=False))
        sessions.append(await connector.connect(direct=direct, settings=asked, cached=False))
        pids: list[list[int]] = [[], []]
        for number in (0, 0, 1, 0, 1):
            async with sessions[number].transaction():
                pid = await sessions[number].fetchval("SELECT pg_backend_pid()")
                granted = await sessions[number].fetchval(f"SHOW {name}")
            pids[number].append(pid)
            if granted != value:
                return True
        return pids != [pids[0][:1] * 3, pids[1][:1] * 2] or pids[0][0] == pids[1][0]
    except PoolerInBetween:
        return True
    except Exception as error:
        translated = connector.translated(error)
        if translated is error:
            raise
        raise translated from error
    finally:
        for session in sessions:
            await close(session)
