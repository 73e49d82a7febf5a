"""Runs jobs: claims each run, so that no other process runs the same job, and stores its result."""

import asyncio
import contextlib
import logging
import os
import secrets
import socket
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from msgspec import Struct

from fancymonkey.core.documents.put import DocumentWrite, PutDocuments
from fancymonkey.core.execute import CommandGroup
from fancymonkey.core.outcomes import Refused
from fancymonkey.core.payments.rows import JobRun
from fancymonkey.core.records import RecordRun
from fancymonkey.engine.demand.turned_away import HOUR
from fancymonkey.engine.documents import Conflict, DocumentCollection, StoredDocument
from fancymonkey.engine.engine import Engine
from fancymonkey.engine.job_names import FORMER_JOBS, by_job, present_job, stored_names
from fancymonkey.engine.job_runs import FOLDER
from fancymonkey.errors import FancyMonkeyError, StoreUnavailable
from fancymonkey.jobs.job import Job, JobResult
from fancymonkey.jobs.lease import RENEW_SECONDS, STALE_SECONDS, StaleTimer
from fancymonkey.jobs.schedule import due
from fancymonkey.timestamps import iso

log = logging.getLogger(__name__)

ABANDONED = 600_000
"""A claim not renewed for this long (ms of the system clock) belongs to a dead process."""
ATTEMPTS = 3
"""The number of attempts of a job for the same slot."""
RETRY = 300_000
"""The time (ms) after a failure until the job tries the same slot again."""

FAILED = "failed"
INTERRUPTED = "interrupted"


class JobRunning(Exception):
    """The job runs already, here or in another process."""

    def __init__(self, job: str, started_at: int) -> None:
        super().__init__(f"The job {job} is already running, since {iso(started_at)}.")


