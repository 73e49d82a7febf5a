"""What the owner changes over HTTP: update and bulk-update."""

import asyncio
from datetime import datetime
from typing import Any

import msgspec

from fancymonkey.core.adjust import UNCHANGED, Unchanged
from fancymonkey.core.bulk import Change, Filter, chain, chunks, select
from fancymonkey.core.execute import Chain, DryRun
from fancymonkey.core.model import Kind, sku_of, split_sku
from fancymonkey.core.outcomes import Refused
from fancymonkey.core.record import Remember
from fancymonkey.web import wire
from fancymonkey.web.access import require_password
from fancymonkey.web.answers import command_id, digest, refusal
from fancymonkey.web.http import Call, Problem, Reply, ok, parse
from fancymonkey.web.shop import Shop

_update_body = msgspec.json.Decoder(wire.UpdateBody)
_update_row = msgspec.json.Decoder(wire.UpdateRow)
_bulk_body = msgspec.json.Decoder(wire.BulkBody)


async def update(shop: Shop, call: Call) -> Reply:
    """Changes sizes row by row; each row succeeds or fails on its own and says why."""
    raw = await call.body()
    body = parse(_update_body, raw)
    actor = await require_password(shop, call, "stock", body.password)
    key = command_id(call)
    mark = "" if key is None else digest(call, b",".join(bytes(row) for row in body.updates))
    failed: list[dict[str, Any]] = []
    chains, places = [], []
    for number, row in enumerate(body.updates):
        try:
            chains.append(_row_chain(parse(_update_row, bytes(row)), actor.name))
            places.append(number)
        except Problem as problem:
            failed.append({"index": number, **_names(row), **_reason(problem)})
    successful = await _run(shop, chains, places, failed, key, mark)
    failed.sort(key=lambda row: row["index"])
    call.about = f"{len(successful)} sizes changed, {len(failed)} refused"
    return _results(successful, failed, f"Updated {len(successful)} inventory items")


def _row_chain(row: wire.UpdateRow, actor: str) -> Chain:
    """The commands of one row. Raises Problem where the row makes no sense."""
    if row.stock is not None and row.adjust_stock is not None:
        raise Problem(422, "conflicting_fields", "Give either stock or adjustStock, not both.")
    if row.expected is not None and row.stock is None:
        raise Problem(422, "conflicting_fields", "`expected` goes with `stock`.")
    if row.receipt and (row.adjust_stock is None or row.adjust_stock < 1):
        raise Problem(422, "conflicting_fields", "`receipt` goes with an adjustStock above 0.")
    if "/" in row.product_id:
        raise Problem(404, "unknown_item", "There is no such product or size.")
    change = Change(
        count=row.stock,
        expected=row.expected,
        adjust=row.adjust_stock,
        kind=Kind.RECEIVED if row.receipt else Kind.ADJUSTED,
        reserved=row.reserved,
        low_stock_threshold=row.low_stock_threshold,
        sold_out=row.sold_out,
        restock_date=_restock_date(row.restock_date),
        reason=row.reason,
    )
    found = chain(sku_of(row.product_id, row.size), change, actor=actor, cause="update")
    if not found.commands:
        raise Problem(
            422,
            "nothing_to_do",
            "Give stock, adjustStock, reserved, lowStockThreshold, soldOut or restockDate.",
        )
    return found


def _restock_date(text: str | msgspec.UnsetType | None) -> str | Unchanged | None:
    if isinstance(text, msgspec.UnsetType):
        return UNCHANGED
    if text is not None:
        try:
            datetime.fromisoformat(text)
        except ValueError:
            raise Problem(
                422, "invalid_request", "restockDate is an ISO 8601 date, or null."
            ) from None
    return text


def _names(row: msgspec.Raw) -> dict[str, Any]:
    """What a bad row calls itself, as far as it can be read."""
    try:
        found = msgspec.json.decode(row)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {name: found[name] for name in ("productId", "size") if isinstance(found.get(name), str)}


def _reason(problem: Problem) -> dict[str, Any]:
    return {"code": problem.code, "reason": problem.detail}


