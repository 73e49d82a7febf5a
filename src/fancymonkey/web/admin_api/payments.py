"""Payments over HTTP, for the owner: issues, Stripe events, and reconciliation."""

import heapq
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from fancymonkey.accounts.model import Right
from fancymonkey.core.model import Event, Line
from fancymonkey.core.outcomes import Refused
from fancymonkey.core.payments.issue_titles import ISSUE_TITLES
from fancymonkey.core.payments.refunds import ResolveIssue
from fancymonkey.core.payments.rows import IssueStatus, JobRun, PaymentIssue
from fancymonkey.payments.basket import major_units
from fancymonkey.payments.gateway import Paid
from fancymonkey.payments.refunds import give_due, payment_issues
from fancymonkey.services.job_definitions import RECONCILE
from fancymonkey.timestamps import iso
from fancymonkey.web.admin_api.holds import named
from fancymonkey.web.admin_api.jobs import run_job
from fancymonkey.web.admin_api.row_query import Query
from fancymonkey.web.auth.authorize import require
from fancymonkey.web.context import AppContext
from fancymonkey.web.http.messages import Problem, Request, Response, ok, parse
from fancymonkey.web.http.refusals import refusal
from fancymonkey.web.http.wire import Id, LineBody, Text, encode, line_out
from fancymonkey.web.routing.router import note

LISTED = 100
LISTED_MAX = 1000


class SettleBody(Struct, rename="camel"):
    """The resolution of a payment issue: units to return now, and whether it is closed.

    `then`: `done`, `dismissed`, or `refund` for a refund by the shop.
    """

    matter_id: Id
    returned: Annotated[list[LineBody], Meta(max_length=100)] = []
    then: Literal["done", "dismissed", "refund"] | None = None
    note: Text = ""


_settle = msgspec.json.Decoder(SettleBody)


async def list_events(context: AppContext, request: Request) -> Response:
    """Returns the received Stripe events and their outcomes, the newest first."""
    await require(context, request, "read")
    rows = [row async for row in context.engine.store.scan(Event)]
    newest = heapq.nlargest(_limit(request), rows, key=lambda row: (row.received_at, row.event_id))
    return ok(encode({"success": True, "events": [_event_out(row) for row in newest]}))


async def list_matters(context: AppContext, request: Request) -> Response:
    """Returns payment issues: open and due ones first, then the newest."""
    actor = await require(context, request, "read")
    revision = context.engine.view.revision
    found = sorted(await payment_issues(context.engine), key=lambda row: row.closed_at is not None)
    shown = found[: _limit(request)]
    waits = [row.payment for row in shown if row.progress is IssueStatus.OPEN]
    told = await context.payers.of(waits)
    private = not actor.right.covers(Right.STOCK)
    rows = [_matter_out(context, row, told.get(row.payment), private=private) for row in shown]
    waiting = sum(row.closed_at is None for row in found)
    return ok(encode({"success": True, "matters": rows, "open": waiting, "revision": revision}))


async def settle_matter(context: AppContext, request: Request) -> Response:
    """Resolves an issue: returns units to stock, refunds, or dismisses it."""
    actor = await require(context, request, "stock")
    body = parse(_settle, await request.body())
    issue = await context.engine.store.find(PaymentIssue, body.matter_id)
    due = issue is not None and issue.progress is IssueStatus.DUE
    if due or body.then == "refund":  # only an owner may refund
        await require(context, request, "admin")
    lines = tuple(
        Line(context.spelling.sku(row.product_id, row.size), row.quantity) for row in body.returned
    )
    if not lines and body.then is None:
        raise Problem(422, "invalid_request", "Send the units to return, or the resolution.")
    then = IssueStatus.DUE if body.then == "refund" else body.then and IssueStatus(body.then)
    if then is IssueStatus.DUE and context.checkouts is None:
        raise Problem(
            503, "not_configured", "Refunds are not configured. Set STRIPE_SECRET_KEY and restart."
        )
    answer = await context.engine.submit(
        ResolveIssue(
            matter_id=body.matter_id,
            returned=lines,
            then=then or None,
            note=body.note,
            actor=actor.name,
        )
    )
    if isinstance(answer, Refused):
        raise refusal(answer)
    if then is IssueStatus.DUE and context.checkouts is not None:
        await give_due(context.engine, context.checkouts.gateway)
    issues = await payment_issues(context.engine)
    found = [row for row in issues if row.matter_id == body.matter_id]
    context.payers.forget(found[0].payment)
    told = await context.payers.of([found[0].payment])
    matter_out = _matter_out(context, found[0], told.get(found[0].payment))
    return ok(encode({"success": True, "matter": matter_out}))


