"""PostgreSQL is restored to a second before a mistake, with the settings of the page about it."""

import asyncio
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Level, sku_of
from fancymonkey.core.stock.adjust import Count
from fancymonkey.store.open import open_store
from fancymonkey.store.verify import verify_store
from tests.backup.conftest import fill, go_on
from tests.docs.pages import read
from tests.store.scripts import PRODUCTS, SIZES
from tests.support.postgres import PostgresServer
from tests.support.postgres_binaries import run_as

PAGE = "docs/how-to/recover-to-a-point-in-time.md"
SKU = sku_of(PRODUCTS[0], SIZES[0])

pytestmark = pytest.mark.postgres


def settings_of_page(word: str, archive: Path, **instead: str) -> dict[str, str]:
    """A block of settings of the page, with our own folder."""
    (block,) = [block for block in read(PAGE).blocks if block.words == ("conf", word)]
    options = dict(re.findall(r"^\s*(\w+) = '?(.*?)'?$", block.text, re.MULTILINE))
    return {
        name: text.replace("/srv/shop-log", str(archive)) for name, text in options.items()
    } | instead


@pytest.fixture
def archive(postgres_server: PostgresServer) -> Iterator[Path]:
    """A folder that PostgreSQL's user may write to."""
    folder = postgres_server.directory / "archive"
    folder.mkdir()
    if postgres_server.user:
        shutil.chown(folder, postgres_server.user)
    yield folder
    shutil.rmtree(folder)


def test_the_page_names_the_needed_settings(tmp_path: Path) -> None:
    assert settings_of_page("archive", tmp_path).keys() >= {"archive_mode", "archive_command"}
    assert settings_of_page("recover", tmp_path).keys() >= {"restore_command"}


def test_a_shop_goes_back_to_the_second_before_a_mistake(archive: Path) -> None:
    with PostgresServer(**settings_of_page("archive", archive)) as old:
        if not (old.binaries / "pg_basebackup").exists():
            pytest.skip("this PostgreSQL has no pg_basebackup")
        url = old.create_database()
        asyncio.run(_sell(url))
        new = PostgresServer()
        try:
            _base_backup(old, url, new)
            revision, moment = asyncio.run(_sell_and_ruin(url))
            asyncio.run(_archived(old))
            old.kill()
            new.settings |= settings_of_page("recover", archive, recovery_target_time=moment)
            (new.cluster / "recovery.signal").touch()
            if new.user:
                shutil.chown(new.cluster / "recovery.signal", new.user)
            new.start()
            asyncio.run(_check(new.url(url.rsplit("/", 1)[1]), revision))
        finally:
            new.close()


def _base_backup(old: PostgresServer, url: str, new: PostgresServer) -> None:
    shutil.rmtree(new.cluster)
    options = ("--checkpoint=fast", "--wal-method=fetch")
    for command in (
        [old.binaries / "pg_basebackup", f"--dbname={url}", f"--pgdata={new.cluster}", *options],
        [old.binaries / "pg_verifybackup", str(new.cluster)],
    ):
        subprocess.run(command, check=True, cwd="/", capture_output=True, **run_as(old.user))  # type: ignore[call-overload]


async def _sell(url: str) -> None:
    store = open_store(url)
    await store.open(0)
    await fill(store)
    await store.close()


async def _sell_and_ruin(url: str) -> tuple[int, str]:
    """The revision and the time before a user counted everything to zero."""
    store = open_store(url)
    await store.open(0)
    await go_on(store)
    revision = (await store.snapshot()).revision
    moment = await _query(url, "SELECT clock_timestamp()::text")
    await asyncio.sleep(0.05)
    await store.run(
        [Count(sku=SKU, location=DEFAULT_LOCATION, quantity=0, actor="a mistake")], 20_000_000, 0
    )
    await store.close()
    return revision, moment


async def _archived(server: PostgresServer) -> None:
    """Waits until the log is in its other place."""
    name = await _query(server.url(), "SELECT pg_walfile_name(pg_switch_wal())")
    for _ in range(500):
        done = await _query(
            server.url(), "SELECT coalesce(last_archived_wal, '') FROM pg_stat_archiver"
        )
        if done >= name:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"the log was not archived:\n{server.log}")


async def _query(url: str, sql: str) -> str:
    connection = await asyncpg.connect(url)
    try:
        return str(await connection.fetchval(sql))
    finally:
        await connection.close()


async def _check(url: str, revision: int) -> None:
    store = open_store(url)
    async with asyncio.timeout(60):  # it promotes itself when it is there
        while await _query(url, "SELECT pg_is_in_recovery()") != "False":
            await asyncio.sleep(0.05)
    await store.open(0)
    try:
        assert (await store.snapshot()).revision == revision
        level = await store.find(Level, (SKU, "main"))
        assert level is not None
        assert level.on_hand == 104
        assert (await verify_store(store)).clean
        await go_on(store)  # the shop is open again
    finally:
        await store.close()
