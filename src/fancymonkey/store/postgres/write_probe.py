"""A write into PostgreSQL that changes nothing, to learn whether it takes any."""

from fancymonkey.store.postgres.connection import PostgresConnector, close
from fancymonkey.store.postgres.schema import QUERIES, check_schema


async def probe(link: PostgresConnector) -> None:
    """Writes under the ledger's lock, and so much that the database's disk needs room for it.

    Raises StoreUnavailable where a sale would fail as well.
    """
    connection = await link.connect()
    try:
        await check_schema(connection)
        await connection.execute(QUERIES["probe"])
    except Exception as error:
        known = link.translated(error)
        if known is error:
            raise
        raise known from error
    finally:
        await close(connection)
