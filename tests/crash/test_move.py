"""The real server moves to another store while a crowd trades; kill -9 at any point."""

import asyncio
import json
import os
import random
import subprocess
from dataclasses import replace

import pytest

from bench.killstorm import ENVIRONMENT, Storm, storm, verify
from bench.shops import PASSWORD, Places
from tests.support.program import run
from tests.support.server import Server

pytestmark = pytest.mark.crash

WAYS = ["json-sqlite", "sqlite-postgres", "postgres-json"]


def marked(way: str) -> object:
    return pytest.param(way, marks=[getattr(pytest.mark, name) for name in way.split("-")])


def move(server: Server, target: str) -> subprocess.CompletedProcess[str]:
    return run(
        ["migrate", "--live", "--to", target, "--url", server.url, "--json"],
        environment={**os.environ, "ADMIN_PASSWORD": PASSWORD},
        directory="/",
    )


@pytest.fixture(params=[marked(way) for way in WAYS])
def way(request: pytest.FixtureRequest) -> list[str]:
    return str(request.param).split("-")


@pytest.fixture
def places(way: list[str], request: pytest.FixtureRequest):  # type: ignore[no-untyped-def]
    server = request.getfixturevalue("postgres_server").start() if "postgres" in way else None
    with Places(postgres=server, program=None) as places:
        yield places


def test_a_crowd_notices_nothing(places: Places, way: list[str]) -> None:
    """Every answer has its effect in the new store, and the pause is short."""
    storm_run = storm(places, way[0], seed=21)
    there = places.shop(way[1])
    storm_run.server.env["MIGRATION_TARGETS"] = there.target
    try:
        storm_run.start()
        report = asyncio.run(_moved(storm_run, there.target))
        assert report["pauseMs"] < 1000
        storm_run.shop = there
        _start_in(storm_run, there.target)
        asyncio.run(storm_run.check())
        verify(storm_run.shop)
        assert sum(storm_run.crowd.books.answers.values()) > 50
    finally:
        storm_run.server.close()


async def _moved(storm_run: Storm, target: str) -> dict[str, float]:
    trading = asyncio.create_task(storm_run.crowd.trade(storm_run.server.port))
    await storm_run.crowd.trade_for(0.5)
    done = await asyncio.to_thread(move, storm_run.server, target)
    assert done.returncode == 0, done.stdout + done.stderr + storm_run.server.log
    await storm_run.crowd.trade_for(0.5)
    await asyncio.to_thread(storm_run.server.kill)
    await trading
    report: dict[str, float] = json.loads(done.stdout)
    return report


def _start_in(storm_run: Storm, target: str) -> None:
    storm_run.server.close()
    storm_run.server = replace_shop(storm_run, target).server(env=ENVIRONMENT)
    storm_run.start()


def replace_shop(storm_run: Storm, target: str):  # type: ignore[no-untyped-def]
    return replace(storm_run.shop, target=target)


def test_kill_9_while_it_moves(places: Places, way: list[str]) -> None:
    """One of the stores, old or new, is the shop and has every answer; the move can be repeated."""
    chance = random.Random(5)
    storm_run = storm(places, way[0], seed=22)
    there = places.shop(way[1])
    storm_run.server.env["MIGRATION_TARGETS"] = there.target
    try:
        storm_run.start()
        for _ in range(4):
            asyncio.run(_killed(storm_run, there.target, chance.uniform(0.2, 1.6)))
            started = storm_run.server.launch()
            if _comes_up(started):
                asyncio.run(storm_run.check())
                verify(storm_run.shop)
                continue
            assert "has moved from here to" in storm_run.server.log
            words = ["migrate", "--from", storm_run.shop.target, "--to", there.target]
            finish = run(words, directory="/")
            assert finish.returncode == 0 or "moved to" in finish.stderr, finish.stderr
            break
        else:
            done = move(storm_run.server, there.target)
            assert done.returncode == 0, done.stdout + done.stderr + storm_run.server.log
            storm_run.server.kill()
        storm_run.shop = there
        _start_in(storm_run, there.target)
        asyncio.run(storm_run.check())
        verify(storm_run.shop)
    finally:
        storm_run.server.close()


async def _killed(storm_run: Storm, target: str, after: float) -> None:
    trading = asyncio.create_task(storm_run.crowd.trade(storm_run.server.port))
    moving = asyncio.create_task(asyncio.to_thread(move, storm_run.server, target))
    await storm_run.crowd.trade_for(after)
    await asyncio.to_thread(storm_run.server.kill)
    await trading
    await moving


def _comes_up(server: Server) -> bool:
    import time

    while server.running:
        if server._answers("/healthz"):
            return True
        time.sleep(0.02)
    return False
