"""The stock rows, and the undo of changes, over HTTP."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Header, Query, Response

from fancymonkey.core.changes.change_set import CHANGE_SETS
from fancymonkey.core.documents.document import Document
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import split_sku
from fancymonkey.services.changes.change_locations import is_within
from fancymonkey.services.changes.undo import StoredChangeSet, find_change_set, undo_change_set
from fancymonkey.text import counted
from fancymonkey.timestamps import iso
from fancymonkey.web.admin_api.stock.change_models import (
    ChangeList,
    ChangeOut,
    FailedRow,
    RowName,
    StockTable,
    UndoBody,
    UndoneChange,
)
from fancymonkey.web.admin_api.stock.row_params import ChosenRows
from fancymonkey.web.auth.authorize import require
from fancymonkey.web.auth.location_limits import check_whole_shop, location_to_read
from fancymonkey.web.context import AppContext
from fancymonkey.web.http.bodies.change_names import named_change
from fancymonkey.web.http.etag import is_known
from fancymonkey.web.http.messages import Problem
from fancymonkey.web.http.query_params import LIMIT, PAGE, Page, Text, Words
from fancymonkey.web.read_models.stock_listing import unknown_location
from fancymonkey.web.routing.access import requires
from fancymonkey.web.routing.authorized_route import AuthorizedRoute
from fancymonkey.web.routing.dependencies import Call, Caller, Context
from fancymonkey.web.routing.described import refusals

router = APIRouter(prefix="/api/admin", tags=["dashboard"], route_class=AuthorizedRoute)


@router.get(
    "/inventory",
    summary="List every SKU with its stock and settings",
    dependencies=[requires("read", by_location=True)],
    response_model=StockTable,
    responses=refusals(304, 404),
)
async def list_inventory(
    context: Context,
    actor: Caller,
    chosen: ChosenRows,
    at: Annotated[
        Text, Query(alias="location", description="The stock at this location only")
    ] = "",
    seen: Annotated[
        str, Header(alias="If-None-Match", description="The ETag of an earlier response")
    ] = "",
) -> Any:
    """Returns every SKU, or the ones that match the query, at one revision."""
    table = context.stock_rows
    location = location_to_read(actor, at)
    if location is not None:
        if location not in context.engine.view.locations:
            raise unknown_location(location)
        table = table.at(location)
    body, tag = await table.answer(
        chosen, context.settings.payments.currency, context.engine.clock()
    )
    headers = {"cache-control": "private, no-cache", "etag": tag.decode()}
    if is_known(seen.encode("latin-1"), tag):
        return Response(None, 304, headers)
    return Response(body, 200, headers, "application/json")


@router.get(
    "/changes",
    summary="List recent changes",
    dependencies=[requires("read", by_location=True)],
)
async def list_changes(
    context: Context,
    actor: Caller,
    limit: Annotated[Page, Query(description=LIMIT)] = PAGE,
    after: Annotated[Words, Query(description="The last change of the previous page")] = "",
) -> ChangeList:
    """Returns the latest changes, the newest first."""
    rows: list[ChangeOut] = []
    async for row in context.engine.store.scan(Document, (CHANGE_SETS, after)):
        if row.folder != CHANGE_SETS or len(rows) == limit:
            break
        if not row.body:
            continue
        change = msgspec.json.decode(row.body, type=StoredChangeSet)
        if not actor.locations or await is_within(
            context.engine, row.name, change, actor.locations, DEFAULT_LOCATION
        ):
            rows.append(_change_out(row.name, change))
    return {"success": True, "changes": rows}


def _change_out(name: str, change: StoredChangeSet) -> ChangeOut:
    return {
        "id": name,
        "at": iso(change.at),
        "actor": change.actor,
        "action": change.action,
        "reason": change.reason,
        "changed": change.changed,
        "undoable": change.undoable and change.undone_by is None,
        "undoneBy": change.undone_by,
        "undoes": change.undoes,
    }


@router.post(
    "/undo",
    summary="Undo a change",
    dependencies=[requires("stock", by_location=True)],
    responses=refusals(404, 409),
)
async def undo(context: Context, request: Call, actor: Caller, body: UndoBody) -> UndoneChange:
    """Undoes a change with balancing entries, once, or returns why it cannot be undone."""
    change = await find_change_set(context.engine, body.change_id)
    if actor.locations and not await is_within(
        context.engine, body.change_id, change, actor.locations, DEFAULT_LOCATION
    ):
        check_whole_shop(actor, "This change is, at least in part, for other locations or")
    if change.products:
        actor = await require(context, request, "admin")
    if change.undone_by is not None:
        raise Problem(
            409, "already_undone", "This change has already been undone.", undoneBy=change.undone_by
        )
    done = await undo_change_set(
        context.engine,
        actor.name,
        body.change_id,
        change,
        DEFAULT_LOCATION,
        partial=body.partial,
        dry_run=body.dry_run,
    )
    failed: list[FailedRow] = [
        {**_names(context, row.key), "reason": row.reason} for row in done.failed
    ]
    if done.refused:
        others = max(0, change.changed - len(failed))
        raise Problem(409, "cannot_undo", _why_not(failed, others), failed=failed, rest=others)
    verb = "Would undo" if body.dry_run else "Undone:"
    return {
        "success": True,
        **named_change(done.change_id),
        "undone": body.change_id,
        "message": f"{verb} {counted(len(done.rows), 'row')}.",
        "rows": [{**_names(context, row.key), "changes": row.changes} for row in done.rows],
        "failed": failed,
        "revision": context.engine.view.revision,
    }


NAMED = 3
"""The most rows that a message names; the response has all of them."""


def _why_not(failed: list[FailedRow], others: int) -> str:
    """The text about rows that cannot be undone, with the reasons."""
    named = [
        f"{' '.join(part for part in (row['name'], row['size']) if part)}: {row['reason']}"
        for row in failed[:NAMED]
    ]
    more = [f"And {len(failed) - NAMED} more."] if len(failed) > NAMED else []
    begin = f"{len(failed)} of {counted(len(failed) + others, 'row')} cannot be undone."
    if len(failed) + others == 1:
        begin = "This change cannot be undone."
    return " ".join([begin, *named, *more])


def _names(context: AppContext, key: str) -> RowName:
    """Product and size of a row, with the name of the product, or its id without a name."""
    product_id, size = split_sku(key)
    product = context.engine.view.products.get(product_id)
    name = product.name if product is not None and product.name else product_id
    return {"productId": product_id, "size": size or None, "name": name}
