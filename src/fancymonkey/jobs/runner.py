"""The loop that runs due jobs, in the one process that has the lease."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable
from functools import partial
from typing import Any

from fancymonkey.errors import StoreError
from fancymonkey.jobs.executor import JobExecutor, JobRunning
from fancymonkey.jobs.job import Job
from fancymonkey.jobs.lease import Lease

log = logging.getLogger(__name__)

LOOK_SECONDS = 5.0
"""The interval of searches for due jobs. With the lease, a takeover takes under a minute."""

BackgroundTask = Callable[[], Coroutine[Any, Any, None]]
"""Endless work that runs in one process as long as it has the lease."""


class Runner:
    """Runs the jobs and background tasks of the shop in one of all its processes.

    Without `schedules` an outside scheduler runs the jobs, and only the background tasks run here.
    """

    def __init__(
        self,
        jobs: JobExecutor,
        background: Iterable[BackgroundTask] = (),
        *,
        schedules: bool = True,
    ) -> None:
        self.jobs = jobs
        self.lease = Lease(jobs.engine, "runner", jobs.me, alone=jobs.alone)
        self._background = tuple(background)
        self._schedules = schedules
        self._tasks: dict[asyncio.Task[Any], str] = {}

    async def run(self) -> None:
        """Runs until it is cancelled; then stops all work and releases the lease."""
        try:
            while True:
                if await self.lease.look():
                    await self._turn()
                elif self._tasks:
                    await self._stop()
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            await self._stop()
            await self.lease.release()

    async def _turn(self) -> None:
        """Starts due work that is not running yet."""
        running = set(self._tasks.values())
        for number, task in enumerate(self._background):
            if f"background task {number}" not in running:
                self._start(task(), f"background task {number}")
        if not self._schedules:
            return
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                due_jobs = await self.jobs.due()
            for job, slot in due_jobs:
                if job.name not in running:
                    self._start(self._job(job, slot), job.name)
        except (StoreError, TimeoutError) as error:
            log.warning("cannot start jobs, the store is unavailable: %s", error)
        except Exception:
            log.exception("due jobs could not be determined")

    async def _job(self, job: Job, slot: int) -> None:
        try:
            finished = await self.jobs.run(job, slot)
        except JobRunning as error:
            log.info("%s", error)
        except StoreError as error:
            log.warning("cannot run the job %s, the store is unavailable: %s", job.name, error)
        else:
            result = finished.done
            level = logging.DEBUG if result.quiet else logging.INFO
            log.log(level, "the job %s: %s", job.name, result.message or finished.run.outcome)

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks[task] = name
        task.add_done_callback(partial(self._done, name))

    def _done(self, name: str, task: asyncio.Task[Any]) -> None:
        self._tasks.pop(task, None)
        if not task.cancelled() and task.exception() is not None:
            log.error("%s stopped", name, exc_info=task.exception())

    async def _stop(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
