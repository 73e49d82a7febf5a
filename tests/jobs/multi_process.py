"""Several processes over one store, in virtual time, each with a clock that may be wrong."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from fancymonkey.core.command import Command
from fancymonkey.core.payments.rows import JobRun
from fancymonkey.engine.engine import Engine
from fancymonkey.errors import StoreUnavailable
from fancymonkey.jobs.executor import JobExecutor
from fancymonkey.jobs.job import Job, JobResult
from fancymonkey.jobs.runner import Runner
from fancymonkey.jobs.schedule import Schedule
from fancymonkey.store.contract import Commit, Store
from tests.engine.stores import SlowStore, clock


class Link:
    """A store as one process reaches it; while it is `down`, every write fails."""

    def __init__(self, store: SlowStore) -> None:
        self._store = store
        self.down = False

    async def run(self, commands: Sequence[Command], now: int, after: int) -> Commit:
        self._check()
        return await self._store.run(commands, now, after)

    def run_now(self, commands: Sequence[Command], now: int, after: int) -> Commit | None:
        self._check()
        return self._store.run_now(commands, now, after)

    def _check(self) -> None:
        if self.down:
            raise StoreUnavailable("The network is down.")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


@dataclass
class Process:
    """A server that does jobs."""

    name: str
    link: Link
    engine: Engine
    jobs: JobExecutor
    runner: Runner
    task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self.task = asyncio.create_task(self.runner.run())

    async def kill(self) -> None:
        """As by kill -9: nothing more is written."""
        assert self.task is not None
        self.link.down = True
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    async def stop(self) -> None:
        assert self.task is not None
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


@dataclass
class ProcessGroup:
    """A store, and the processes that run jobs on it. `log` has the process, job and time of each
    run. `later` (ms) is the time that passed without a server.
    """

    store: SlowStore = field(default_factory=SlowStore)
    log: list[tuple[str, str, int]] = field(default_factory=list)
    processes: list[Process] = field(default_factory=list)
    later: int = 0

    def now(self) -> int:
        return clock() + self.later

    async def process(
        self,
        name: str,
        *timings: tuple[str, Schedule],
        skew: int = 0,
        alone: bool = False,
        work: Callable[[str, str], Awaitable[JobResult]] | None = None,
        limit: float = 1800.0,
    ) -> Process:
        """A process whose clock is wrong by `skew` ms."""
        link = Link(self.store)
        engine = Engine(cast(Store, link), lambda: self.now() + skew)

        def job(job_name: str, when: Schedule) -> Job:
            async def do() -> JobResult:
                self.log.append((name, job_name, self.now()))
                return await work(name, job_name) if work else JobResult()

            return Job(job_name, "", do, when, limit)

        jobs = JobExecutor(engine, [job(*pair) for pair in timings], alone=alone, me=name)
        made = Process(name, link, engine, jobs, Runner(jobs))
        self.processes.append(made)
        return made

    async def runs(self) -> list[JobRun]:
        return [row async for row in self.store.scan(JobRun)]

    async def close(self) -> None:
        for process in self.processes:
            if process.task is not None:
                await process.stop()
            process.link.down = False
            await process.engine.close()
