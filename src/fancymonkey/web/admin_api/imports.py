"""Imports over HTTP: first a preview, then all changes at once with one undo."""

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from fancymonkey.accounts.model import Right
from fancymonkey.core.model import Outcome
from fancymonkey.core.outcomes import Refused
from fancymonkey.core.records import StoreResult
from fancymonkey.errors import DataError
from fancymonkey.services.import_apply import import_plan
from fancymonkey.services.import_read import Tell, plan_table, read_table, steady
from fancymonkey.services.import_turn import ImportRunning, import_turn
from fancymonkey.services.request_key import RequestKey
from fancymonkey.spreadsheets.csv_table import TooManyRows
from fancymonkey.spreadsheets.import_plan import CellChange, ImportOptions, ImportPlan
from fancymonkey.spreadsheets.xlsx import WhichSheet
from fancymonkey.web.admin_api.row_query import Query
from fancymonkey.web.auth.authorize import require
from fancymonkey.web.context import AppContext
from fancymonkey.web.http.messages import (
    NO_STORE,
    NOSNIFF,
    Problem,
    Request,
    Response,
    StreamingResponse,
    ok,
)
from fancymonkey.web.http.refusals import refusal, request_key
from fancymonkey.web.http.wire import encode
from fancymonkey.web.routing.router import failure

FILE_MAX = 16 * 1024 * 1024
SHOWN = 1000
"""The most changes and the most faults in a response."""

NDJSON = (b"content-type", b"application/x-ndjson")
log = logging.getLogger(__name__)


async def import_table(context: AppContext, request: Request) -> Response:
    """Imports a CSV or XLSX file, which is the body, or returns a preview."""
    actor = await require(context, request, "stock")
    query = Query(request)
    apply = query.one_of("mode", "preview", "apply") == "apply"
    name = "".join(char for char in query.text("name") or "" if char.isprintable())[:100]
    options = ImportOptions(
        actor=actor.name,
        reason=name or "import",
        create=query.flag("create"),
        owner=actor.right.covers(Right.ADMIN),
    )
    whole = query.one_of("rows", "all", "good") == "all"
    key = request_key(request, actor.name) if apply else None
    sheet = query.text("sheet")
    taking = _Import(
        context, request, await request.body(FILE_MAX), options, apply, whole, sheet, key
    )
    if b"application/x-ndjson" not in request.headers.get(b"accept", b""):
        return ok(await taking.run(lambda step, done, of: None))
    return _as_lines(context, request, taking.run)


def _as_lines(
    context: AppContext, request: Request, work: Callable[[Tell], Awaitable[bytes]]
) -> Response:
    """Streams the progress of the work. The work continues if the client disconnects."""
    queue: asyncio.Queue[bytes | None] = asyncio.Queue()

    def tell(step: str, done: int, of: int) -> None:
        queue.put_nowait(encode({"step": step, "done": done, "of": of}))

    async def run() -> None:
        try:
            queue.put_nowait(await work(tell))
        except Exception as error:  # noqa: BLE001 - as the front has it: a line instead of a status
            found = failure(error, request)
            response.outcome = found.status
            queue.put_nowait(found.body)
        finally:
            queue.put_nowait(None)

    async def lines() -> AsyncIterator[bytes]:
        task = asyncio.create_task(run(), name="import")
        context.tasks.add(task)
        task.add_done_callback(context.tasks.discard)
        while (line := await queue.get()) is not None:
            yield line + b"\n"

    response = StreamingResponse(lines(), [NDJSON, NO_STORE, NOSNIFF])
    return response


