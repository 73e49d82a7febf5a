"""Probes whether PostgreSQL can be written, by a write without effect."""

from fancymonkey.store.postgres.connection import PostgresConnector, close
from fancymonkey.store.postgres.schema import QUERIES, check_schema


async def probe(connector: PostgresConnector) -> None:
    """Writes under the ledger's lock, and enough that the database's disk needs free space.

    Raises StoreUnavailable if a sale would fail as well.
    """
    connection = await connector.connect()
    try:
        await check_schema(connection)
        await connection.execute(QUERIES["probe"])
    except Exception as error:
        translated = connector.translated(error)
        if translated is error:
            raise
        raise translated from error
    finally:
        await close(connection)
