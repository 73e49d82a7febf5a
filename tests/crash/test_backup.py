"""Back up, destroy, restore and verify, while a crowd trades on the real server."""

import asyncio
import json
import os
import shutil
from pathlib import Path

import pytest

from bench.killstorm import Storm, storm, verify
from bench.shops import Places
from fancymonkey.engine.clock import system_clock
from fancymonkey.store.open import open_store
from tests.support.program import run

pytestmark = pytest.mark.crash


def program(*words: str, **settings: str) -> dict[str, object]:
    done = run([*words, "--json"], environment={**os.environ, **settings}, directory="/")
    assert done.returncode == 0, done.stderr + done.stdout
    report: dict[str, object] = json.loads(done.stdout)
    return report


def test_nothing_acknowledged_before_the_backup_is_lost(
    places: Places, name: str, tmp_path: Path
) -> None:
    one = storm(places, name, seed=11)
    settings = one.shop.environment()
    if name == "postgres":
        settings["PG_BIN"] = str(places.postgres.binaries)
    try:
        one.start()
        told, made = asyncio.run(_saved_while_trading(one, tmp_path, settings))
        assert len(told) > 5
        _destroy(places, one.shop.target)
        done = program("restore", "--from", str(made["path"]), **settings)
        assert done["clean"]
        verify(one.shop)
        asyncio.run(_all_there(one.shop.target, told))
        one.start()  # the shop continues
        one.server.stop()
        verify(one.shop)
    finally:
        one.server.close()


async def _saved_while_trading(
    one: Storm, tmp_path: Path, settings: dict[str, str]
) -> tuple[list[str], dict[str, object]]:
    """The holds that were acknowledged before the backup began, and the backup."""
    trading = asyncio.create_task(one.crowd.trade(one.server.port))
    await asyncio.sleep(1.0)
    told = [hold.id for hold in one.crowd.books.holds.values()]
    made = await asyncio.to_thread(
        program, "backup", "--to", str(tmp_path / "b.tar.gz"), **settings
    )
    await asyncio.to_thread(one.server.kill)
    await trading
    return told, made


def _destroy(places: Places, target: str) -> None:
    scheme, separator, rest = target.partition("://")
    if not separator:
        shutil.rmtree(target)
    elif scheme == "sqlite":
        for path in Path(rest.removeprefix("/")).parent.glob("shop.db*"):
            path.unlink()
    else:
        places.postgres.execute(
            "DROP SCHEMA public CASCADE; CREATE SCHEMA public", target.rsplit("/", 1)[1]
        )


async def _all_there(target: str, told: list[str]) -> None:
    store = open_store(target, read_only=True)
    await store.open(system_clock())
    try:
        for id_ in told:
            assert await store.reservation(id_) is not None, id_
    finally:
        await store.close()