async def reconcile(context: AppContext, request: Request) -> Response:
    """Compares Stripe with the ledger now, and corrects missed events."""
    await require(context, request, "stock", secret=context.settings.accounts.cron_secret)
    return await _reconciled(context)


async def _reconciled(context: AppContext) -> Response:
    if context.reconciler is None:
        raise Problem(
            503,
            "not_configured",
            "Stripe is not configured. Set STRIPE_SECRET_KEY and restart.",
        )
    result = (await run_job(context, RECONCILE, join=True)).done
    return ok(encode({"success": True, "report": result.report, "message": result.message}))


async def reconcile_cron(context: AppContext, request: Request) -> Response:
    """The same for platforms whose schedules send GET with a bearer secret."""
    await require(
        context, request, "stock", secret=context.settings.accounts.cron_secret, cookie=False
    )
    response = await _reconciled(context)
    if request.actor is not None:  # the router records only POST requests in the audit log
        await note(context, request, response.status)
    return response


async def list_runs(context: AppContext, request: Request) -> Response:
    """Returns the latest runs of all jobs, or of one `job`, the newest first."""
    await require(context, request, "read")
    limit, job = _limit(request), Query(request).text("job")
    rows = [row async for row in context.engine.store.scan(JobRun)]
    meant = [row for row in rows if job is None or row.job == job]
    newest = heapq.nlargest(limit, meant, key=lambda row: row.started_at)
    return ok(encode({"success": True, "runs": [_run_out(row) for row in newest]}))


def _limit(request: Request) -> int:
    return Query(request).number("limit", LISTED, 1, LISTED_MAX)


def _event_out(row: Event) -> dict[str, Any]:
    return {
        "id": row.event_id,
        "type": row.type,
        "objectId": row.object_id,
        "receivedAt": iso(row.received_at),
        "outcome": row.outcome,
    }


def _matter_out(
    context: AppContext, row: PaymentIssue, told: Paid | None, *, private: bool = False
) -> dict[str, Any]:
    """A payment issue; `private` hides the buyer's address from the caller."""
    lines = [named(context.engine, line_out((line.sku, line.quantity))) for line in row.lines]
    return {
        "id": row.matter_id,
        "concern": row.concern,
        "title": ISSUE_TITLES[row.concern],
        "progress": row.progress,
        "reservationId": row.reservation_id,
        "payment": row.payment,
        "lines": lines,
        "paid": None if told is None else _paid_out(told, private=private),
        "openedAt": iso(row.opened_at),
        "closedAt": None if row.closed_at is None else iso(row.closed_at),
        "note": row.note,
    }


def _paid_out(told: Paid, *, private: bool) -> dict[str, Any]:
    return {
        "amount": major_units(told.amount, told.currency),
        "refunded": major_units(told.refunded, told.currency),
        "currency": told.currency,
        "buyer": None if private else told.buyer,
        "at": iso(told.at),
    }


def _run_out(row: JobRun) -> dict[str, Any]:
    return {
        "job": row.job,
        "startedAt": iso(row.started_at),
        "tookMs": row.took,
        "outcome": row.outcome,
        "report": msgspec.Raw(row.report.encode()),
    }
