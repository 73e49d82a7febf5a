"""Undoing an act portion by portion, after a look at who has counted since."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import msgspec
from msgspec import Struct

from fancymonkey.core.changes.change_set import CHANGE_SET_ROWS, CHANGE_SETS, part_name
from fancymonkey.core.changes.undo import Undo
from fancymonkey.core.documents.document import Document
from fancymonkey.core.execute import DryRun
from fancymonkey.core.outcomes import Code, Refused
from fancymonkey.engine.engine import Engine
from fancymonkey.engine.ledger_queries import Said, said_since
from fancymonkey.errors import Overloaded
from fancymonkey.services.change_runner import ChangeRefused, new_change_id

LOOKS = 20
"""How often a portion is tried while buyers keep moving its units."""


class StoredChangeSet(Struct):
    """An act, as the core has kept it."""

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
    """What an act changed of one SKU or product."""

    key: str
    stock: int


@dataclass(slots=True)
class Undone:
    """What came of it. `refused`: nothing was done, because of the rows that failed."""

    act: str | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)
    failed: list[dict[str, Any]] = field(default_factory=list)
    refused: bool = False


async def find_change_set(engine: Engine, name: str) -> StoredChangeSet:
    """The act. Raises ChangeRefused."""
    row = await engine.store.find(Document, (CHANGE_SETS, name))
    if row is None or not row.body:
        raise ChangeRefused(
            Refused(Code.UNKNOWN_ACT, "This change does not exist, or it is too old to undo.")
        )
    return msgspec.json.decode(row.body, type=StoredChangeSet)


async def undo_change_set(
    engine: Engine, actor: str, name: str, act: StoredChangeSet, partial: bool, dry_run: bool
) -> Undone:
    """Undoes every portion; without `partial` only where all of them can be.

    An act of one portion is undone in one transaction. Raises ChangeRefused, Overloaded.
    """
    act_id = new_change_id(engine)
    command = Undo(undoes=name, act_id=act_id, actor=actor, cause=act_id, partial=partial)
    undoing = _Undoing(engine, command, act.revision)
    rehearse = dry_run or (act.parts > 1 and not partial)
    if rehearse:
        found = await undoing.run(act.parts, partial, dry_run=True)
        found.refused = bool(found.failed) and not (partial and found.rows)
        if dry_run or found.refused:
            return found
    found = await undoing.run(act.parts, partial or act.parts > 1, dry_run=False)
    found.refused = not found.rows
    return found


class _Undoing:
    def __init__(self, engine: Engine, command: Undo, since: int) -> None:
        self._engine = engine
        self._command = command
        self._since = since

    async def run(self, parts: int, partial: bool, *, dry_run: bool) -> Undone:
        found = Undone()
        for part in range(parts):
            await self._part(part, partial, found, dry_run=dry_run)
            await asyncio.sleep(0)
        return found

    async def _part(self, part: int, partial: bool, found: Undone, *, dry_run: bool) -> None:
        for _ in range(LOOKS):
            command = await self._look(part, partial)
            answer = await self._engine.submit(DryRun(command=command) if dry_run else command)
            if not isinstance(answer, Refused):
                found.rows += answer.data["rows"]
                found.failed += answer.data["failed"]
                found.act = None if dry_run else answer.data["act"]
                return
            if answer.code is Code.CANNOT_UNDO:
                found.failed += answer.detail["failed"]
                return
            if answer.code is not Code.STALE:
                raise ChangeRefused(answer)
        raise Overloaded("Too much is sold of it just now. Try again.")

    async def _counted(self, causes: dict[str | None, Said]) -> bool:
        """Whether a count of a SKU stands that this act did not make."""
        for cause, said in causes.items():
            if said.counted and cause != self._command.undoes and await self._stands(cause, causes):
                return True
        return False

    async def _stands(self, cause: str | None, causes: dict[str | None, Said]) -> bool:
        """Whether what was said for a cause still holds of a SKU.

        What was undone holds no more, and does again where the undoing was undone.
        """
        stands = True
        while cause is not None:
            act = await self._act(cause)
            by = None if act is None else causes.get(act.undone_by)
            # The act may have been undone for other rows alone.
            if act is None or by is None or by.moved != -causes[cause].moved:
                break
            stands, cause = not stands, act.undone_by
        return stands

    async def _act(self, name: str) -> StoredChangeSet | None:
        """An act, or None where it is no longer kept."""
        try:
            return await find_change_set(self._engine, name)
        except ChangeRefused:
            return None

    async def _look(self, part: int, partial: bool) -> Undo:
        """The command, with what is on hand of each SKU that nobody has counted since."""
        engine, plan = self._engine, self._command
        row = await engine.store.find(Document, (CHANGE_SET_ROWS, part_name(plan.undoes, part)))
        rows = (
            [] if row is None else msgspec.json.decode(row.body or "[]", type=list[StoredChangeRow])
        )
        skus = [one.key for one in rows if one.stock]
        seen = tuple((sku, engine.view.levels[sku, "main"].on_hand) for sku in skus)
        counted = set[str]()
        if skus:
            for sku, causes in (await said_since(engine, self._since, skus)).items():
                if await self._counted(causes):
                    counted.add(sku)
        return Undo(
            undoes=plan.undoes,
            act_id=plan.act_id,
            part=part,
            seen=seen,
            counted=tuple(sorted(counted)),
            partial=partial,
            actor=plan.actor,
            cause=plan.cause,
        )
