"""The stock rows, and the undo of changes, over HTTP."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from fancymonkey.core.changes.change_set import CHANGE_SETS
from fancymonkey.core.documents.document import Document
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import split_sku
from fancymonkey.services.undo import StoredChangeSet, find_change_set, undo_change_set
from fancymonkey.text import counted
from fancymonkey.timestamps import iso
from fancymonkey.web.admin_api.row_query import Query, row_query_of
from fancymonkey.web.auth.authorize import require
from fancymonkey.web.context import AppContext
from fancymonkey.web.http.etag import is_known
from fancymonkey.web.http.messages import JSON, NOSNIFF, Problem, Request, Response, ok, parse
from fancymonkey.web.http.wire import encode

PAGE = 100
PAGE_MAX = 1000
PRIVATE = (b"cache-control", b"private, no-cache")


class UndoBody(Struct, rename="camel"):
    """The change to undo; `partial` undoes only the rows that can be undone."""

    act: Annotated[str, Meta(min_length=1, max_length=100)]
    partial: bool = False
    dry_run: bool = False


_undo_body = msgspec.json.Decoder(UndoBody)


async def list_inventory(context: AppContext, request: Request) -> Response:
    """Returns every SKU, or the ones that match the query, at one revision."""
    await require(context, request, "read")
    choice = row_query_of(Query(request), context.spelling)
    body, tag = await context.table.answer(
        choice, context.settings.payments.currency, context.engine.clock()
    )
    headers = [PRIVATE, NOSNIFF, (b"etag", tag)]
    if is_known(request.headers.get(b"if-none-match", b""), tag):
        return Response(304, b"", headers)
    return Response(200, body, [JSON, *headers])


async def list_acts(context: AppContext, request: Request) -> Response:
    """Returns the latest changes, the newest first."""
    await require(context, request, "read")
    query = Query(request)
    limit = query.number("limit", PAGE, 1, PAGE_MAX)
    rows: list[dict[str, Any]] = []
    after = (CHANGE_SETS, query.text("after") or "")
    async for row in context.engine.store.scan(Document, after):
        if row.folder != CHANGE_SETS or len(rows) == limit:
            break
        if row.body:
            rows.append(_act_out(row.name, msgspec.json.decode(row.body, type=StoredChangeSet)))
    return ok(encode({"success": True, "acts": rows}))


def _act_out(name: str, act: StoredChangeSet) -> dict[str, Any]:
    return {
        "id": name,
        "at": iso(act.at),
        "actor": act.actor,
        "action": act.action,
        "reason": act.reason,
        "changed": act.changed,
        "undoable": act.undoable and act.undone_by is None,
        "undoneBy": act.undone_by,
        "undoes": act.undoes,
    }


async def undo(context: AppContext, request: Request) -> Response:
    """Undoes a change with balancing entries, once, or returns why it cannot be undone."""
    actor = await require(context, request, "stock")
    body = parse(_undo_body, await request.body())
    act = await find_change_set(context.engine, body.act)
    if act.products:
        actor = await require(context, request, "admin")
    if act.undone_by is not None:
        raise Problem(
            409, "already_undone", "This change has already been undone.", undoneBy=act.undone_by
        )
    done = await undo_change_set(
        context.engine,
        actor.name,
        body.act,
        act,
        DEFAULT_LOCATION,
        partial=body.partial,
        dry_run=body.dry_run,
    )
    rows = [{**_names(context, row["key"]), "changes": row["changes"]} for row in done.rows]
    failed = [{**_names(context, row["key"]), "reason": row["reason"]} for row in done.failed]
    if done.refused:
        rest = max(0, act.changed - len(failed))
        raise Problem(409, "cannot_undo", _why_not(failed, rest), failed=failed, rest=rest)
    verb = "Would undo" if body.dry_run else "Undone:"
    return ok(
        encode(
            {
                "success": True,
                "act": done.act,
                "undone": body.act,
                "message": f"{verb} {counted(len(rows), 'row')}.",
                "rows": rows,
                "failed": failed,
                "revision": context.engine.view.revision,
            }
        )
    )


NAMED = 3
"""The most rows that a message names; the response has all of them."""


def _why_not(failed: list[dict[str, Any]], rest: int) -> str:
    """The text about rows that cannot be undone, with the reasons."""
    named = [
        f"{' '.join(part for part in (row['name'], row['size']) if part)}: {row['reason']}"
        for row in failed[:NAMED]
    ]
    more = [f"And {len(failed) - NAMED} more."] if len(failed) > NAMED else []
    begin = f"{len(failed)} of {counted(len(failed) + rest, 'row')} cannot be undone."
    if len(failed) + rest == 1:
        begin = "This change cannot be undone."
    return " ".join([begin, *named, *more])


def _names(context: AppContext, key: str) -> dict[str, Any]:
    """Product and size of a row, with the name of the product, or its id without a name."""
    product_id, size = split_sku(key)
    product = context.engine.view.products.get(product_id)
    name = product.name if product is not None and product.name else product_id
    return {"productId": product_id, "size": size or None, "name": name}
