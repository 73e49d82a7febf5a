"""One process runs the jobs; another takes over when it dies; nothing is done twice."""

import asyncio
from collections import Counter
from datetime import datetime, time
from zoneinfo import ZoneInfo

import pytest

from fancymonkey.core.dates import DAY_MS
from fancymonkey.errors import StoreError
from fancymonkey.jobs.executor import INTERRUPTED, JobRunning
from fancymonkey.jobs.job import JobResult
from fancymonkey.jobs.schedule import Daily, Every
from tests.engine.stores import START, clock, down
from tests.jobs.multi_process import ProcessGroup
from tests.sim.loop import simulate

MINUTE = ("often", Every(60))


def at(seconds: int, zone: str = "UTC") -> time:
    """The time of day this long after the beginning."""
    return datetime.fromtimestamp(START / 1000 + seconds, ZoneInfo(zone)).time()


def slots_served_once(group: ProcessGroup, step: int = 60_000, skew: int = 0) -> None:
    served = Counter((job, (at + skew) // step) for _, job, at in group.log)
    assert max(served.values()) == 1, group.log


@pytest.mark.parametrize("seed", range(5))
def test_of_two_servers_one_does_the_jobs(seed: int) -> None:
    async def day() -> None:
        group = ProcessGroup()
        for name in ("a", "b"):
            (await group.process(name, MINUTE)).start()
        await asyncio.sleep(3600)
        assert len({name for name, _, _ in group.log}) == 1
        assert len(group.log) in (60, 61)
        slots_served_once(group)
        await group.close()

    simulate(day, seed)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("skew", [0, 90_000, -90_000])
def test_the_other_server_takes_over_within_a_minute(seed: int, skew: int) -> None:
    async def day() -> None:
        group = ProcessGroup()
        a = await group.process("a", MINUTE)
        a.start()
        await asyncio.sleep(20)
        b = await group.process("b", MINUTE, skew=skew)
        b.start()
        await asyncio.sleep(600 + seed * 7)
        assert {name for name, _, _ in group.log} == {"a"}
        assert not b.runner.lease.held
        await a.kill()
        await asyncio.sleep(60)
        assert b.runner.lease.held
        await asyncio.sleep(600)
        assert [name for name, _, _ in group.log[-9:]] == ["b"] * 9
        if not skew:
            slots_served_once(group)
        await group.close()

    simulate(day, seed)


def test_a_clean_stop_hands_over_at_once() -> None:
    async def day() -> None:
        group = ProcessGroup()
        a, b = [await group.process(name, MINUTE) for name in ("a", "b")]
        a.start()
        await asyncio.sleep(7)
        b.start()
        await asyncio.sleep(100)
        await a.stop()
        await asyncio.sleep(6)
        assert b.runner.lease.held
        await group.close()

    simulate(day)


@pytest.mark.parametrize("seed", range(10))
def test_a_runner_without_the_store_stops_before_another_begins(seed: int) -> None:
    async def day() -> None:
        group = ProcessGroup()
        a, b = [await group.process(name, MINUTE) for name in ("a", "b")]
        a.start()
        await asyncio.sleep(7 + seed)
        b.start()
        await asyncio.sleep(100)
        a.link.down = True
        while not b.runner.lease.held:
            await asyncio.sleep(0.5)
        assert not a.runner.lease.held
        a.link.down = False
        await asyncio.sleep(600)
        assert not a.runner.lease.held
        slots_served_once(group)
        await group.close()

    simulate(day, seed)


def test_a_run_that_died_is_begun_again_and_both_are_kept() -> None:
    async def long(name: str, job: str) -> JobResult:
        await asyncio.sleep(300)
        return JobResult("done", {"by": name})

    async def day() -> None:
        group = ProcessGroup()
        daily = ("digest", Daily(at(60), ZoneInfo("UTC")))
        a = await group.process("a", daily, work=long)
        b = await group.process("b", daily, work=long)
        a.start()
        await asyncio.sleep(6)
        b.start()
        await asyncio.sleep(180)
        assert len(group.log) == 1
        await a.kill()
        await asyncio.sleep(500)
        assert [(name, job) for name, job, _ in group.log] == [("a", "digest"), ("b", "digest")]
        assert [run.outcome for run in await group.runs()] == [INTERRUPTED, "done"]
        await asyncio.sleep(3600)
        assert len(group.log) == 2
        await group.close()

    simulate(day)


@pytest.mark.parametrize("lost", [False, True])
@pytest.mark.parametrize("write", [0, 1])
def test_a_write_that_fails_costs_one_run_and_not_all_that_follow(write: int, lost: bool) -> None:
    """`write`: the claim of a run, or its end; `lost`: only the answer is lost."""

    async def day() -> None:
        group = ProcessGroup()
        a = await group.process("a", MINUTE, alone=True)
        a.start()
        await asyncio.sleep(130)
        group.store.lost = lost
        group.store.fail += [None] * write + [down()]
        await asyncio.sleep(600)
        assert not group.store.fail
        assert 12 <= len(group.log) <= 14
        state = (await a.jobs.states())["often"].value
        assert (state.by, state.outcome) == ("", "done")
        await group.close()

    simulate(day)


def test_a_run_whose_end_could_not_be_stored_does_not_block_requests() -> None:
    async def day() -> None:
        group = ProcessGroup()
        a = await group.process("a", MINUTE)
        job = a.jobs.jobs["often"]
        group.store.fail += [None, down()]
        with pytest.raises(StoreError):
            await a.jobs.run(job)
        assert (await a.jobs.run(job)).run.outcome == "done"
        assert [run.outcome for run in await group.runs()] == [INTERRUPTED, "done"]
        await group.close()

    simulate(day)


def test_after_three_deaths_a_job_waits_for_its_next_time() -> None:
    async def long(name: str, job: str) -> JobResult:
        await asyncio.sleep(30)
        return JobResult()

    async def day() -> None:
        group = ProcessGroup()
        for name in "abc":
            process = await group.process(name, ("hourly", Every(3600)), alone=True, work=long)
            process.start()
            await asyncio.sleep(12)
            await process.kill()
            process.task = None
        last = await group.process("d", ("hourly", Every(3600)), alone=True, work=long)
        last.start()
        await asyncio.sleep(600)
        assert [name for name, _, _ in group.log] == ["a", "b", "c"]
        await asyncio.sleep(3600)
        assert [name for name, _, _ in group.log] == ["a", "b", "c", "d"]
        await group.close()

    simulate(day)


def test_a_missed_day_is_made_up_once() -> None:
    async def day() -> None:
        group = ProcessGroup()
        daily = ("digest", Daily(at(60, "Europe/Berlin"), ZoneInfo("Europe/Berlin")))
        a = await group.process("a", daily, alone=True)
        a.start()
        for days in range(3):
            assert len(group.log) == days
            await asyncio.sleep(120)
            assert len(group.log) == days + 1
            group.later += DAY_MS - 120_000
        await a.kill()
        group.later += 5 * DAY_MS + 120_000
        b = await group.process("b", daily, alone=True)
        b.start()
        await asyncio.sleep(60)
        assert [name for name, _, _ in group.log] == ["a", "a", "a", "b"]
        await asyncio.sleep(600)
        assert len(group.log) == 4
        group.later += DAY_MS
        await asyncio.sleep(60)
        assert len(group.log) == 5
        await group.close()

    simulate(day)


def test_a_failing_job_is_tried_three_times_and_then_waits_for_its_time() -> None:
    async def fail(name: str, job: str) -> JobResult:
        raise down()

    async def day() -> None:
        group = ProcessGroup()
        a = await group.process(
            "a", ("night", Daily(at(60), ZoneInfo("UTC"))), alone=True, work=fail
        )
        a.start()
        await asyncio.sleep(3600)
        assert len(group.log) == 3
        first, *_, last = [at for _, _, at in group.log]
        assert 600_000 <= last - first <= 620_000
        runs = await group.runs()
        assert [run.outcome for run in runs] == ["failed"] * 3
        assert '"error":"away"' in runs[0].report
        group.later += DAY_MS
        await asyncio.sleep(3600)
        assert len(group.log) == 6
        await group.close()

    simulate(day)


def test_a_job_without_an_end_is_ended() -> None:
    async def hang(name: str, job: str) -> JobResult:
        await asyncio.sleep(1e9)
        return JobResult()

    async def day() -> None:
        group = ProcessGroup()
        a = await group.process("a", ("often", Every(3600)), alone=True, work=hang, limit=100)
        a.start()
        await asyncio.sleep(300)
        assert [run.outcome for run in await group.runs()] == ["failed"]
        assert "100 seconds" in (await group.runs())[0].report
        await group.close()

    simulate(day)


def test_one_run_at_a_time_for_any_caller() -> None:
    async def slow(name: str, job: str) -> JobResult:
        await asyncio.sleep(100)
        return JobResult()

    async def day() -> None:
        group = ProcessGroup()
        a, b = [await group.process(name, MINUTE, work=slow) for name in ("a", "b")]
        job = a.jobs.jobs["often"]
        first = asyncio.create_task(a.jobs.run(job))
        await asyncio.sleep(1)
        for process in (a, b):
            with pytest.raises(JobRunning):
                await process.jobs.run(process.jobs.jobs["often"])
        assert (await first).run.took == pytest.approx(100_000, abs=1000)
        together = await asyncio.gather(
            *[server.jobs.run(server.jobs.jobs["often"]) for server in (a, b)],
            return_exceptions=True,
        )
        assert sorted(isinstance(each, JobRunning) for each in together) == [False, True]
        assert len(group.log) == 2
        await group.close()

    simulate(day)


def test_a_suspended_run_does_not_overwrite_its_successor() -> None:
    async def slow(name: str, job: str) -> JobResult:
        await asyncio.sleep(100)
        return JobResult("done", {"by": name})

    async def day() -> None:
        group = ProcessGroup()
        a, b = [await group.process(name, MINUTE, work=slow) for name in ("a", "b")]
        first = asyncio.create_task(a.jobs.run(a.jobs.jobs["often"]))
        await asyncio.sleep(1)
        a.link.down = True
        await b.jobs.due()
        for _ in range(9):
            await asyncio.sleep(5)
            await b.jobs.due()
        second = asyncio.create_task(b.jobs.run(b.jobs.jobs["often"]))
        await asyncio.sleep(1)
        a.link.down = False
        assert (await first).run.outcome == "failed"  # noticed at its next sign of life
        assert (await second).run.outcome == "done"
        assert [run.outcome for run in await group.runs()] == [INTERRUPTED, "done"]
        await group.close()

    simulate(day)


def test_a_clock_that_jumps_by_an_hour_stops_nothing() -> None:
    async def day() -> None:
        group = ProcessGroup()
        jump = 0
        a = await group.process("a", MINUTE, alone=True)
        a.engine.clock = lambda: clock() + jump
        a.start()
        await asyncio.sleep(600)
        for jump in (3_600_000, 0):  # noqa: B007 - the clock reads it
            before = len(group.log)
            await asyncio.sleep(600)
            assert 10 <= len(group.log) - before <= 11
        assert clock() == START + 1_800_000
        await group.close()

    simulate(day)