@dataclass(slots=True)
class _Import:
    shop: AppContext
    call: Request
    data: bytes
    wish: ImportOptions
    apply: bool
    whole: bool
    sheet: str | None
    key: RequestKey | None

    async def run(self, tell: Tell) -> bytes:
        """Returns the response. Raises Problem."""
        with self.shop.sheets, steady():
            try:
                if not self.apply:
                    return await self._take(tell, "")
                # One by one, in all processes: a repetition finds the first result.
                alone = self.shop.jobs.alone
                async with self.shop.importing, import_turn(self.shop.engine, alone=alone):
                    return await self._once(tell)
            except ImportRunning as error:
                raise Problem(409, "import_running", str(error)) from None
            except TooManyRows as error:
                raise Problem(422, "too_many_rows", str(error)) from None
            except WhichSheet as error:
                raise Problem(400, "bad_table", str(error), sheets=error.sheets) from None
            except DataError as error:
                raise Problem(400, "bad_table", str(error)) from None

    async def _once(self, tell: Tell) -> bytes:
        """Applies the import, or returns the first result of the same key."""
        mark = await asyncio.to_thread(self._digest)
        if self.key is None:
            return await self._take(tell, mark)
        engine = self.shop.engine
        kept = partial(StoreResult, command_id=self.key.id, former_id=self.key.former, digest=mark)
        if not await self._known(self.key, mark):
            answer = await self._take(tell, mark)
            await engine.submit(kept(texts=(answer.decode(),)))
            return answer
        again = await engine.submit(kept(texts=()))
        if isinstance(again, Refused):
            raise refusal(again)
        found: str = again.data[0]
        return found.encode()

    async def _known(self, key: RequestKey, mark: str) -> bool:
        store = self.shop.engine.store
        former = await store.find(Outcome, key.former)
        return (former is not None and former.digest == mark) or (
            await store.find(Outcome, key.id) is not None
        )

    def _digest(self) -> str:
        wishes = [self.wish.reason, self.wish.create, self.whole]
        options = encode(wishes if self.sheet is None else [*wishes, self.sheet])
        content = hashlib.sha256(self.data).digest()
        return hashlib.sha256(b"/api/admin/import\n" + options + content).hexdigest()

    async def _take(self, tell: Tell, mark: str) -> bytes:
        context, options = self.shop, self.wish
        table = await read_table(self.data, tell, self.sheet)
        records = table.records
        plan = await plan_table(context.engine, records, options, tell)
        act = None
        if self.apply:
            key = None if self.key is None else self.key.about("rows")
            act = await import_plan(
                context.engine, plan, options, tell, good=not self.whole, key=key, digest=mark
            )
            if self.whole and plan.faults:
                raise Problem(
                    422,
                    "import_faults",
                    "Nothing was changed. Correct the rows in `faults`, or leave them out.",
                    **_told(plan, 0),
                )
        applied = plan.count("new") + plan.count("changed") if self.apply else 0
        self.call.about = (
            f"{'applied' if self.apply else 'preview'}: {options.reason}, {applied} rows"
        )
        columns = list(records[0].cells) if records else []
        answer: dict[str, Any] = {
            "success": True,
            "mode": "apply" if self.apply else "preview",
            "act": act,
        }
        answer |= {"revision": context.engine.view.revision, "columns": columns}
        answer |= {"sheet": table.sheet, "sheets": table.sheets}
        return encode({**answer, **_told(plan, applied), "changes": _changes(plan)})


def _told(plan: ImportPlan, applied: int) -> dict[str, Any]:
    counts = {
        "rows": len(plan.fates),
        "new": plan.count("new"),
        "changed": plan.count("changed"),
        "unchanged": plan.count("unchanged"),
        "faults": plan.count("fault"),
        "applied": applied,
    }
    faults = [
        {"row": one.row, "column": one.column or None, "reason": one.text}
        for one in plan.faults[:SHOWN]
    ]
    notices = [
        {"column": one.column, "reason": one.text, "rows": one.rows, "count": one.count}
        for one in plan.notices
    ]
    return {"counts": counts, "faults": faults, "notices": notices}


def _changes(plan: ImportPlan) -> list[dict[str, Any]]:
    return [_change_out(one) for one in plan.changes[:SHOWN] if plan.fates[one.row] != "fault"]


def _change_out(one: CellChange) -> dict[str, Any]:
    return {
        "row": one.row,
        "productId": one.product_id,
        "size": one.size,
        "column": one.column,
        "exported": one.exported,
        "file": one.file,
        "now": one.now,
        "after": one.after,
        "new": one.new,
    }