class JobState(Struct):
    """The state of a job between runs: its last slot, the process running it (`by`), its last run.

    `by` is empty while no process runs the job.
    """

    slot: int | None = None
    by: str = ""
    started_at: int = 0
    ended_at: int = 0
    outcome: str = ""
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A finished run. `run` is the stored row: one per hour for quiet runs, under the hour."""

    run: JobRun
    started_at: int
    done: JobResult
    error: FancyMonkeyError | None = None


@dataclass(frozen=True, slots=True)
class _Running:
    """A current run in this process. `revision`: entries up to it are older than the run."""

    started_at: int
    revision: int
    end: asyncio.Future[FinishedRun]


def process_name() -> str:
    """A name that is unique among processes, and differs after each start."""
    return f"{socket.gethostname()[:60]}:{os.getpid()}:{secrets.token_hex(4)}"


class JobExecutor:
    """The jobs of this shop. `alone`: no other process can use the store."""

    def __init__(
        self, engine: Engine, jobs: Iterable[Job], *, alone: bool, me: str | None = None
    ) -> None:
        self.engine = engine
        self.jobs = {job.name: job for job in jobs}
        self.alone = alone
        self.me = me or process_name()
        self._states = DocumentCollection(engine, FOLDER, JobState)
        self._stale: dict[str, StaleTimer] = defaultdict(StaleTimer)
        self._running: dict[str, _Running] = {}

    async def states(self) -> dict[str, StoredDocument[JobState]]:
        """The stored state of each job that ever ran."""
        states = by_job(await self._states.all())
        return {name: _present(row) for name, row in states.items() if name in self.jobs}

    async def _stored(self, job: Job) -> StoredDocument[JobState] | None:
        """The stored state of a job, also if a version before its present name has written it."""
        for name in reversed(stored_names(job.name)):
            stored = await self._states.get(name)
            if stored is not None:
                return _present(stored)
        return None

    async def due(self) -> list[tuple[Job, int]]:
        """The jobs that are due now, and their slots. Raises StoreError."""
        now, due_jobs = self.engine.clock(), []
        states = await self.states()
        for job in self.jobs.values():
            if job.when is None or job.name in self._running:
                continue
            stored = states.get(job.name)
            state = None if stored is None else stored.value
            if stored is not None and stored.value.by and not self._is_dead(stored):
                continue
            slot = job.when.slot(now)
            if state is None and not job.when.first:
                await self._start_slots(job, slot)
            elif self._is_due(job, state, now):
                due_jobs.append((job, slot))
        return due_jobs

    def _is_due(self, job: Job, state: JobState | None, now: int) -> bool:
        assert job.when is not None
        if state is not None and state.by and state.attempts < ATTEMPTS:  # its process died
            return True
        if state is not None and state.outcome == FAILED and 0 < state.attempts < ATTEMPTS:
            if not 0 <= now - state.ended_at < RETRY:
                return True
        return due(job.when, None if state is None else state.slot, now)

    async def _start_slots(self, job: Job, slot: int) -> None:
        """Stores the first slot of a new job, so that only later slots are due."""
        with contextlib.suppress(Conflict):
            await self._states.put(job.name, JobState(slot=slot), expected=0)

    def _is_dead(self, stored: StoredDocument[JobState]) -> bool:
        """Whether the process that claimed a run no longer runs it; not for runs of this task."""
        if stored.value.by == self.me:  # the end of the run could not be stored
            return True
        unchanged = self._stale[stored.name].seconds(stored.version)
        old = self.engine.clock() - stored.at >= ABANDONED
        return self.alone or unchanged >= STALE_SECONDS or old

    def began(self, name: str) -> int:
        """The revision from which on entries count as effects of the current run."""
        return self._running[name].revision

    async def run(self, job: Job, slot: int | None = None, since: int | None = None) -> FinishedRun:
        """Runs a job for a slot, or on request (None); its failure is part of the result.

        Entries after the revision `since` count as effects of the run, by default those after now.
        Raises JobRunning, and StoreError if the run could not be claimed or stored.
        """
        running = self._running.get(job.name)
        if running is not None:
            raise JobRunning(job.name, running.started_at)
        started = self.engine.clock()
        revision = self.engine.view.revision if since is None else since
        end: asyncio.Future[FinishedRun] = asyncio.get_running_loop().create_future()
        self._running[job.name] = _Running(started, revision, end)
        try:
            finished = await self._run(job, slot)
        except BaseException as error:
            cancelled = not isinstance(error, Exception)
            end.set_exception(StoreUnavailable("The run was stopped.") if cancelled else error)
            end.exception()  # marked as read, as there may be no other start
            raise
        finally:
            del self._running[job.name]
        end.set_result(finished)
        return finished

    async def join(self, job: Job) -> FinishedRun:
        """Runs a job on request, or waits for the current run in this process.

        Raises JobRunning if another process runs the job, and StoreError.
        """
        running = self._running.get(job.name)
        return await (self.run(job) if running is None else asyncio.shield(running.end))

    async def _run(self, job: Job, slot: int | None) -> FinishedRun:
        stored = await self._stored(job)
        old = JobState() if stored is None else stored.value
        if stored is not None and old.by and not self._is_dead(stored):
            raise JobRunning(job.name, old.started_at)
        started = self._running[job.name].started_at
        same = slot is not None and slot == old.slot
        served = old.slot if slot is None else slot
        if served is None and job.when is not None and not job.when.first:
            served = job.when.slot(started)
        claimed = JobState(
            slot=served,
            by=self.me,
            started_at=started,
            attempts=(old.attempts if same else 0) + (slot is not None),
        )
        try:
            expected = 0 if stored is None else stored.version
            version = await self._states.put(job.name, claimed, expected)
        except Conflict as error:
            raise JobRunning(job.name, started) from error
        if stored is not None and old.by:
            await self.engine.submit(RecordRun(run=_interrupted(job, old, started)))
        claim = _Claim(self._states, job.name, claimed, version)
        try:
            async with claim.renewed():
                done, failure = await self._work(job, claim)
        except asyncio.CancelledError:
            await asyncio.shield(self._hand_back(claim, old))
            raise
        return await self._finish(claim, job, done, failure)

    async def _work(self, job: Job, claim: "_Claim") -> tuple[JobResult, FancyMonkeyError | None]:
        try:
            async with asyncio.timeout(job.limit) as claim.limit:
                return await job.work(), None
        except FancyMonkeyError as error:
            log.warning("the job %s failed: %s", job.name, error)
            return JobResult(FAILED, {"error": str(error)}, str(error)), error
        except TimeoutError:
            text = f"Stopped after the time limit of {job.limit:g} seconds."
            log.warning("the job %s failed: %s", job.name, text)
            return JobResult(FAILED, {"error": text}, text), None
        except Exception:
            log.exception("the job %s failed", job.name)
            text = "Something went wrong on our side; the log has the details."
            return JobResult(FAILED, {"error": text}, text), None

    async def _finish(
        self, claim: "_Claim", job: Job, done: JobResult, error: FancyMonkeyError | None
    ) -> FinishedRun:
        """Stores the result of a run, unless another process has taken the job over."""
        state, now = claim.state, self.engine.clock()
        at = state.started_at // HOUR * HOUR if done.quiet else state.started_at
        report = {**done.report, **({"message": done.message} if done.message else {})}
        text = msgspec.json.encode(report).decode()
        run = JobRun(job.name, at, max(0, now - state.started_at), done.outcome, text)
        ended = msgspec.structs.replace(state, by="", ended_at=now, outcome=done.outcome)
        parts: list[Any] = [PutDocuments(drafts=(claim.draft(ended),))]
        if not done.stored:
            parts.append(RecordRun(run=run))
        answer = await self.engine.submit(CommandGroup(commands=tuple(parts), all_or_nothing=True))
        if isinstance(answer, Refused):
            log.warning("another process has taken over the job %s during the run", job.name)
        return FinishedRun(run, state.started_at, done, error)

    async def _hand_back(self, claim: "_Claim", old: JobState) -> None:
        """Restores the earlier state of the job: it is due for the next process."""
        with contextlib.suppress(Conflict, FancyMonkeyError):
            await claim.put(msgspec.structs.replace(old, by=""))


class _Claim:
    """The right to run a job, renewed while it runs."""

    def __init__(
        self, folder: DocumentCollection[JobState], name: str, state: JobState, version: int
    ) -> None:
        self.state = state
        self.limit: asyncio.Timeout | None = None
        self._folder = folder
        self._name = name
        self._version = version
        self._over = asyncio.Event()

    def draft(self, state: JobState) -> DocumentWrite:
        """The write of the job's state; it fails if another process has taken the job over."""
        return self._folder.draft(self._name, state, self._version)

    async def put(self, state: JobState) -> None:
        """Stores the job's state. Raises Conflict if it was taken over."""
        self._version = await self._folder.put(self._name, state, self._version)

    @asynccontextmanager
    async def renewed(self) -> AsyncIterator[None]:
        """Renews the claim regularly inside the block; ends the run if it was taken over."""
        beating = asyncio.create_task(self._beat(), name=f"claim of {self._name}")
        try:
            yield
        finally:
            # Not cancelled: a written but unknown version would look like another process's.
            self._over.set()
            await beating

    async def _beat(self) -> None:
        while not await self._wait():
            try:
                await self.put(self.state)
            except Conflict:
                log.warning("another process has taken over the job %s", self._name)
                if self.limit is not None and not self.limit.expired():
                    self.limit.reschedule(asyncio.get_running_loop().time())
                return
            except FancyMonkeyError as error:
                log.warning("the job %s runs, but cannot renew its claim: %s", self._name, error)

    async def _wait(self) -> bool:
        """Waits until the run is over (True) or the claim has to be renewed (False)."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(RENEW_SECONDS):
                await self._over.wait()
        return self._over.is_set()


def _present(stored: StoredDocument[JobState]) -> StoredDocument[JobState]:
    """The state under the present name of its job, where nothing is stored yet if it is new."""
    if stored.name not in FORMER_JOBS:
        return stored
    return replace(stored, name=present_job(stored.name), version=0)


def _interrupted(job: Job, state: JobState, now: int) -> JobRun:
    message = f"{state.by} stopped during the run, or could not store its result."
    text = msgspec.json.encode({"message": message}).decode()
    took = max(0, now - state.started_at)
    return JobRun(job.name, state.started_at, took, INTERRUPTED, text)
