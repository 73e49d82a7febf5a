"""Runs jobs: each run is claimed first, so that no other process runs the same, and then kept."""

import asyncio
import contextlib
import logging
import os
import secrets
import socket
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import Struct

from fancymonkey.core.documents.put import DocumentWrite, PutDocuments
from fancymonkey.core.execute import CommandGroup
from fancymonkey.core.outcomes import Refused
from fancymonkey.core.payments.rows import JobRun
from fancymonkey.core.records import RecordRun
from fancymonkey.engine.documents import Conflict, DocumentCollection, StoredDocument
from fancymonkey.engine.engine import Engine
from fancymonkey.engine.job_runs import FOLDER
from fancymonkey.engine.turned_away import HOUR
from fancymonkey.errors import FancyMonkeyError
from fancymonkey.jobs.job import Job, JobResult
from fancymonkey.jobs.lease import RENEW_SECONDS, STALE_SECONDS, StaleTimer
from fancymonkey.jobs.schedule import due

log = logging.getLogger(__name__)

ABANDONED = 600_000
"""A run of another process that gave no sign for so long (ms, by the clock on the wall) is over."""
ATTEMPTS = 3
RETRY = 300_000
"""How long (ms) after a failure the job tries the same slot again."""

FAILED = "failed"
INTERRUPTED = "interrupted"


class JobRunning(Exception):
    """The job runs already, here or in another process."""


class JobState(Struct):
    """How a job stands: the slot served last, who runs it now (`by`, or nobody), its last run."""

    slot: int | None = None
    by: str = ""
    started_at: int = 0
    ended_at: int = 0
    outcome: str = ""
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A run that is over. `run` is what is kept: of quiet runs one an hour, under its beginning."""

    run: JobRun
    started_at: int
    done: JobResult
    error: FancyMonkeyError | None = None


def process_name() -> str:
    """A name that no other process has, nor this one after another start."""
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
        self._still: dict[str, StaleTimer] = {name: StaleTimer() for name in self.jobs}
        self._running: set[str] = set()

    async def states(self) -> dict[str, StoredDocument[JobState]]:
        """How each job stands that ever ran."""
        return {kept.name: kept for kept in await self._states.all() if kept.name in self.jobs}

    async def due(self) -> list[tuple[Job, int]]:
        """The jobs that should run now, and for which slot. Raises StoreError."""
        now, found = self.engine.clock(), []
        states = await self.states()
        for job in self.jobs.values():
            if job.when is None or job.name in self._running:
                continue
            kept = states.get(job.name)
            state = None if kept is None else kept.value
            if kept is not None and kept.value.by and not self._is_dead(kept):
                continue
            slot = job.when.slot(now)
            if state is None and not job.when.first:
                await self._begin(job, slot)
            elif self._is_due(job, state, now):
                found.append((job, slot))
        return found

    def _is_due(self, job: Job, state: JobState | None, now: int) -> bool:
        assert job.when is not None
        if state is not None and state.by and state.attempts < ATTEMPTS:  # it died in the middle
            return True
        if state is not None and state.outcome == FAILED and 0 < state.attempts < ATTEMPTS:
            if not 0 <= now - state.ended_at < RETRY:
                return True
        return due(job.when, None if state is None else state.slot, now)

    async def _begin(self, job: Job, slot: int) -> None:
        """From here on, the slots of the job count."""
        with contextlib.suppress(Conflict):
            await self._states.put(job.name, JobState(slot=slot), expected=0)

    def _is_dead(self, kept: StoredDocument[JobState]) -> bool:
        """Whether nobody is at a run that is claimed, where it is none that runs here."""
        if kept.value.by == self.me:  # its end could not be kept
            return True
        rested = self._still[kept.name].seconds(kept.version)
        old = self.engine.clock() - kept.at >= ABANDONED
        return self.alone or rested >= STALE_SECONDS or old

    async def run(self, job: Job, slot: int | None = None) -> FinishedRun:
        """Runs a job for a slot, or because somebody asked for it; its failure is in the answer.

        Raises JobRunning, and StoreError where the run could not be claimed or kept.
        """
        if job.name in self._running:
            raise JobRunning(f"The job {job.name} runs already.")
        self._running.add(job.name)
        try:
            return await self._run(job, slot)
        finally:
            self._running.discard(job.name)

    async def _run(self, job: Job, slot: int | None) -> FinishedRun:
        kept = await self._states.get(job.name)
        old = JobState() if kept is None else kept.value
        if kept is not None and old.by and not self._is_dead(kept):
            raise JobRunning(f"The job {job.name} runs already.")
        started = self.engine.clock()
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
            version = await self._states.put(job.name, claimed, 0 if kept is None else kept.version)
        except Conflict as error:
            raise JobRunning(f"Another process began the job {job.name}.") from error
        if kept is not None and old.by:
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
            text = "Something went wrong on our side; the log says what."
            return JobResult(FAILED, {"error": text}, text), None

    async def _finish(
        self, claim: "_Claim", job: Job, done: JobResult, error: FancyMonkeyError | None
    ) -> FinishedRun:
        """Keeps what came of a run, unless another process has taken it over meanwhile."""
        state, now = claim.state, self.engine.clock()
        at = state.started_at // HOUR * HOUR if done.quiet else state.started_at
        report = {**done.report, **({"message": done.message} if done.message else {})}
        text = msgspec.json.encode(report).decode()
        run = JobRun(job.name, at, max(0, now - state.started_at), done.outcome, text)
        ended = msgspec.structs.replace(state, by="", ended_at=now, outcome=done.outcome)
        parts: list[Any] = [PutDocuments(drafts=(claim.draft(ended),))]
        if not done.kept:
            parts.append(RecordRun(run=run))
        answer = await self.engine.submit(CommandGroup(commands=tuple(parts), all_or_nothing=True))
        if isinstance(answer, Refused):
            log.warning("another process has taken over the job %s meanwhile", job.name)
        return FinishedRun(run, state.started_at, done, error)

    async def _hand_back(self, claim: "_Claim", old: JobState) -> None:
        """Leaves the job as it was found: it is due for whoever comes next."""
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
        """The document that says how the job stands, where nobody has taken it over."""
        return self._folder.draft(self._name, state, self._version)

    async def put(self, state: JobState) -> None:
        """Says how the job stands. Raises Stale where it was taken over."""
        self._version = await self._folder.put(self._name, state, self._version)

    @asynccontextmanager
    async def renewed(self) -> AsyncIterator[None]:
        """Shows every now and then that the run goes on; ends it where another has taken over."""
        beating = asyncio.create_task(self._beat(), name=f"claim of {self._name}")
        try:
            yield
        finally:
            # Not cancelled: a version that was written and not noted would look like another's.
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
                log.warning("the job %s goes on, but cannot say so: %s", self._name, error)

    async def _wait(self) -> bool:
        """Whether the run is over before it has to show itself again."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(RENEW_SECONDS):
                await self._over.wait()
        return self._over.is_set()


def _interrupted(job: Job, state: JobState, now: int) -> JobRun:
    message = f"{state.by} ended in the middle of it, or could not keep what came of it."
    text = msgspec.json.encode({"message": message}).decode()
    took = max(0, now - state.started_at)
    return JobRun(job.name, state.started_at, took, INTERRUPTED, text)
