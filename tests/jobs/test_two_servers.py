"""Two real servers on one PostgreSQL: the one that does the jobs is killed, the other goes on."""

import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.support.postgres import PostgresServer
from tests.support.server import Server


def until(seconds: float, *holds: object) -> None:
    """Waits until something holds."""
    deadline = time.monotonic() + seconds
    while not all(check() for check in holds):  # type: ignore[operator]
        assert time.monotonic() < deadline, holds
        time.sleep(0.5)


@pytest.mark.slow
def test_kill_the_runner(postgres_server: PostgresServer, postgres_url: str) -> None:
    begun = datetime.now(UTC)
    soon = (begun + timedelta(seconds=90)).strftime("%H:%M")  # some 30 to 90 seconds from now
    env = {"ADMIN_PASSWORD": "password of two", "NIGHTLY_AT": soon, "LOG_LEVEL": "debug"}
    first = Server(database_url=postgres_url, env=env)
    second = Server(database_url=postgres_url, env=env)
    with first:
        until(20, lambda: "has the lease runner" in first.log)
        with second:
            time.sleep(6)
            assert "has the lease runner" not in second.log
            killed = time.monotonic()
            first.kill()
            until(60, lambda: "has the lease runner" in second.log)
            assert 30 < time.monotonic() - killed < 60
            first.start()
            until(120, lambda: "the job retention: " in first.log + second.log)
            time.sleep(6)
            assert (first.log + second.log).count("the job retention: ") == 1
            assert first.log.count("has the lease runner") == 1
            answer = httpx.get(
                f"{first.url}/api/payments/runs",
                headers={"Authorization": "Bearer password of two"},
            )
            runs = [row["job"] for row in answer.json()["runs"]]
            assert runs.count("retention") == 1
            second.stop()
            until(10, lambda: first.log.count("has the lease runner") == 2)
