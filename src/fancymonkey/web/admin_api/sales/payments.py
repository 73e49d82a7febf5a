"""Payments over HTTP, for the owner: issues, Stripe events, and reconciliation."""

import heapq
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query

from fancymonkey.accounts.model import Right
from fancymonkey.core.model import Event, Line
from fancymonkey.core.outcomes import Refused
from fancymonkey.core.payments.currencies import major_units
from fancymonkey.core.payments.issue_titles import ISSUE_TITLES
from fancymonkey.core.payments.refunds import ResolveIssue
from fancymonkey.core.payments.rows import IssueStatus, JobRun, PaymentIssue
from fancymonkey.engine.job_names import RECONCILE, present_job
from fancymonkey.engine.job_runs import present_run
from fancymonkey.payments.gateway import Paid
from fancymonkey.payments.refunds import give_due, payment_issues
from fancymonkey.timestamps import iso
from fancymonkey.web.admin_api.operation.jobs import run_job
from fancymonkey.web.admin_api.sales.holds import line_out
from fancymonkey.web.admin_api.sales.payment_models import (
    EventList,
    EventOut,
    IssueList,
    IssueOut,
    PaidOut,
    Reconciled,
    RunList,
    RunOut,
    SettleBody,
    SettledIssue,
)
from fancymonkey.web.auth.authorize import require
from fancymonkey.web.context import AppContext
from fancymonkey.web.http.bodies.json_body import json_response
from fancymonkey.web.http.messages import Problem
from fancymonkey.web.http.problems.refusals import refusal
from fancymonkey.web.http.query_params import LIMIT, PAGE, Page, Text
from fancymonkey.web.routing.access import requires
from fancymonkey.web.routing.authorized_route import AuthorizedRoute
from fancymonkey.web.routing.dependencies import Call, Caller, Context
from fancymonkey.web.routing.described import refusals

router = APIRouter(prefix="/api/payments", tags=["payments"], route_class=AuthorizedRoute)
Limit = Annotated[Page, Query(description=LIMIT)]
COMPARE = "Compare Stripe with the ledger now, and correct missed events"


@router.get(
    "/events",
    summary="List Stripe events and their outcomes (owner)",
    dependencies=[requires("read")],
)
async def list_events(context: Context, limit: Limit = PAGE) -> EventList:
    """Returns the received Stripe events and their outcomes, the newest first."""
    newest: list[tuple[int, str, Event]] = []
    async for row in context.engine.store.scan(Event):
        heapq.heappush(newest, (row.received_at, row.event_id, row))
        if len(newest) > limit:
            heapq.heappop(newest)
    return {
        "success": True,
        "events": [_event_out(row) for _, _, row in sorted(newest, reverse=True)],
    }


@router.get(
    "/issues",
    summary="List payment issues (owner)",
    dependencies=[requires("read")],
    response_model=IssueList,
)
async def list_issues(context: Context, actor: Caller, limit: Limit = PAGE) -> Any:
    """Returns payment issues: open and due ones first, then the newest."""
    revision = context.engine.view.revision
    issues = sorted(await payment_issues(context.engine), key=lambda row: row.closed_at is not None)
    shown = issues[:limit]
    waits = [row.payment for row in shown if row.progress is IssueStatus.OPEN]
    paid = await context.payers.of(waits)
    private = not actor.right.covers(Right.STOCK)
    rows = [_issue_out(context, row, paid.get(row.payment), private=private) for row in shown]
    waiting = sum(row.closed_at is None for row in issues)
    return json_response(IssueList(success=True, issues=rows, open=waiting, revision=revision))


@router.post(
    "/issues/settle",
    summary="Resolve a payment issue: return units to stock, refund, or dismiss (owner)",
    dependencies=[requires("stock")],
    response_model=SettledIssue,
    responses=refusals(404, 409),
)
async def settle_issue(context: Context, request: Call, actor: Caller, body: SettleBody) -> Any:
    """Resolves an issue: returns units to stock, refunds, or dismisses it."""
    issue = await context.engine.store.find(PaymentIssue, body.issue_id)
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
            issue_id=body.issue_id,
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
    resolved = [row for row in issues if row.issue_id == body.issue_id]
    context.payers.forget(resolved[0].payment)
    paid = await context.payers.of([resolved[0].payment])
    issue_out = _issue_out(context, resolved[0], paid.get(resolved[0].payment))
    return json_response(SettledIssue(success=True, issue=issue_out))


@router.post("/reconcile", summary=COMPARE, dependencies=[requires("stock", schedule=True)])
async def reconcile(context: Context) -> Reconciled:
    """Compares Stripe with the ledger now, and corrects missed events."""
    return await _reconciled(context)


@router.get(
    "/reconcile",
    summary=COMPARE,
    dependencies=[requires("stock", schedule=True, cookie=False)],
)
async def reconcile_cron(context: Context) -> Reconciled:
    """The same for platforms whose schedules send GET with a bearer secret."""
    return await _reconciled(context)


async def _reconciled(context: AppContext) -> Reconciled:
    if context.reconciler is None:
        raise Problem(
            503,
            "not_configured",
            "Stripe is not configured. Set STRIPE_SECRET_KEY and restart.",
        )
    result = (await run_job(context, RECONCILE, join=True)).done
    return {"success": True, "report": result.report, "message": result.message}


@router.get("/runs", summary="List runs of jobs (owner)", dependencies=[requires("read")])
async def list_runs(
    context: Context,
    limit: Limit = PAGE,
    job: Annotated[Text | None, Query(description="Only runs of this job")] = None,
) -> RunList:
    """Returns the latest runs of all jobs, or of one `job`, the newest first."""
    rows = [present_run(row) async for row in context.engine.store.scan(JobRun)]
    meant = [row for row in rows if job is None or row.job == present_job(job)]
    newest = heapq.nlargest(limit, meant, key=lambda row: row.started_at)
    return {"success": True, "runs": [_run_out(row) for row in newest]}


def _event_out(row: Event) -> EventOut:
    return {
        "id": row.event_id,
        "type": row.type,
        "objectId": row.object_id,
        "receivedAt": iso(row.received_at),
        "outcome": row.outcome,
    }


def _issue_out(
    context: AppContext, row: PaymentIssue, paid: Paid | None, *, private: bool = False
) -> IssueOut:
    """A payment issue; `private` hides the buyer's address from the caller."""
    return {
        "id": row.issue_id,
        "concern": row.concern,
        "title": ISSUE_TITLES[row.concern],
        "progress": row.progress,
        "reservationId": row.reservation_id,
        "payment": row.payment,
        "lines": [line_out(context.engine, line) for line in row.lines],
        "paid": None if paid is None else _paid_out(paid, private=private),
        "openedAt": iso(row.opened_at),
        "closedAt": None if row.closed_at is None else iso(row.closed_at),
        "note": row.note,
    }


def _paid_out(paid: Paid, *, private: bool) -> PaidOut:
    return {
        "amount": major_units(paid.amount, paid.currency),
        "refunded": major_units(paid.refunded, paid.currency),
        "currency": paid.currency,
        "buyer": None if private else paid.buyer,
        "at": iso(paid.at),
    }


def _run_out(row: JobRun) -> RunOut:
    return {
        "job": row.job,
        "startedAt": iso(row.started_at),
        "tookMs": row.took,
        "outcome": row.outcome,
        "report": msgspec.json.decode(row.report),
    }
