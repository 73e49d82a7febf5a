"""A job has one run at a time; a second start reports the current run."""

import asyncio
from typing import Any

import pytest

from fancymonkey.jobs.executor import JobRunning
from fancymonkey.jobs.job import JobResult
from fancymonkey.jobs.schedule import Every
from fancymonkey.services.container import run_now
from fancymonkey.timestamps import iso
from tests.engine.stores import START
from tests.jobs.multi_process import ProcessGroup
from tests.payments.conftest import OWNER, Till
from tests.payments.conftest import till as till  # noqa: PLC0414 - a fixture
from tests.sim.loop import simulate
from tests.web.shops import CRON

SCHEDULER = {"Authorization": f"Bearer {CRON}"}


def test_a_start_in_the_same_process_waits_for_the_current_run() -> None:
    async def day() -> None:
        group = ProcessGroup()

        async def slow(name: str, job: str) -> JobResult:
            await asyncio.sleep(20)
            return JobResult("done", {"run": len(group.log)})

        process = await group.process("a", ("slow", Every(3600)), work=slow)
        job = process.jobs.jobs["slow"]
        first = asyncio.create_task(process.jobs.run(job))
        await asyncio.sleep(5)
        results = await asyncio.gather(first, *(process.jobs.join(job) for _ in range(3)))
        assert len(group.log) == 1
        assert [result.done.report for result in results] == [{"run": 1}] * 4
        assert (await process.jobs.join(job)).done.report == {"run": 2}
        await group.close()

    simulate(day, 1)


def test_a_start_in_another_process_reports_since_when_it_runs() -> None:
    async def day() -> None:
        group = ProcessGroup()

        async def slow(name: str, job: str) -> JobResult:
            await asyncio.sleep(100)
            return JobResult()

        a, b = [await group.process(name, ("slow", Every(3600)), work=slow) for name in ("a", "b")]
        running = asyncio.create_task(a.jobs.run(a.jobs.jobs["slow"]))
        await asyncio.sleep(60)
        for start in (b.jobs.run, b.jobs.join):
            with pytest.raises(JobRunning, match=f"already running, since {iso(START)[:16]}"):
                await start(b.jobs.jobs["slow"])
        await running
        assert [name for name, _, _ in group.log] == ["a"]
        await b.jobs.join(b.jobs.jobs["slow"])
        assert [name for name, _, _ in group.log] == ["a", "b"]
        await group.close()

    simulate(day, 1)


def test_a_run_that_is_stopped_ends_its_joined_starts_too() -> None:
    async def day() -> None:
        group = ProcessGroup()

        async def slow(name: str, job: str) -> JobResult:
            await asyncio.sleep(1000)
            return JobResult()

        process = await group.process("a", ("slow", Every(3600)), work=slow)
        job = process.jobs.jobs["slow"]
        first = asyncio.create_task(process.jobs.run(job))
        await asyncio.sleep(5)
        joined = asyncio.create_task(process.jobs.join(job))
        await asyncio.sleep(5)
        first.cancel()
        results = await asyncio.gather(first, joined, return_exceptions=True)
        assert isinstance(results[0], asyncio.CancelledError)
        assert str(results[1]) == "The run was stopped."
        await group.close()

    simulate(day, 1)


async def test_reconciliation_at_once_is_one_run(till: Till) -> None:
    ran: list[None] = []
    reconciler = till.shop.client.app._shop.reconciler
    assert reconciler is not None
    whole = reconciler.run

    async def counted(since: int | None = None) -> Any:
        ran.append(None)
        return await whole(since)

    reconciler.run = counted  # type: ignore[method-assign]
    post, get = till.shop.client.post, till.shop.client.get
    path = "/api/payments/reconcile"
    answers = await asyncio.gather(
        post(path, b"", OWNER), get(path, SCHEDULER), post(path, b"", OWNER)
    )
    assert [answer.status for answer in answers] == [200] * 3, answers
    assert len({answer.body for answer in answers}) == 1
    assert len(ran) == 1
    (state,) = (await till.shop.client.get("/api/payments/runs", OWNER)).json["runs"]
    assert state["job"] == "reconcile"


async def test_a_comparison_in_another_process_is_reported(till: Till) -> None:
    jobs = till.shop.client.app._shop.jobs
    jobs.alone = False
    other = type(jobs)(jobs.engine, jobs.jobs.values(), alone=False, me="another")
    started, end = asyncio.Event(), asyncio.Event()
    reconciler = till.shop.client.app._shop.reconciler
    assert reconciler is not None
    whole = reconciler.run

    async def slow(since: int | None = None) -> Any:
        started.set()
        await end.wait()
        return await whole(since)

    reconciler.run = slow  # type: ignore[method-assign]
    running = asyncio.create_task(other.run(other.jobs["reconcile"]))
    await started.wait()
    for answer in (
        await till.shop.client.post("/api/payments/reconcile", b"", OWNER),
        await till.shop.client.get("/api/payments/reconcile", SCHEDULER),
        await till.shop.client.post("/api/cron/reconcile", b"", SCHEDULER),
    ):
        assert (answer.status, answer.code) == (409, "job_running"), answer
        assert "already running, since 20" in answer.json["detail"]
    end.set()
    await running


async def test_a_command_starts_the_job_too(till: Till) -> None:
    services = till.shop.client.app._shop.services
    result = await run_now(services, "reconcile")
    assert result.done.outcome == "balanced"
    assert set(result.done.report) == {"outcome", "events", "sessions", "corrected", "open"}
