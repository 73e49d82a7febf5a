"""Imports over HTTP: first a preview, then all changes at once with one undo."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Response

from fancymonkey.accounts.model import Right
from fancymonkey.core.model import Outcome
from fancymonkey.core.outcomes import Refused
from fancymonkey.core.records import StoreResult
from fancymonkey.errors import DataError
from fancymonkey.services.changes.request_key import RequestKey
from fancymonkey.services.imports.import_apply import import_plan
from fancymonkey.services.imports.import_read import OnProgress, plan_table, read_table, steady
from fancymonkey.services.imports.import_turn import ImportRunning, import_turn
from fancymonkey.spreadsheets.imports.import_plan import (
    CellChange,
    ImportOptions,
    ImportPlan,
    RowFault,
)
from fancymonkey.spreadsheets.table.csv_table import TooManyRows
from fancymonkey.spreadsheets.table.xlsx import SheetAmbiguous
from fancymonkey.text import counted
from fancymonkey.web.admin_api.catalogue.exports import XLSX
from fancymonkey.web.admin_api.catalogue.import_models import (
    ImportCounts,
    ImportedCell,
    ImportFault,
    ImportNotice,
    ImportReport,
)
from fancymonkey.web.auth.audit import write_entry
from fancymonkey.web.context import AppContext
from fancymonkey.web.http.bodies.change_names import named_change
from fancymonkey.web.http.bodies.wire import encode
from fancymonkey.web.http.files import BINARY
from fancymonkey.web.http.messages import Problem, Request
from fancymonkey.web.http.problems.errors import problem_response
from fancymonkey.web.http.problems.refusals import refusal, request_key
from fancymonkey.web.http.query_params import Flag, Text, Words
from fancymonkey.web.routing.access import requires
from fancymonkey.web.routing.authorized_route import AuthorizedRoute, SelfRecording
from fancymonkey.web.routing.dependencies import Call, Caller, Context, KeyHeader
from fancymonkey.web.routing.described import refusals

router = APIRouter(prefix="/api/admin", tags=["dashboard"], route_class=AuthorizedRoute)

FILE_MAX = 16 * 1024 * 1024
SHOWN = 1000
"""The most changes and the most faults in a response."""

FILE_BODY = {"requestBody": {"required": True, "content": {"text/csv": BINARY, XLSX: BINARY}}}
"""The body is a file, which the handler reads with a limit of its own."""


@router.post(
    "/import",
    summary="Import a CSV or XLSX file",
    dependencies=[requires("stock", by_location=True)],
    response_model=ImportReport,
    responses=refusals(404, 409),
    openapi_extra=FILE_BODY,
)
async def import_table(
    context: Context,
    request: Call,
    actor: Caller,
    repeat_key: KeyHeader = None,
    mode: Annotated[
        Literal["preview", "apply"], Query(description="`preview` (the default) or `apply`")
    ] = "preview",
    rows: Annotated[
        Literal["all", "good"],
        Query(description="`all` (the default), or `good`: skip rows with errors"),
    ] = "all",
    create: Annotated[
        Flag, Query(description="`true`: create products and sizes that do not exist")
    ] = False,
    name: Annotated[Words, Query(description="File name, recorded in the ledger")] = "",
    sheet: Annotated[
        Text | None, Query(description="The sheet to read, if the spreadsheet has several")
    ] = None,
    accept: Annotated[
        str,
        Header(description="`application/x-ndjson`: the progress, line by line"),
    ] = "",
) -> Any:
    """Imports a CSV or XLSX file, which is the body, or returns a preview."""
    apply = mode == "apply"
    title = "".join(char for char in name if char.isprintable())[:100]
    options = ImportOptions(
        actor=actor.name,
        reason=title or "import",
        create=create,
        owner=actor.right.covers(Right.ADMIN),
        locations=actor.locations,
    )
    key = request_key(request, actor.name) if apply else None
    data = await request.body(FILE_MAX)
    taking = _Import(context, request, data, options, apply, rows == "all", sheet, key)
    if "application/x-ndjson" in accept:
        return _as_lines(context, request, taking.run)
    return Response(await taking.run(lambda step, done, of: None), 200, None, "application/json")


def _as_lines(
    context: AppContext, request: Request, work: Callable[[OnProgress], Awaitable[bytes]]
) -> SelfRecording:
    """Streams the progress of the work. The work continues if the client disconnects."""
    queue: asyncio.Queue[bytes | None] = asyncio.Queue()

    def on_progress(step: str, done: int, of: int) -> None:
        queue.put_nowait(encode({"step": step, "done": done, "of": of}))

    async def run() -> None:
        outcome = 200
        try:
            queue.put_nowait(await work(on_progress))
        except Exception as error:  # noqa: BLE001 - a line instead of a status
            problem = problem_response(error, request)
            outcome = problem.status
            queue.put_nowait(bytes(problem.body))
        finally:
            await write_entry(context, request, outcome)
            queue.put_nowait(None)

    async def lines() -> AsyncIterator[bytes]:
        task = asyncio.create_task(run(), name="import")
        context.tasks.add(task)
        task.add_done_callback(context.tasks.discard)
        while (line := await queue.get()) is not None:
            yield line + b"\n"

    return SelfRecording(lines(), 200, media_type="application/x-ndjson")


@dataclass(slots=True)
class _Import:
    shop: AppContext
    call: Request
    data: bytes
    options: ImportOptions
    apply: bool
    whole: bool
    sheet: str | None
    key: RequestKey | None

    async def run(self, on_progress: OnProgress) -> bytes:
        """Returns the response. Raises Problem."""
        with self.shop.sheets, steady():
            try:
                if not self.apply:
                    return await self._take(on_progress, "")
                # One by one, in all processes: a repetition finds the first result.
                alone = self.shop.jobs.alone
                async with self.shop.importing, import_turn(self.shop.engine, alone=alone):
                    return await self._once(on_progress)
            except ImportRunning as error:
                raise Problem(409, "import_running", str(error)) from None
            except TooManyRows as error:
                raise Problem(422, "too_many_rows", str(error)) from None
            except SheetAmbiguous as error:
                raise Problem(400, "bad_table", str(error), sheets=error.sheets) from None
            except DataError as error:
                raise Problem(400, "bad_table", str(error)) from None

    async def _once(self, on_progress: OnProgress) -> bytes:
        """Applies the import, or returns the first result of the same key."""
        mark = await asyncio.to_thread(self._digest)
        if self.key is None:
            return await self._take(on_progress, mark)
        engine = self.shop.engine
        result = partial(
            StoreResult, command_id=self.key.id, former_id=self.key.former, digest=mark
        )
        if not await self._known(self.key, mark):
            answer = await self._take(on_progress, mark)
            await engine.submit(result(texts=(answer.decode(),)))
            return answer
        again = await engine.submit(result(texts=()))
        if isinstance(again, Refused):
            raise refusal(again)
        first_answer: str = again.data[0]
        return first_answer.encode()

    async def _known(self, key: RequestKey, mark: str) -> bool:
        store = self.shop.engine.store
        former = await store.find(Outcome, key.former)
        return (former is not None and former.digest == mark) or (
            await store.find(Outcome, key.id) is not None
        )

    def _digest(self) -> str:
        parts = [self.options.reason, self.options.create, self.whole]
        options = encode(parts if self.sheet is None else [*parts, self.sheet])
        content = hashlib.sha256(self.data).digest()
        return hashlib.sha256(b"/api/admin/import\n" + options + content).hexdigest()

    async def _take(self, on_progress: OnProgress, mark: str) -> bytes:
        context, options = self.shop, self.options
        table = await read_table(self.data, on_progress, self.sheet)
        records = table.records
        plan = await plan_table(context.engine, records, options, on_progress)
        change_id = None
        if self.apply:
            key = None if self.key is None else self.key.about("rows")
            change_id = await import_plan(
                context.engine,
                plan,
                options,
                on_progress,
                good=not self.whole,
                key=key,
                digest=mark,
            )
            if self.whole and plan.faults:
                raise Problem(
                    422,
                    "import_faults",
                    "Nothing was changed. Correct the rows in `faults`, or leave them out.",
                    counts=_counts(plan, 0),
                    faults=_faults(plan),
                    notices=_notices(plan),
                )
        applied = plan.count("new") + plan.count("changed") if self.apply else 0
        self.call.about = (
            f"{'applied' if self.apply else 'preview'}: {options.reason}, {counted(applied, 'row')}"
        )
        columns = list(records[0].cells) if records else []
        answer: ImportReport = {
            "success": True,
            "mode": "apply" if self.apply else "preview",
            **named_change(change_id),
            "revision": context.engine.view.revision,
            "columns": columns,
            "sheet": table.sheet,
            "sheets": table.sheets,
            "counts": _counts(plan, applied),
            "faults": _faults(plan),
            "notices": _notices(plan),
            "changes": _changes(plan),
        }
        return encode(answer)


def _counts(plan: ImportPlan, applied: int) -> ImportCounts:
    return {
        "rows": len(plan.fates),
        "new": plan.count("new"),
        "changed": plan.count("changed"),
        "unchanged": plan.count("unchanged"),
        "faults": plan.count("fault"),
        "applied": applied,
    }


def _faults(plan: ImportPlan) -> list[ImportFault]:
    return [_fault_out(fault) for fault in plan.faults[:SHOWN]]


def _fault_out(fault: RowFault) -> ImportFault:
    out: ImportFault = {"row": fault.row, "column": fault.column or None, "reason": fault.text}
    if fault.code:
        out["code"] = fault.code
    return out


def _notices(plan: ImportPlan) -> list[ImportNotice]:
    return [
        {
            "column": notice.column,
            "reason": notice.text,
            "rows": list(notice.rows),
            "count": notice.count,
        }
        for notice in plan.notices
    ]


def _changes(plan: ImportPlan) -> list[ImportedCell]:
    return [_change_out(cell) for cell in plan.changes[:SHOWN] if plan.fates[cell.row] != "fault"]


def _change_out(cell: CellChange) -> ImportedCell:
    out: ImportedCell = {
        "row": cell.row,
        "productId": cell.product_id,
        "size": cell.size,
        "column": cell.column,
        "exported": cell.exported,
        "file": cell.file,
        "now": cell.now,
        "after": cell.after,
        "new": cell.new,
    }
    if cell.location:
        out["location"] = cell.location
    return out
