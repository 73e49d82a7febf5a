"""Transfers over HTTP: plan, send, receive, close, cancel, and the list of them."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from fancymonkey.accounts.model import Actor
from fancymonkey.core.command import Command
from fancymonkey.core.model import Line
from fancymonkey.core.transfers.edit import CreateTransfer, EditTransfer
from fancymonkey.core.transfers.finish import CancelTransfer, CloseTransfer
from fancymonkey.core.transfers.receive import ReceivedLine, ReceiveTransfer
from fancymonkey.core.transfers.send import SendTransfer
from fancymonkey.core.transfers.transfer import Missing, RejectTo, Transfer
from fancymonkey.core.transfers.undo_receipt import UndoReceipt
from fancymonkey.services.locations.transfers import (
    day_or_time,
    find_transfers,
    listed_json,
    new_transfer_id,
    overdue_transfers,
    run_transfer,
)
from fancymonkey.web.admin_api.locations.transfer_models import (
    CancelTransferBody,
    ChangedTransfer,
    ChangeTransferBody,
    Choice,
    CloseTransferBody,
    CreateTransferBody,
    ReceiveTransferBody,
    SendTransferBody,
    TransferLineBody,
    TransferList,
    UndoReceiptBody,
)
from fancymonkey.web.auth.location_limits import check_locations, sees_any
from fancymonkey.web.context import AppContext
from fancymonkey.web.http.bodies.json_body import json_response
from fancymonkey.web.http.messages import Problem
from fancymonkey.web.http.problems.refusals import request_fingerprint
from fancymonkey.web.http.query_params import LIMIT, PAGE, Page, Text, Words
from fancymonkey.web.read_models.stock_listing import unknown_location
from fancymonkey.web.routing.access import requires
from fancymonkey.web.routing.authorized_route import AuthorizedRoute
from fancymonkey.web.routing.dependencies import Call, Caller, Context, IdempotencyKey
from fancymonkey.web.routing.described import refusals

router = APIRouter(prefix="/api/admin/transfers", tags=["transfers"], route_class=AuthorizedRoute)
CHANGE: dict[str, Any] = {
    "dependencies": [requires("stock", by_location=True)],
    "response_model": ChangedTransfer,
    "responses": refusals(404, 409),
}


class TransferRequest:
    """Runs the command of one request, which may be repeated with its key."""

    def __init__(
        self, context: AppContext, call: Call, actor: Actor, key: IdempotencyKey, digest: str
    ) -> None:
        self.context = context
        self.actor = actor
        self._call = call
        self._common: dict[str, Any] = {
            "actor": actor.name,
            "command_id": None if key is None else key.id,
            "former_id": None if key is None else key.former,
            "digest": digest,
        }

    async def run(self, command: type[Command], **fields: Any) -> Response:
        """Submits the command. Returns the transfer afterwards. Raises ChangeRefused."""
        done = await run_transfer(self.context.engine, command(**self._common, **fields))
        transfer = done["transfer"]
        self._call.about = f"transfer {transfer['number']}: {transfer['status']}"
        return json_response(done)

    async def check(self, transfer_id: str, *ends: Literal["from", "to"]) -> None:
        """Raises Problem 403 unless a limited caller may act for these ends of a transfer.

        A transfer between other locations does not exist for the caller: 404.
        """
        if not self.actor.locations:
            return
        transfer = await self.context.engine.store.find(Transfer, transfer_id)
        if transfer is None:
            return  # the command is refused
        locations = {"from": transfer.from_location, "to": transfer.to_location}
        if not sees_any(self.actor, locations.values()):
            raise Problem(404, "unknown_transfer", "No such transfer.", transferId=transfer_id)
        check_locations(self.actor, *(locations[end] for end in ends))

    def lines(self, rows: Sequence[TransferLineBody]) -> tuple[Line, ...]:
        """The lines of a body. Raises Problem 404 for a product id with a slash."""
        return tuple(Line(self.sku(row.product_id, row.size), row.quantity) for row in rows)

    def sku(self, product_id: str, size: str) -> str:
        """The key of a size. Raises Problem 404 for a product id with a slash."""
        if "/" in product_id:
            raise Problem(404, "unknown_item", "No such product or size.")
        return self.context.spelling.sku(product_id, size)

    def expected_at(self, text: str | None) -> int | None:
        """A time in ms: of a day its end in the shop's zone; 0 for an empty text, None for none.

        Raises Problem 422.
        """
        if not text:
            return None if text is None else 0
        try:
            at = day_or_time(text, self.context.engine.zone)
        except (ValueError, OverflowError):
            at = -1
        if at < 0:
            raise Problem(
                422,
                "invalid_request",
                "expectedAt must be a time such as 2026-01-31 or 2026-01-31T12:00:00Z.",
            )
        return at


async def this_request(
    context: Context, request: Request, call: Call, actor: Caller, key: IdempotencyKey
) -> TransferRequest:
    """The request with its actor, its key and the digest of its body."""
    digest = "" if key is None else request_fingerprint(call, await request.body())
    return TransferRequest(context, call, actor, key, digest)


Doing = Annotated[TransferRequest, Depends(this_request)]


@router.get(
    "",
    summary="List transfers",
    dependencies=[requires("read", by_location=True)],
    response_model=TransferList,
    responses=refusals(404),
)
async def list_transfers(
    context: Context,
    actor: Caller,
    status: Annotated[
        Choice, Query(description="A status, or `open`, `overdue` or `all`; `open` by default")
    ] = "open",
    location: Annotated[
        Text | None, Query(description="Only transfers from or to this location")
    ] = None,
    id: Annotated[Text | None, Query(description="Only the transfer with this id")] = None,
    limit: Annotated[Page, Query(description=LIMIT)] = PAGE,
    after: Annotated[Words, Query(description="`next` of the previous page")] = "",
) -> Any:
    """Returns transfers, the newest first, and the numbers of all that are overdue."""
    engine, revision = context.engine, context.engine.view.revision
    if location is not None:
        check_locations(actor, location)
        if location not in engine.view.locations:
            raise unknown_location(location)
    locations = actor.locations if location is None else (location,)
    rows: list[Transfer] = []
    following = None
    if id is not None:
        row = await engine.store.find(Transfer, id)
        seen = row is not None and sees_any(actor, (row.from_location, row.to_location))
        rows = [row] if row is not None and seen else []
    else:
        async for row in find_transfers(engine, status, locations, after):
            if len(rows) == limit:
                following = rows[-1].transfer_id
                break
            rows.append(row)
    overdue = await overdue_transfers(engine, locations)
    return json_response(
        {
            "success": True,
            "transfers": [listed_json(engine, row) for row in rows],
            "overdue": overdue.as_json(),
            "locations": [
                {"id": row.key, "name": row.name}
                for row in engine.view.locations.values()
                if row.active
            ],
            "currency": context.settings.payments.currency,
            "next": following,
            "revision": revision,
        }
    )


@router.post("", summary="Plan a transfer", **CHANGE)
async def create_transfer(doing: Doing, body: CreateTransferBody) -> Any:
    """Plans a transfer between two locations; no unit moves yet."""
    check_locations(doing.actor, body.from_)
    return await doing.run(
        CreateTransfer,
        transfer_id=new_transfer_id(doing.context.engine),
        from_location=body.from_,
        to_location=body.to,
        lines=doing.lines(body.lines),
        tracking_number=body.tracking_number,
        expected_at=doing.expected_at(body.expected_at) or None,
        note=body.note,
    )


@router.put("", summary="Change a transfer", **CHANGE)
async def change_transfer(doing: Doing, body: ChangeTransferBody) -> Any:
    """Changes a draft, or the date, tracking number and note of a transfer on its way."""
    await doing.check(body.id, "from")
    return await doing.run(
        EditTransfer,
        transfer_id=body.id,
        version=body.version,
        lines=None if body.lines is None else doing.lines(body.lines),
        tracking_number=body.tracking_number,
        expected_at=doing.expected_at(body.expected_at),
        note=body.note,
    )


@router.post("/send", summary="Send a transfer", **CHANGE)
async def send_transfer(doing: Doing, body: SendTransferBody) -> Any:
    """Takes free units from the source into transit: all of them or none."""
    await doing.check(body.id, "from")
    return await doing.run(
        SendTransfer,
        transfer_id=body.id,
        version=body.version,
        lines=None if body.lines is None else doing.lines(body.lines),
        tracking_number=body.tracking_number,
        expected_at=doing.expected_at(body.expected_at),
    )


@router.post("/receive", summary="Receive units of a transfer", **CHANGE)
async def receive_transfer(doing: Doing, body: ReceiveTransferBody) -> Any:
    """Accepts or rejects units that arrived; the others stay in transit."""
    await doing.check(body.id, "to")
    if any(row.rejected and row.rejected_to == "back" for row in body.lines):
        await doing.check(body.id, "from")
    lines = tuple(
        ReceivedLine(
            doing.sku(row.product_id, row.size),
            row.accepted,
            row.rejected,
            RejectTo(row.rejected_to),
        )
        for row in body.lines
    )
    return await doing.run(
        ReceiveTransfer,
        transfer_id=body.id,
        version=body.version,
        lines=lines,
        reason=body.reason,
        tolerance=doing.context.settings.stock.transfer_tolerance,
    )


@router.post("/undo-receipt", summary="Undo a receipt of a transfer", **CHANGE)
async def undo_receipt(doing: Doing, body: UndoReceiptBody) -> Any:
    """Puts the units of a receipt back into transit by further entries."""
    await doing.check(body.id, "to")
    transfer = await doing.context.engine.store.find(Transfer, body.id)
    receipts = () if transfer is None else transfer.receipts
    if any(
        body.receipt in (None, row.number)
        and not row.undone
        and row.rejected
        and row.rejected_to is RejectTo.BACK
        for row in receipts
    ):
        await doing.check(body.id, "from")
    return await doing.run(
        UndoReceipt, transfer_id=body.id, version=body.version, receipt=body.receipt
    )


@router.post("/close", summary="Close a transfer whose units did not all arrive", **CHANGE)
async def close_transfer(doing: Doing, body: CloseTransferBody) -> Any:
    """Books the units that did not arrive: lost, back at the source, or found."""
    await doing.check(body.id, "from" if body.outcome == "came_back" else "to")
    return await doing.run(
        CloseTransfer,
        transfer_id=body.id,
        version=body.version,
        outcome=Missing(body.outcome),
        lines=None if body.lines is None else doing.lines(body.lines),
        reason=body.reason,
    )


@router.post("/cancel", summary="Cancel a transfer", **CHANGE)
async def cancel_transfer(doing: Doing, body: CancelTransferBody) -> Any:
    """Ends a transfer before its first receipt."""
    await doing.check(body.id, "from")
    return await doing.run(
        CancelTransfer,
        transfer_id=body.id,
        version=body.version,
        outcome=None if body.outcome is None else Missing(body.outcome),
        reason=body.reason,
    )
