"""Finds PostgreSQL's own programs that fit a server, and runs them."""

import asyncio
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from fancymonkey.errors import BackupError
from fancymonkey.store.postgres.connection import PostgresConnector

INSTALLED = ("usr/lib/postgresql/*/bin", "usr/pgsql-*/bin", "opt/homebrew/opt/postgresql*/bin")
NEEDED = ("pg_dump", "pg_restore", "psql")


@dataclass(frozen=True, slots=True)
class PostgresTools:
    """A directory with PostgreSQL's programs of one major version."""

    folder: Path
    major: int


async def tools_for(server: int) -> PostgresTools:
    """The newest programs on this machine, of the server's major version or a later one.

    Raises BackupError if there are none.
    """
    installed = [tools for folder in _folders() if (tools := await _tools(folder)) is not None]
    newest = max(installed, key=lambda tools: tools.major, default=None)
    if newest is not None and newest.major >= server:
        return newest
    have = "none are" if newest is None else f"version {newest.major} is"
    raise BackupError(
        f"PostgreSQL's own programs (pg_dump, pg_restore, psql) of version {server} or newer are "
        f"needed, and {have} here. Install them (on Debian: postgresql-client-{server}), name "
        "their directory in PG_BIN, or make a backup without them: add --portable."
    )


def _folders() -> Iterator[Path]:
    if named := os.environ.get("PG_BIN"):
        yield Path(named)
        return
    on_path = shutil.which("pg_dump")
    if on_path:
        yield Path(on_path).parent
    for pattern in INSTALLED:
        yield from Path("/").glob(pattern)


async def _tools(folder: Path) -> PostgresTools | None:
    if not all((folder / name).exists() for name in NEEDED):
        return None
    with suppress(OSError):
        process = await asyncio.create_subprocess_exec(
            folder / "pg_dump", "--version", stdout=asyncio.subprocess.PIPE
        )
        version, _ = await process.communicate()
        if match := re.search(rb"(\d+)", version):
            return PostgresTools(folder, int(match[1]))
    return None


async def call(tools: PostgresTools, program: str, *arguments: str, url: str | None = None) -> None:
    """Runs a program to its end. Raises BackupError with its error message.

    The password is passed in the environment, because other users can read a command line.
    """
    environment, words = dict(os.environ), list(arguments)
    if url is not None:
        address, password = _address(url)
        words.append(f"--dbname={address}")
        if password is not None:
            environment["PGPASSWORD"] = password
    try:
        process = await asyncio.create_subprocess_exec(
            tools.folder / program,
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env=environment,
        )
    except OSError as error:
        raise BackupError(f"{program} could not be started: {error.strerror}.") from error
    try:
        _, errors = await process.communicate()
    except BaseException:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        raise
    if process.returncode != 0:
        raise BackupError(f"{program} failed: {_message(errors)}")


def _address(url: str) -> tuple[str, str | None]:
    """The URL without its password, and the password."""
    parts = urlsplit(PostgresConnector(url).direct_url)
    user, at, host = parts.netloc.rpartition("@")
    name, colon, password = user.partition(":")
    if not colon:
        return urlunsplit(parts), None
    return urlunsplit(parts._replace(netloc=f"{name}{at}{host}")), unquote(password)


def _message(errors: bytes) -> str:
    lines = [line.strip() for line in errors.decode(errors="replace").splitlines() if line.strip()]
    return " ".join(_without_details(lines)[-3:])[:600] or "it gave no reason"


def _without_details(lines: Sequence[str]) -> list[str]:
    return [line for line in lines if not line.startswith(("DETAIL", "HINT", "CONTEXT"))]
