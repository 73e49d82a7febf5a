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
    storm_run = storm(places, name, seed=11)
    settings = storm_run.shop.environment()
    if name == "postgres":
        settings["PG_BIN"] = str(places.postgres.binaries)
    try:
        storm_run.start()
        holds, made = asyncio.run(_saved_while_trading(storm_run, tmp_path, settings))
        assert len(holds) > 5
        _destroy(places, storm_run.shop.target)
        done = program("restore", "--from", str(made["path"]), **settings)
        assert done["clean"]
        verify(storm_run.shop)
        asyncio.run(_all_there(storm_run.shop.target, holds))
        storm_run.start()  # the shop continues
        storm_run.server.stop()
        verify(storm_run.shop)
    finally:
        storm_run.server.close()


async def _saved_while_trading(
    storm_run: Storm, tmp_path: Path, settings: dict[str, str]
) -> tuple[list[str], dict[str, object]]:
    """The holds that were acknowledged before the backup began, and the backup."""
    trading = asyncio.create_task(storm_run.crowd.trade(storm_run.server.port))
    await asyncio.sleep(1.0)
    hold_ids = [hold.id for hold in storm_run.crowd.books.holds.values()]
    made = await asyncio.to_thread(
        program, "backup", "--to", str(tmp_path / "b.tar.gz"), **settings
    )
    await asyncio.to_thread(storm_run.server.kill)
    await trading
    return hold_ids, made


def _destroy(places: Places, target: str) -> None:
    scheme, separator, remainder = target.partition("://")
    if not separator:
        shutil.rmtree(target)
    elif scheme == "sqlite":
        for path in Path(remainder.removeprefix("/")).parent.glob("shop.db*"):
            path.unlink()
    else:
        places.postgres.execute(
            "DROP SCHEMA public CASCADE; CREATE SCHEMA public", target.rsplit("/", 1)[1]
        )


async def _all_there(target: str, hold_ids: list[str]) -> None:
    store = open_store(target, read_only=True)
    await store.open(system_clock())
    try:
        for id_ in hold_ids:
            assert await store.reservation(id_) is not None, id_
    finally:
        await store.close()
