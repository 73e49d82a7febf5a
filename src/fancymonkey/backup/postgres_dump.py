"""Dumps the shop's tables of a PostgreSQL database, and restores them in one transaction."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from fancymonkey.backup.postgres_tools import call, tools_for
from fancymonkey.errors import BackupError, StoreLocked
from fancymonkey.store.postgres.connection import Connection, PostgresConnector, close
from fancymonkey.store.sql.columns import ENTRIES, TABLES

NAME = "shop.dump"
OURS = ("head", "migration", "entry", "inventory", *(table.name for table in TABLES.values()))
"""Every table and view of a shop; other tables of the database are left alone."""


@dataclass(frozen=True, slots=True)
class DatabaseAddress:
    """A database: its server's major version, our schema, and our tables and views in it."""

    major: int
    schema: str
    tables: tuple[tuple[str, str], ...]
    revision: int | None


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[Connection]:
    connector = PostgresConnector(url)
    connection = await connector.connect(direct=True)
    try:
        yield connection
    except Exception as error:
        translated = connector.translated(error)
        if translated is error:
            raise
        raise translated from error
    finally:
        await close(connection)


async def look(url: str) -> DatabaseAddress:
    """Reads which of our tables the database has. Raises StoreUnavailable."""
    async with _connected(url) as connection:
        version = await connection.fetchval(
            "SELECT current_setting('server_version_num')::int / 10000"
        )
        schema = await connection.fetchval("SELECT current_schema()")
        rows = await connection.fetch(
            "SELECT relname, relkind FROM pg_class WHERE relkind IN ('r', 'v') "
            "AND relnamespace = to_regnamespace(quote_ident($1)) AND relname = ANY ($2)",
            schema,
            list(OURS),
        )
        tables = tuple((row[0], row[1].decode()) for row in rows)
        has_head = ("head", "r") in tables
        revision = await connection.fetchval("SELECT revision FROM head") if has_head else None
        return DatabaseAddress(version, schema, tables, revision)


async def refuse_running(url: str) -> None:
    """Raises StoreLocked if another process of this program has the database open."""
    async with _connected(url) as connection:
        row = await connection.fetchrow(
            "SELECT application_name, coalesce(host(client_addr), 'this machine') AS address, "
            "backend_start "
            "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
            "AND application_name LIKE 'fancymonkey server %' ORDER BY backend_start LIMIT 1"
        )
        if row is not None:
            since = f"{row['backend_start']:%Y-%m-%d %H:%M:%S} UTC"
            raise StoreLocked(
                f"The database is in use by a server at {row['address']} since {since} "
                f"({row['application_name']}). Stop every server that uses it."
            )


async def schemas(url: str) -> set[str]:
    """The names of the database's schemas."""
    async with _connected(url) as connection:
        return {row[0] for row in await connection.fetch("SELECT nspname FROM pg_namespace")}


async def dump(url: str, folder: Path) -> DatabaseAddress:
    """Writes a dump of one moment into a folder, and reads it back. Raises BackupError."""
    database = await look(url)
    if not database.tables:
        raise BackupError("There is no shop in this database. Name the right one.")
    tools = await tools_for(database.major)
    wanted = [f"--table={_quoted(database.schema)}.{name}" for name, _ in database.tables]
    to = folder / NAME
    options = ("--format=custom", "--no-owner", "--no-privileges", "--lock-wait-timeout=30s")
    await call(tools, "pg_dump", *options, *wanted, f"--file={to}", url=url)
    await call(tools, "pg_restore", "--file=/dev/null", str(to))
    return database


async def put_back(url: str, folder: Path, schema: str | None, aside: str | None) -> None:
    """Restores a dump in one transaction: all of it, or nothing.

    The old content moves to the schema `aside`, in the same transaction; where that is None, the
    database has to be empty. Raises BackupError.
    """
    database = await look(url)
    if schema is not None and schema != database.schema:
        raise BackupError(
            f"The backup's tables are in the schema {schema}, here it is {database.schema}. Set "
            "the search_path of this database to that schema, or use a portable backup."
        )
    tools = await tools_for(database.major)
    script, before = folder / "restore.sql", folder / "before.sql"
    before.write_text(_removal_sql(database, aside), encoding="utf-8")
    options = ("--no-owner", "--no-privileges", "--exit-on-error")
    await call(tools, "pg_restore", *options, f"--file={script}", str(folder / NAME))
    words = ("--single-transaction", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1")
    await call(tools, "psql", *words, f"--file={before}", f"--file={script}", url=url)
    async with _connected(url) as connection:
        await connection.execute("ANALYZE")


async def set_aside(url: str, aside: str) -> None:
    """Moves all our tables and views to another schema. Raises StoreUnavailable."""
    database = await look(url)
    async with _connected(url) as connection, connection.transaction():
        await connection.execute(_removal_sql(database, aside))


def _removal_sql(database: DatabaseAddress, aside: str | None) -> str:
    """SQL that moves our tables to another schema, or drops them if they are empty."""
    schema = _quoted(database.schema)
    lines = ["SET lock_timeout = '10s';"]
    names = dict(database.tables)
    lines += [
        f"LOCK TABLE {schema}.{name} IN ACCESS EXCLUSIVE MODE;"
        for name, kind in names.items()
        if kind == "r"
    ]
    if aside is not None:
        lines.append(f"CREATE SCHEMA {_quoted(aside)};")
        lines += [
            f"ALTER {'VIEW' if kind == 'v' else 'TABLE'} {schema}.{name} "
            f"SET SCHEMA {_quoted(aside)};"
            for name, kind in names.items()
        ]
        return "\n".join(lines) + "\n"
    for table in (*(table.name for table in TABLES.values()), ENTRIES.name):
        if table in names:
            lines.append(
                f"DO $$ BEGIN IF EXISTS (SELECT FROM {schema}.{table}) THEN "
                f"RAISE 'the database is not empty any more'; END IF; END $$;"
            )
    lines += [f"DROP VIEW {schema}.{name};" for name, kind in names.items() if kind == "v"]
    lines += [f"DROP TABLE {schema}.{name};" for name, kind in names.items() if kind == "r"]
    return "\n".join(lines) + "\n"


def _quoted(name: str) -> str:
    escaped = name.replace('"', '""')
    return f'"{escaped}"'
