"""Two real servers on one PostgreSQL: one runs the jobs, the other takes over when it is killed."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import pytest

from fancymonkey.jobs.lease import GIVE_UP_SECONDS, STALE_SECONDS
from fancymonkey.jobs.runner import LOOK_SECONDS
from tests.support.postgres import PostgresServer
from tests.support.server import Server
from tests.support.short_leases import SCRIPT, SHORTER

HAS_LEASE = "has the lease runner"
RAN = "the job retention: "
PASSWORD = "password of two"
LEAD = 12
"""Seconds from the start of the servers to the minute of the nightly jobs."""


def until(seconds: float, check: Callable[[], bool]) -> None:
    """Waits until something holds."""
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def runs_of(server: Server) -> list[str]:
    """The jobs that the servers have run."""
    answer = httpx.get(
        f"{server.url}/api/payments/runs", headers={"Authorization": f"Bearer {PASSWORD}"}
    )
    return [row["job"] for row in answer.json()["runs"]]


@pytest.mark.slow
def test_a_killed_runner_is_replaced_and_a_nightly_job_runs_once(
    postgres_server: PostgresServer, postgres_url: str
) -> None:
    now = time.time()
    nightly = (int(now) // 60 + 2) * 60
    env = {
        "ADMIN_PASSWORD": PASSWORD,
        "NIGHTLY_JOBS_AT": datetime.fromtimestamp(nightly, UTC).strftime("%H:%M"),
        "LOG_LEVEL": "debug",
        "CLOCK_AHEAD": str(int((nightly - now - LEAD) * 1000)),
    }
    first = Server(database_url=postgres_url, env=env, script=SCRIPT)
    second = Server(database_url=postgres_url, env=env, script=SCRIPT)
    with first:
        until(20, lambda: HAS_LEASE in first.log)
        with second:
            killed = time.monotonic()
            first.kill()
            assert HAS_LEASE not in second.log
            until(60, lambda: HAS_LEASE in second.log)
            waited = time.monotonic() - killed
            assert waited > (STALE_SECONDS - GIVE_UP_SECONDS) / SHORTER
            first.start()
            until(120, lambda: RAN in first.log + second.log)
            # Both servers have looked for due jobs several times after the run.
            until(20, lambda: "retention" in runs_of(first))
            time.sleep(5 * LOOK_SECONDS / SHORTER)
            assert (first.log + second.log).count(RAN) == 1
            assert first.log.count(HAS_LEASE) == 1
            assert runs_of(first).count("retention") == 1
            second.stop()
            until(10, lambda: first.log.count(HAS_LEASE) == 2)
