"""Applies the plan of an import as one undoable change: all rows, or the valid ones."""

import hashlib
from collections.abc import Sequence
from functools import partial
from typing import Any

from fancymonkey.core.changes.bulk import CHUNK, PORTION
from fancymonkey.core.command import Command
from fancymonkey.core.execute import SkuCommands, flatten
from fancymonkey.core.model import Outcome
from fancymonkey.core.outcomes import Answer, Refused
from fancymonkey.core.records import StoreResult
from fancymonkey.core.stock.adjust import Adjust
from fancymonkey.engine.engine import Engine
from fancymonkey.engine.queries.ledger_queries import entries_since
from fancymonkey.services.changes.change_runner import ChangeRunner
from fancymonkey.services.changes.request_key import RequestKey
from fancymonkey.services.changes.undo import find_change_set, undo_change_set
from fancymonkey.services.imports.import_read import OnProgress
from fancymonkey.spreadsheets.imports.import_plan import (
    ImportOptions,
    ImportPlan,
    ImportStep,
    RowFault,
    with_actor,
)
from fancymonkey.spreadsheets.imports.stock_changes import CORRECTIONS


async def import_plan(
    engine: Engine,
    plan: ImportPlan,
    options: ImportOptions,
    on_progress: OnProgress,
    *,
    dry_run: bool = False,
    good: bool = False,
    key: RequestKey | None = None,
    digest: str = "",
) -> str | None:
    """Applies a plan as one change and returns its id, None if nothing has changed.

    It applies all rows or none, unless `good`: then it leaves out rows with faults. Each failure is
    added to the plan's faults. A `dry_run` checks the plan and changes nothing.
    """
    runner = ChangeRunner(engine, options.actor, "import", options.reason, key, digest, dry_run)
    applying = Applying(runner, plan, on_progress, options.location)
    if good:
        await applying.good()
    elif not plan.faults:
        await applying.all()
    return runner.change_id


class Applying:
    """Applies the steps of a plan. A step that has become impossible is a fault of its rows."""

    def __init__(
        self, runner: ChangeRunner, plan: ImportPlan, on_progress: OnProgress, location: str
    ) -> None:
        self._runner = runner
        self._plan = plan
        self._on_progress = on_progress
        self._location = location
        self._seen = plan.revision
        self._others: dict[str, int] = {}

    async def all(self) -> bool:
        """Applies all steps and returns True, or none and returns False."""
        steps = self._plan.steps
        if len(steps) > CHUNK and not self._runner.dry_run:
            await self._portions(stop=True)
            if not self._plan.faults:
                return True
            await self._take_back()
            return False
        self._on_progress("apply", 0, len(steps))
        self._refuse(steps, await self._runner.whole([_maker(step) for step in steps]))
        self._on_progress("apply", len(steps), len(steps))
        return not self._plan.faults

    async def good(self) -> None:
        """Applies the steps without faults."""
        await self._portions(stop=False)

    async def _portions(self, *, stop: bool) -> None:
        steps, done, attempt = self._plan.steps, 0, await self._attempt()
        self._on_progress("apply", 0, len(steps))
        for part, start in enumerate(range(0, len(steps), PORTION)):
            portion = await self._unchanged(steps[start : start + PORTION])
            if not (stop and self._plan.faults):
                makers = [_maker(step) for step in portion]
                content = f"{attempt} {_rows_digest(portion)}"
                answers = [row async for row in self._runner.run(makers, part, content)]
                self._refuse(portion, answers)
            if stop and self._plan.faults:
                return
            done += PORTION
            self._on_progress("apply", min(done, len(steps)), len(steps))

    async def _unchanged(self, steps: Sequence[ImportStep]) -> list[ImportStep]:
        """The steps whose stock no other change has corrected since the plan was made."""
        async for entries in entries_since(self._runner.engine, self._seen):
            for entry in entries:
                if entry.kind in CORRECTIONS and entry.cause != self._runner.change_id:
                    self._others[entry.sku] = self._others.get(entry.sku, 0) + entry.on_hand
            self._seen = entries[-1].revision
        unchanged = []
        for step in steps:
            if any(self._others.get(sku) for sku in _adjusted(step.command)):
                self._fault(step, "stock", "it was changed a moment ago: check it again")
            else:
                unchanged.append(step)
        return unchanged

    def _refuse(self, steps: Sequence[ImportStep], answers: Sequence[Answer]) -> None:
        # The answers of a repeated request are those of the first one, and may be fewer.
        for step, answer in zip(steps, answers, strict=False):
            if isinstance(answer, Refused):
                self._fault(step, "", answer.message, str(answer.code))

    def _fault(self, step: ImportStep, column: str, text: str, code: str = "") -> None:
        for row in step.rows:
            self._plan.faults.append(RowFault(row, column, text, code))
            self._plan.fates[row] = "fault"

    async def _attempt(self) -> int:
        """The number of undone attempts of this request, whose work is to be repeated."""
        key, attempt = self._runner.key, 0
        if key is not None:
            while await self._runner.engine.store.find(Outcome, _taken_back(key, attempt).id):
                attempt += 1
        return attempt

    async def _take_back(self) -> None:
        """Undoes the portions that were applied before one failed."""
        runner = self._runner
        if runner.change_id is None:
            return
        engine = runner.engine
        if runner.key is not None:
            # Before the undo: a repeated request must not count as done what is undone by then.
            mark = _taken_back(runner.key, await self._attempt())
            await engine.submit(StoreResult(texts=(), command_id=mark.id, digest=runner.digest))
        change = await find_change_set(engine, runner.change_id)
        await undo_change_set(
            engine,
            runner.actor,
            runner.change_id,
            change,
            self._location,
            partial=True,
            dry_run=False,
        )
        runner.change_id = None


def _taken_back(key: RequestKey, attempt: int) -> RequestKey:
    """The ids under which an undone attempt is recorded."""
    return key.about(f"taken back {attempt}")


def _rows_digest(steps: Sequence[ImportStep]) -> str:
    """By which a portion is known again.

    Its number will not do: a repetition plans the remaining rows, so its first rows are others.
    """
    rows = repr([step.rows for step in steps])
    return hashlib.blake2b(rows.encode(), digest_size=16).hexdigest()


def _maker(step: ImportStep) -> Any:
    return partial(_caused, step.command)


def _caused(command: Command, change_id: str) -> Command:
    return with_actor(command, command.actor, change_id)


def _adjusted(command: Command) -> list[str]:
    if not isinstance(command, SkuCommands):
        return []
    return [part.sku for part in flatten((command,)) if isinstance(part, Adjust)]
