"""Stock updates over HTTP: update and bulk-update."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import msgspec
from fastapi import APIRouter, Response

from fancymonkey.core.changes.bulk import Change, Filter, chain
from fancymonkey.core.execute import SkuCommands
from fancymonkey.core.group_answers import SkuChange
from fancymonkey.core.keys import normal_form
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import sku_of
from fancymonkey.core.outcomes import Code, Refused
from fancymonkey.core.records import StoreResult
from fancymonkey.core.stock.adjust import Unchanged
from fancymonkey.engine.queries.ledger_queries import latest_entries
from fancymonkey.text import counted
from fancymonkey.timestamps import iso
from fancymonkey.web.admin_api.request_changes import RequestChanges
from fancymonkey.web.admin_api.stock.stock_update_models import (
    BULK_EXAMPLE,
    UPDATE_EXAMPLE,
    BulkUpdate,
    StockUpdate,
)
from fancymonkey.web.admin_api.stock.update_rows import (
    RowChange,
    check_units_only,
    failed_out,
    names_in,
    restock_date_of,
    row_change,
    row_out,
)
from fancymonkey.web.context import AppContext
from fancymonkey.web.http.bodies import wire
from fancymonkey.web.http.bodies.change_names import named_change
from fancymonkey.web.http.bodies.json_body import json_response
from fancymonkey.web.http.bodies.unknown_fields import LISTED_MAX, parse_open
from fancymonkey.web.http.messages import Problem
from fancymonkey.web.http.problems.refusals import refusal, request_fingerprint, request_key
from fancymonkey.web.read_models.row_query import RowQuery
from fancymonkey.web.read_models.stock_listing import unknown_location
from fancymonkey.web.routing.access import requires
from fancymonkey.web.routing.authorized_route import AuthorizedRoute
from fancymonkey.web.routing.dependencies import (
    Call,
    Caller,
    Context,
    IdempotencyKey,
    KeyHeader,
)
from fancymonkey.web.routing.described import msgspec_body, refusals

router = APIRouter(prefix="/api/inventory", tags=["admin"], route_class=AuthorizedRoute)

# The bodies stay with msgspec: each row is read alone, so that it may fail alone.
_update_body = msgspec.json.Decoder(wire.UpdateBody)
_update_row = msgspec.json.Decoder(wire.UpdateRow)
_bulk_body = msgspec.json.Decoder(wire.BulkBody)


@router.post(
    "/update",
    summary="Update the stock of sizes one by one (owner)",
    dependencies=[requires("stock", in_body=True, by_location=True)],
    response_model=StockUpdate,
    responses=refusals(409),
    openapi_extra=msgspec_body(wire.UpdateBody, UPDATE_EXAMPLE),
)
async def update(context: Context, request: Call, actor: Caller, key: IdempotencyKey) -> Any:
    """Updates sizes row by row; each row succeeds or fails independently, with a reason."""
    body, ignored = parse_open(_update_body, wire.UpdateBody, await request.body())
    mark = (
        ""
        if key is None
        else request_fingerprint(request, b",".join(bytes(row) for row in body.updates))
    )
    failed: list[dict[str, Any]] = []
    changes: list[RowChange] = []
    numbers: list[int] = []
    locations = context.engine.view.locations
    for number, row in enumerate(body.updates):
        try:
            wanted, unknown = parse_open(_update_row, wire.UpdateRow, bytes(row))
            ignored += [f"updates.{number}.{name}" for name in unknown]
            changes.append(row_change(context.spelling, locations, wanted))
            numbers.append(number)
        except Problem as problem:
            failed.append({"index": number, **names_in(row), **_reason(problem)})
    for _, location, change in changes:
        check_units_only(actor, location, change)
    reasons = {change.reason for _, _, change in changes}
    reason = reasons.pop() if len(reasons) == 1 else ""
    doing = RequestChanges(context, actor.name, "update", reason, key, mark)
    limited = bool(actor.locations)
    successful = await _run(doing, changes, numbers, failed, limited=limited)
    failed.sort(key=lambda row: row["index"])
    changed = f"{counted(len(successful), 'size')} changed"
    request.about = f"{changed}, {len(failed)} refused"
    message = f"Updated {counted(len(successful), 'inventory item')}"
    return _results(doing, successful, failed, message, ignored)


def _reason(problem: Problem) -> dict[str, Any]:
    return {"code": problem.code, "reason": problem.detail}


async def _run(
    doing: RequestChanges,
    changes: list[RowChange],
    numbers: list[int],
    failed: list[dict[str, Any]],
    *,
    limited: bool,
) -> list[dict[str, Any]]:
    """Runs the changes; returns the successful rows and adds the others to `failed`.

    The rows of a `limited` caller have only the stock at the location of the change.
    """
    successful: list[dict[str, Any]] = []
    makers = [partial(_make, doing.actor, *options) for options in changes]
    done = 0
    async for answer in doing.run(makers):
        if isinstance(answer, Refused):
            failed.append(failed_out(numbers[done], changes[done][0], answer))
        else:
            at = changes[done][1] if limited else None
            successful.append(row_out(doing.engine.view, answer.data, at))
            _close_checkouts(doing, answer.data)
        done += 1
    if not limited:  # the latest entry may be one of another location
        await _add_last_actors(doing.shop, failed)
    return successful


def _close_checkouts(doing: RequestChanges, change: SkuChange) -> None:
    """Closes the checkouts of released holds."""
    if doing.shop.checkouts is not None and not doing.dry_run:
        for hold in change.ended:
            doing.shop.checkouts.close_later(hold.reservation_id)


def _make(actor: str, sku: str, location: str, change: Change, change_id: str) -> SkuCommands:
    return chain(sku, change, location=location, actor=actor, cause=change_id)


async def _add_last_actors(context: AppContext, failed: list[dict[str, Any]]) -> None:
    """Adds the last actor to stale rows."""
    stale = {
        sku_of(row["productId"], row["size"]): row for row in failed if row["code"] == Code.STALE
    }
    for sku, entry in (await latest_entries(context.engine, stale)).items():
        stale[sku]["lastChange"] = {
            "at": iso(entry.at),
            "actor": entry.actor,
            "kind": entry.kind,
            "reason": entry.reason,
        }


def _results(
    doing: RequestChanges,
    successful: list[dict[str, Any]],
    failed: list[dict[str, Any]],
    message: str,
    ignored: list[str],
    **more: Any,
) -> Response:
    return json_response(
        {
            "success": bool(successful) or not failed,
            "message": message,
            **named_change(doing.change_id),
            **more,
            **({"ignored": ignored[:LISTED_MAX]} if ignored else {}),
            "results": {
                "successful": len(successful),
                "failed": len(failed),
                "details": {"successful": successful, "failed": failed},
            },
        }
    )


@router.post(
    "/bulk-update",
    summary="Update the stock of many sizes at once (owner)",
    dependencies=[requires("stock", in_body=True, by_location=True)],
    response_model=BulkUpdate,
    responses=refusals(404, 409),
    openapi_extra=msgspec_body(wire.BulkBody, BULK_EXAMPLE),
)
async def bulk_update(
    context: Context, request: Call, actor: Caller, repeat_key: KeyHeader = None
) -> Any:
    """Makes one change to every matching size; `dryRun` returns the changes without making them."""
    body, ignored = parse_open(_bulk_body, wire.BulkBody, await request.body())
    change = _bulk_change(body)
    key = None if body.dry_run else request_key(request, actor.name)
    mark = ""
    if key is not None:
        mark = request_fingerprint(request, wire.encode([body.action, body.filter, body.changes]))
    chosen = body.filter.location
    location = DEFAULT_LOCATION if isinstance(chosen, msgspec.UnsetType) else chosen
    check_units_only(actor, location, change)
    if location not in context.engine.view.locations:
        raise unknown_location(location)
    skus = await _chosen(context, body)
    if key is not None:
        # A retry applies to the sizes chosen by the first attempt: the filter may now match others.
        answer = await context.engine.submit(
            StoreResult(
                texts=tuple(skus),
                command_id=key.id,
                former_id=key.former,
                digest=mark,
                actor=actor.name,
            )
        )
        if isinstance(answer, Refused):
            raise refusal(answer)
        skus = answer.data
        key = key.about("rows")
    changes = [(sku, location, change) for sku in skus]
    failed: list[dict[str, Any]] = []
    doing = RequestChanges(
        context, actor.name, body.action, body.changes.reason, key, mark, dry_run=body.dry_run
    )
    limited = bool(actor.locations)
    numbers = list(range(len(changes)))
    successful = await _run(doing, changes, numbers, failed, limited=limited)
    request.about = (
        f"{body.action}{' (dry run)' if body.dry_run else ''}: {counted(len(successful), 'size')}"
    )
    verb = "Would update" if body.dry_run else "Updated"
    return _results(
        doing,
        successful,
        failed,
        f"{verb} {counted(len(successful), 'inventory item')}",
        ignored,
        action=body.action,
        dryRun=body.dry_run,
    )


async def _chosen(context: AppContext, body: wire.BulkBody) -> list[str]:
    """The SKUs that match the filter now, in the owner's order."""
    given = body.filter
    categories = [given.category] if isinstance(given.category, str) else given.category
    wanted = Filter(
        categories=_set(categories, normal_form),
        product_ids=_set(given.product_ids, context.spelling.product),
        low_stock_only=given.low_stock_only,
        skus=_set(given.skus, context.spelling.key),
        statuses=_set(given.status),
        words=tuple(normal_form(given.q).lower().split()),
    )
    table = context.stock_rows
    if not isinstance(given.location, msgspec.UnsetType):
        table = table.at(given.location)
    rows = await table.choose(RowQuery(wanted))
    return [row.item.sku for row in rows if body.action != "reset" or row.stock.reserved]