async def _run(
    shop: Shop,
    chains: list[Chain],
    places: list[int],
    failed: list[dict[str, Any]],
    key: str | None,
    mark: str,
    *,
    dry_run: bool = False,
) -> list[dict[str, Any]]:
    """Runs the chains; returns the rows that went well and adds the others to `failed`."""
    successful: list[dict[str, Any]] = []
    done = 0
    for many in chunks(chains, key, mark):
        answer = await shop.engine.submit(DryRun(command=many) if dry_run else many)
        if isinstance(answer, Refused):
            raise refusal(answer)
        for part, row in zip(many.commands, answer.data["rows"], strict=True):
            assert isinstance(part, Chain)
            if "accepted" in row:
                successful.append(_row_out(row["accepted"]))
            else:
                failed.append(_failed_out(places[done], part.sku, row))
            done += 1
        await asyncio.sleep(0)  # others first
    return successful


def _row_out(data: dict[str, Any]) -> dict[str, Any]:
    before = data["before"]
    return {
        **wire.stock_out(data),
        "previous": None if before is None else wire.stock_out(before),
        "holdsEnded": data["ended"],
    }


def _failed_out(index: int, sku: str, row: dict[str, Any]) -> dict[str, Any]:
    product_id, size = split_sku(sku)
    detail = row["detail"][0] if isinstance(row["detail"], list) else row["detail"]
    return {
        "index": index,
        "productId": product_id,
        "size": size,
        "code": row["refused"],
        "reason": row["message"],
        **{name: value for name, value in (detail or {}).items() if name != "sku"},
    }


def _results(
    successful: list[dict[str, Any]], failed: list[dict[str, Any]], message: str, **more: Any
) -> Reply:
    return ok(
        wire.encode(
            {
                "success": bool(successful) or not failed,
                "message": message,
                **more,
                "results": {
                    "successful": len(successful),
                    "failed": len(failed),
                    "details": {"successful": successful, "failed": failed},
                },
            }
        )
    )


async def bulk_update(shop: Shop, call: Call) -> Reply:
    """One change to every size that a filter means; `dryRun` says what would change, and stops."""
    body = parse(_bulk_body, await call.body())
    actor = await require_password(shop, call, "stock", body.password)
    change = _bulk_change(body)
    key = None if body.dry_run else command_id(call)
    mark = ""
    if key is not None:
        mark = digest(call, wire.encode([body.action, body.filter, body.changes]))
    skus = _chosen(shop, body)
    if key is not None:
        # What the first attempt chose is what a retry means: by then a filter may find others.
        answer = await shop.engine.submit(
            Remember(texts=tuple(skus), command_id=key, digest=mark, actor=actor.name)
        )
        if isinstance(answer, Refused):
            raise refusal(answer)
        skus = answer.data
        key = f"{key} rows"  # no key holds a space
    cause = f"bulk-update {body.action}"
    chains = [chain(sku, change, actor=actor.name, cause=cause) for sku in skus]
    failed: list[dict[str, Any]] = []
    places = list(range(len(chains)))
    successful = await _run(shop, chains, places, failed, key, mark, dry_run=body.dry_run)
    call.about = f"{cause}{' (dry run)' if body.dry_run else ''}: {len(successful)} sizes"
    verb = "Would update" if body.dry_run else "Updated"
    return _results(
        successful,
        failed,
        f"{verb} {len(successful)} inventory items",
        action=body.action,
        dryRun=body.dry_run,
    )


def _chosen(shop: Shop, body: wire.BulkBody) -> list[str]:
    """The SKUs that the filter means now, in the owner's order."""
    view, wanted = shop.engine.view, body.filter
    ids = None if wanted.product_ids is None else frozenset(wanted.product_ids)
    rows = select(
        view.stocked(None if ids is None else [id_ for id_ in view.order if id_ in ids]),
        Filter(wanted.category, ids, wanted.low_stock_only),
    )
    return [row.item.sku for row in rows if body.action != "reset" or row.level.reserved]


def _bulk_change(body: wire.BulkBody) -> Change:
    """What to do with each size. Raises Problem 422 where action and changes do not fit."""
    given = body.changes
    restock_date = _restock_date(given.restock_date)
    rest = (given.low_stock_threshold, given.sold_out) != (None, None) or not isinstance(
        restock_date, Unchanged
    )
    match body.action:
        case "set":
            if given.stock is None and not rest:
                raise Problem(422, "invalid_request", "`set` needs changes, such as stock: 10.")
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
            if given.stock is None or rest:
                raise Problem(
                    422, "invalid_request", "`adjust` needs changes.stock, as -5 or 10, alone."
                )
            return Change(adjust=given.stock, reason=given.reason)
        case "reset":
            return Change(reserved=0, reason=given.reason or "reset by the owner")
        case _:
            raise Problem(422, "invalid_request", "action is set, adjust or reset.")
