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
    with Places(postgres=server, program=None) as found:
        yield found


def test_a_crowd_notices_nothing(places: Places, way: list[str]) -> None:
    """Every answer counts, in the new store, to the unit; the pause is short."""
    one = storm(places, way[0], seed=21)
    there = places.shop(way[1])
    one.server.env["MIGRATION_TARGETS"] = there.target
    try:
        one.start()
        told = asyncio.run(_moved(one, there.target))
        assert told["pauseMs"] < 1000
        one.shop = there
        _start_in(one, there.target)
        asyncio.run(one.check())
        verify(one.shop)
        assert sum(one.crowd.books.answers.values()) > 50
    finally:
        one.server.close()


async def _moved(one: Storm, target: str) -> dict[str, float]:
    trading = asyncio.create_task(one.crowd.trade(one.server.port))
    await asyncio.sleep(0.5)
    done = await asyncio.to_thread(move, one.server, target)
    assert done.returncode == 0, done.stdout + done.stderr + one.server.log
    await asyncio.sleep(0.5)
    await asyncio.to_thread(one.server.kill)
    await trading
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _start_in(one: Storm, target: str) -> None:
    one.server.close()
    one.server = replace_shop(one, target).server(env=ENVIRONMENT)
    one.start()


def replace_shop(one: Storm, target: str):  # type: ignore[no-untyped-def]
    return replace(one.shop, target=target)


def test_kill_9_while_it_moves(places: Places, way: list[str]) -> None:
    """Old or new: one is the shop, with every answer in it, and the move can be repeated."""
    chance = random.Random(5)
    one = storm(places, way[0], seed=22)
    there = places.shop(way[1])
    one.server.env["MIGRATION_TARGETS"] = there.target
    try:
        one.start()
        for _ in range(4):
            asyncio.run(_killed(one, there.target, chance.uniform(0.2, 1.6)))
            started = one.server.launch()
            if _comes_up(started):
                asyncio.run(one.check())
                verify(one.shop)
                continue
            assert "has moved from here to" in one.server.log
            words = ["migrate", "--from", one.shop.target, "--to", there.target]
            finish = run(words, directory="/")
            assert finish.returncode == 0 or "moved to" in finish.stderr, finish.stderr
            break
        else:
            done = move(one.server, there.target)
            assert done.returncode == 0, done.stdout + done.stderr + one.server.log
            one.server.kill()
        one.shop = there
        _start_in(one, there.target)
        asyncio.run(one.check())
        verify(one.shop)
    finally:
        one.server.close()


async def _killed(one: Storm, target: str, after: float) -> None:
    trading = asyncio.create_task(one.crowd.trade(one.server.port))
    moving = asyncio.create_task(asyncio.to_thread(move, one.server, target))
    await asyncio.sleep(after)
    await asyncio.to_thread(one.server.kill)
    await trading
    await moving


def _comes_up(server: Server) -> bool:
    import time

    while server.running:
        if server._answers("/healthz"):
            return True
        time.sleep(0.02)
    return False