def _set(texts: Sequence[str] | None, spelled: Callable[[str], str] = str) -> frozenset[str] | None:
    return None if texts is None else frozenset(map(spelled, texts))


def _bulk_change(body: wire.BulkBody) -> Change:
    """The change of each size. Raises Problem 422 if action and changes do not match."""
    given = body.changes
    restock_date = restock_date_of(given.restock_date)
    settings = (given.low_stock_threshold, given.sold_out) != (None, None) or not isinstance(
        restock_date, Unchanged
    )
    match body.action:
        case "set":
            if given.stock is None and not settings:
                raise Problem(
                    422, "invalid_request", "`set` requires `changes`, for example stock: 10."
                )
            if given.stock is not None and given.stock < 0:
                raise Problem(422, "invalid_request", "Stock cannot be set below zero.")
            return Change(
                count=given.stock,
                low_stock_threshold=given.low_stock_threshold,
                sold_out=given.sold_out,
                restock_date=restock_date,
                reason=given.reason,
            )
        case "adjust":
            if given.stock is None or settings:
                raise Problem(
                    422,
                    "invalid_request",
                    "`adjust` requires `changes.stock` and nothing else, for example -5 or 10.",
                )
            return Change(adjust=given.stock, reason=given.reason)
        case "reset":
            return Change(reserved=0, reason=given.reason or "reset by the owner")
        case _:
            raise Problem(422, "invalid_request", "action must be set, adjust or reset.")
