"""The loop that does what is due, in the one process that has the lease."""

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
"""How often it is looked for what is due. With the lease's own times: taken over in a minute."""

BackgroundTask = Callable[[], Coroutine[Any, Any, None]]
"""Work without an end, that one process does as long as it has the lease."""


class Runner:
    """Does the jobs and duties of the shop in one of all its processes.

    Without `schedules` the jobs are left to others, and only the duties are done.
    """

    def __init__(
        self, jobs: JobExecutor, duties: Iterable[BackgroundTask] = (), *, schedules: bool = True
    ) -> None:
        self.jobs = jobs
        self.lease = Lease(jobs.engine, "runner", jobs.me, alone=jobs.alone)
        self._duties = tuple(duties)
        self._schedules = schedules
        self._tasks: dict[asyncio.Task[Any], str] = {}

    async def run(self) -> None:
        """Goes on until it is cancelled; then lets go of everything."""
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
        """Starts what is due and not under way."""
        running = set(self._tasks.values())
        for number, duty in enumerate(self._duties):
            if f"duty {number}" not in running:
                self._start(duty(), f"duty {number}")
        if not self._schedules:
            return
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                found = await self.jobs.due()
            for job, slot in found:
                if job.name not in running:
                    self._start(self._job(job, slot), job.name)
        except (StoreError, TimeoutError) as error:
            log.warning("jobs wait for the store: %s", error)
        except Exception:
            log.exception("jobs could not be looked at")

    async def _job(self, job: Job, slot: int) -> None:
        try:
            ran = await self.jobs.run(job, slot)
        except JobRunning as error:
            log.info("%s", error)
        except StoreError as error:
            log.warning("the job %s waits for the store: %s", job.name, error)
        else:
            level = logging.DEBUG if ran.done.quiet else logging.INFO
            log.log(level, "the job %s: %s", job.name, ran.done.message or ran.run.outcome)

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
