"""Failures at night: full disks, unreachable databases, changed clocks."""

import asyncio
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bench.buyers import RESERVE
from bench.client import Answer, Client
from bench.killstorm import ENVIRONMENT, SKUS, UNITS, Storm, verify
from bench.shops import BenchShop, Places, large, product_id
from tests.support.clockwork import SCRIPT
from tests.support.postgres import PostgresServer
from tests.support.standby import PRIMARY, Standby, both

pytestmark = pytest.mark.crash
MIB = 2**20
HOUR = 3_600_000


async def answers_again(port: int, seconds: float = 60) -> None:
    """Returns when the service says that it is ready."""
    deadline = time.monotonic() + seconds
    with Client(port) as client:
        while True:
            try:
                if (await client.get("/readyz")).status == 200:
                    return
            except ConnectionError:
                pass
            assert time.monotonic() < deadline, "not ready again in time"
            await asyncio.sleep(0.1)


async def reserve(client: Client, session: str, quantity: int = 1) -> Answer:
    body = {"productId": product_id(0), "size": "XS", "quantity": quantity, "sessionId": session}
    return await client.post(RESERVE, body)


async def shown(client: Client) -> dict[str, int]:
    """The totals of the size that is reserved here."""
    answer = await client.get(f"/api/inventory/get?productId={product_id(0)}")
    (product,) = answer.json["inventory"]
    (row,) = [size for size in product["sizes"] if size["size"] == "XS"]
    return {name: row[name] for name in ("stock", "reserved", "available")}


# -- a restart -------------------------------------------------------------------------------------


def test_a_restart_under_load(places: Places, name: str) -> None:
    """Accepted requests are finished and answered; the next process continues."""
    night = Storm(places.shop(name, large(SKUS, UNITS)), seed=5)
    try:
        night.start()
        for _ in range(2):
            assert asyncio.run(stopped(night)) == 0
            night.start()
            asyncio.run(night.check())
        verify(night.shop)
    finally:
        night.server.close()


async def stopped(night: Storm) -> int:
    """Stops the service while its clients trade. Returns its exit code."""
    trading = asyncio.create_task(night.crowd.trade(night.server.port))
    await night.crowd.trade_for(0.5)
    code = await asyncio.to_thread(night.server.stop)
    await asyncio.wait_for(trading, 60)
    return code


# -- the database ----------------------------------------------------------------------------------


@pytest.mark.postgres
def test_a_database_that_restarts() -> None:
    """The service stays up, answers 503 for that time, and continues by itself."""
    with PostgresServer() as postgres, Places(postgres=postgres, program=None) as places:
        night = Storm(places.shop("postgres", large(SKUS, UNITS)), seed=3)
        try:
            night.start()
            for stop in (postgres.stop, postgres.kill):
                asyncio.run(through(night, stop, postgres.start))
            verify(night.shop)
            assert night.server.running
        finally:
            night.server.close()


async def through(night: Storm, away: object, back: object) -> None:
    """Trades while the database stops; then every answered change is stored."""
    trading = asyncio.create_task(night.crowd.trade(night.server.port))
    await night.crowd.trade_for(0.5)
    await asyncio.to_thread(away)  # type: ignore[arg-type]
    await asyncio.wait_for(trading, 60)
    with Client(night.server.port) as client:
        answer = await reserve(client, "while it is away")
        assert (answer.status, answer.json["code"]) == (503, "unavailable")
        assert (await client.get("/readyz")).status == 503
        assert (await client.get("/healthz")).status == 200
        assert (await client.get("/api/inventory/get")).status == 200
    await asyncio.to_thread(back)  # type: ignore[arg-type]
    await answers_again(night.server.port)
    await night.check()


@pytest.mark.postgres
def test_a_database_that_fails_over_to_its_standby() -> None:
    """Nothing that was confirmed is lost with the primary; the service finds the new one."""
    with PostgresServer(wal_level="replica") as primary:
        url = primary.create_database()
        with Standby(primary) as standby:
            primary.stop()
            primary.settings |= PRIMARY
            primary.start()
            shop = BenchShop("postgres", both(primary, standby, url), program=None)
            shop.fill(large(SKUS, UNITS))
            night = Storm(shop, seed=4)
            try:
                night.start()
                asyncio.run(fail_over(night, primary, standby))
                verify(shop)
            finally:
                night.server.close()


