"""Undoes a change portion by portion, except for SKUs that were counted since."""

import asyncio
from dataclasses import dataclass, field

import msgspec
from msgspec import Struct

from fancymonkey.core.changes.answers import FailedRestore, RestoredRow, UndoAnswer
from fancymonkey.core.changes.change_set import CHANGE_SET_ROWS, CHANGE_SETS, part_name
from fancymonkey.core.changes.undo import Undo
from fancymonkey.core.documents.document import Document
from fancymonkey.core.execute import DryRun
from fancymonkey.core.outcomes import Code, Refused
from fancymonkey.engine.engine import Engine
from fancymonkey.engine.queries.ledger_queries import StockCorrection, corrections_since
from fancymonkey.errors import Overloaded
from fancymonkey.services.changes.change_runner import ChangeRefused, new_change_id

LOOKS = 20
"""The number of attempts at a portion while buyers keep changing its stock."""


class StoredChangeSet(Struct):
    """A change, as the core has stored it."""

    at: int
    actor: str
    action: str
    reason: str
    changed: int
    parts: int
    revision: int
    undoable: bool
    products: bool
    undone_by: str | None
    undoes: str | None


class StoredChangeRow(Struct):
    """The change of one SKU or product; `moved` has the change of each account."""

    key: str
    stock: int
    moved: dict[str, int] = {}


@dataclass(slots=True)
class Undone:
    """The result of an undo. `refused`: nothing was changed, because of the rows that failed."""

    change_id: str | None = None
    rows: list[RestoredRow] = field(default_factory=list)
    failed: list[FailedRestore] = field(default_factory=list)
    refused: bool = False


async def find_change_set(engine: Engine, name: str) -> StoredChangeSet:
    """The stored change of an id. Raises ChangeRefused if it is not known."""
    row = await engine.store.find(Document, (CHANGE_SETS, name))
    if row is None or not row.body:
        raise ChangeRefused(
            Refused(Code.UNKNOWN_CHANGE, "This change does not exist, or it is too old to undo.")
        )
    return msgspec.json.decode(row.body, type=StoredChangeSet)


async def undo_change_set(
    engine: Engine,
    actor: str,
    name: str,
    change: StoredChangeSet,
    location: str,
    *,
    partial: bool,
    dry_run: bool,
) -> Undone:
    """Undoes every portion; without `partial` only if all of them can be undone.

    A change of one portion is undone in one transaction. `location` is where a change of an earlier
    version was made. Raises ChangeRefused, Overloaded.
    """
    change_id = new_change_id(engine)
    command = Undo(
        undoes=name,
        change_id=change_id,
        location=location,
        actor=actor,
        cause=change_id,
        partial=partial,
    )
    undoing = _Undoing(engine, command, change.revision)
    rehearse = dry_run or (change.parts > 1 and not partial)
    if rehearse:
        result = await undoing.run(change.parts, partial, dry_run=True)
        result.refused = bool(result.failed) and not (partial and result.rows)
        if dry_run or result.refused:
            return result
    result = await undoing.run(change.parts, partial or change.parts > 1, dry_run=False)
    result.refused = not result.rows
    return result


class _Undoing:
    def __init__(self, engine: Engine, command: Undo, since: int) -> None:
        self._engine = engine
        self._command = command
        self._since = since

    async def run(self, parts: int, partial: bool, *, dry_run: bool) -> Undone:
        result = Undone()
        for part in range(parts):
            await self._part(part, partial, result, dry_run=dry_run)
            await asyncio.sleep(0)
        return result

    async def _part(self, part: int, partial: bool, result: Undone, *, dry_run: bool) -> None:
        for _ in range(LOOKS):
            command = await self._plan(part, partial)
            answer = await self._engine.submit(DryRun(command=command) if dry_run else command)
            if not isinstance(answer, Refused):
                undone: UndoAnswer = answer.data
                result.rows += undone.rows
                result.failed += undone.failed
                result.change_id = None if dry_run else undone.change_id
                return
            if answer.code is Code.CANNOT_UNDO:
                result.failed += [FailedRestore(**row) for row in answer.detail["failed"]]
                return
            if answer.code is not Code.STALE:
                raise ChangeRefused(answer)
        raise Overloaded("Too much of it is being sold at the moment. Try again.")

    async def _counted(self, causes: dict[str | None, StockCorrection]) -> bool:
        """Whether another change has counted the SKU, and that count is still valid."""
        undoes = self._command.undoes
        for cause, correction in causes.items():
            if correction.counted and cause != undoes and await self._is_valid(cause, causes):
                return True
        return False

    async def _is_valid(self, cause: str | None, causes: dict[str | None, StockCorrection]) -> bool:
        """Whether the correction of a cause is still valid for a SKU.

        An undo makes it invalid, and an undo of that undo makes it valid again.
        """
        valid = True
        while cause is not None:
            change = await self._find(cause)
            undo = None if change is None else causes.get(change.undone_by)
            # The change may have been undone for other rows only.
            if change is None or undo is None or undo.moved != -causes[cause].moved:
                break
            valid, cause = not valid, change.undone_by
        return valid

    async def _find(self, name: str) -> StoredChangeSet | None:
        """A stored change, or None if it is no longer stored."""
        try:
            return await find_change_set(self._engine, name)
        except ChangeRefused:
            return None

    async def _plan(self, part: int, partial: bool) -> Undo:
        """The command, with the present stock of each SKU, and the SKUs that were counted since."""
        engine, plan = self._engine, self._command
        row = await engine.store.find(Document, (CHANGE_SET_ROWS, part_name(plan.undoes, part)))
        rows = (
            [] if row is None else msgspec.json.decode(row.body or "[]", type=list[StoredChangeRow])
        )
        skus = [row.key for row in rows if row.stock or row.moved]
        on_hand = tuple((sku, engine.view.own_stock(sku).on_hand) for sku in skus)
        counted = set[str]()
        if skus:
            for sku, causes in (await corrections_since(engine, self._since, skus)).items():
                if await self._counted(causes):
                    counted.add(sku)
        return Undo(
            undoes=plan.undoes,
            change_id=plan.change_id,
            location=plan.location,
            part=part,
            seen=on_hand,
            counted=tuple(sorted(counted)),
            partial=partial,
            actor=plan.actor,
            cause=plan.cause,
        )