async def fail_over(night: Storm, primary: PostgresServer, standby: Standby) -> None:
    trading = asyncio.create_task(night.crowd.trade(night.server.port))
    await night.crowd.trade_for(1.0)
    await asyncio.to_thread(primary.kill)
    await asyncio.wait_for(trading, 60)
    assert sum(night.crowd.books.answers.values()) > 50
    await asyncio.to_thread(standby.promote)
    await answers_again(night.server.port)
    await night.check()


# -- the disk --------------------------------------------------------------------------------------


@contextmanager
def small_disk(where: Path, mib: int) -> Iterator[Path]:
    """A disk of this many MiB. Only root can make one."""
    where.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={mib}m", "tmpfs", where]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        if os.environ.get("CI") and os.geteuid() == 0:
            pytest.fail(f"no small disk can be made: {done.stderr}")
        pytest.skip(f"no small disk can be made: {done.stderr}")
    try:
        yield where
    finally:
        subprocess.run(["umount", "-l", where], check=True)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("json", marks=pytest.mark.json),
        pytest.param("sqlite", marks=pytest.mark.sqlite),
    ],
)
def test_a_disk_that_is_full(name: str, tmp_path: Path) -> None:
    """Sales stop with a clear message, no confirmed sale is lost, and they continue with free
    space.
    """
    with small_disk(tmp_path / "disk", 16) as disk:
        target = str(disk / "shop") if name == "json" else f"sqlite:///{disk}/shop.db"
        shop = BenchShop(name, target, program=None)
        shop.fill(large(40, 100_000))
        with shop.server(env=ENVIRONMENT) as server:
            confirmed = asyncio.run(until_full(server.port, disk / "ballast"))
            assert "Traceback" not in server.log
            (disk / "ballast").unlink()
            server.stop()
            server.start()
            asyncio.run(all_there(server.port, confirmed))
            verify(shop)


async def until_full(port: int, ballast: Path) -> int:
    """Fills the disk while a client buys. Returns the number of confirmed holds."""
    confirmed = 0
    with Client(port) as client:
        for number in range(50):
            assert (await reserve(client, f"before {number}")).status == 200
            confirmed += 1
        fill(ballast)
        for number in range(100_000):
            answer = await reserve(client, f"after {number}")
            if answer.status != 200:
                break
            confirmed += 1
        assert (answer.status, answer.json["code"]) == (503, "unavailable")
        assert answer.json["success"] is False
        assert (await client.get("/api/inventory/get")).status == 200
        assert (await shown(client))["reserved"] == confirmed
    return confirmed


def fill(ballast: Path) -> None:
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 4096)
        except OSError:
            return


async def all_there(port: int, confirmed: int) -> None:
    with Client(port) as client:
        page = await shown(client)
        # One more may have been written, and its answer lost.
        assert page["reserved"] in (confirmed, confirmed + 1)
        assert (await reserve(client, "with room")).status == 200


# -- the clock -------------------------------------------------------------------------------------


def test_a_clock_that_is_set(places: Places, name: str, tmp_path: Path) -> None:
    """An hour ahead and back again: each hold ends once, and no missing unit is sold."""
    offset = tmp_path / "offset"
    offset.write_text("0")
    shop = places.shop(name, large(2, 10))
    env = {"CLOCK_OFFSET": str(offset), "RESERVATION_TTL_SECONDS": "1800"}
    with shop.server(script=SCRIPT, env=env) as server:
        asyncio.run(set_about(server.port, offset))
        assert "Traceback" not in server.log
        verify(shop)


async def set_about(port: int, offset: Path) -> None:
    with Client(port) as client:
        assert (await reserve(client, "first", 6)).status == 200
        assert (await reserve(client, "too many", 5)).status == 409
        await until(client, offset, HOUR, reserved=0)
        assert (await reserve(client, "second", 9)).status == 200
        await until(client, offset, 0, reserved=9)
        assert (await reserve(client, "third", 2)).status == 409
        assert (await reserve(client, "fourth", 1)).status == 200
        await until(client, offset, -HOUR, reserved=10)
        assert (await reserve(client, "fifth", 1)).status == 409
        await until(client, offset, 2 * HOUR, reserved=0)
        assert (await reserve(client, "sixth", 10)).status == 200


async def until(client: Client, offset: Path, ahead: int, *, reserved: int) -> None:
    """Sets the clock, and waits until this many units are reserved; the number then stays."""
    offset.write_text(str(ahead))
    deadline = time.monotonic() + 30
    while (await shown(client))["reserved"] != reserved:
        assert time.monotonic() < deadline, await shown(client)
        await asyncio.sleep(0.05)
    await asyncio.sleep(0.2)
    assert (await shown(client))["reserved"] == reserved
