"""The overview: stock, holds, days, open issues, and health."""

import asyncio
from datetime import UTC, tzinfo
from functools import partial
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query

from fancymonkey.core.catalogue.shared_ids import shared_ids
from fancymonkey.core.dates import DAY_MS
from fancymonkey.core.model import Event
from fancymonkey.core.payments.rows import IssueKind, IssueStatus, JobRun
from fancymonkey.core.state import FOREVER
from fancymonkey.engine.engine import Engine
from fancymonkey.engine.job_runs import runs_since
from fancymonkey.errors import StoreError
from fancymonkey.payments.refunds import payment_issues
from fancymonkey.timestamps import iso
from fancymonkey.web.admin_api.operation.overview_days import DAYS_MAX, overview_days
from fancymonkey.web.admin_api.operation.overview_models import (
    HealthPart,
    LastRun,
    Overview,
    OverviewHealth,
    OverviewHolds,
    OverviewIssues,
    OverviewStock,
    ServersHealth,
)
from fancymonkey.web.admin_api.operation.own_overview import own_overview
from fancymonkey.web.admin_api.sales.hold_filter import HoldFilter, live_holds
from fancymonkey.web.context import AppContext
from fancymonkey.web.http.bodies.json_body import json_response
from fancymonkey.web.http.messages import Problem
from fancymonkey.web.http.query_params import Text, WholeParam
from fancymonkey.web.read_models.location_totals import stock_of_locations
from fancymonkey.web.read_models.overview_cache import paused
from fancymonkey.web.read_models.row_query import RowQuery
from fancymonkey.web.read_models.stock_rows import totals
from fancymonkey.web.routing.access import requires
from fancymonkey.web.routing.authorized_route import AuthorizedRoute
from fancymonkey.web.routing.dependencies import Caller, Context

router = APIRouter(prefix="/api/admin", tags=["dashboard"], route_class=AuthorizedRoute)

DAYS = 30
STORE_SECONDS = 2.0
PROBLEMS_SHOWN = 20


@router.get(
    "/overview",
    summary="Get the overview of the shop",
    dependencies=[requires("read", by_location=True)],
    response_model=Overview,
)
async def overview(
    context: Context,
    actor: Caller,
    days: Annotated[
        int,
        WholeParam(1, DAYS_MAX),
        Query(description=f"Number of days, from 1 to {DAYS_MAX}; {DAYS} by default"),
    ] = DAYS,
    zone: Annotated[
        Text | None, Query(description="The time zone of the days; UTC by default")
    ] = None,
) -> Any:
    """Returns the overview, with the last days. A limited caller gets that of its locations."""
    engine, place = context.engine, _zone(zone)
    if actor.locations:
        return json_response(await own_overview(context, actor.locations, days, place))
    answer: Overview = {
        "success": True,
        "revision": engine.view.revision,
        "serverTime": iso(engine.clock()),
        "currency": context.settings.payments.currency,
        "stock": await _stock(context),
        "holds": _holds(engine),
        "days": await overview_days(context, days, place),
        "issues": await _issues(engine),
        "health": await _health(context),
    }
    if engine.view.has_several_locations:
        answer["locations"] = await context.overview_cache.cached(
            "locations", partial(stock_of_locations, engine.view)
        )
    return json_response(answer)


def _zone(name: str | None) -> tzinfo:
    """Returns the time zone of a name. Raises Problem 422."""
    if name is None or name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise Problem(
            422, "invalid_request", "zone must be a time zone such as Europe/Berlin."
        ) from None


async def _stock(context: AppContext) -> OverviewStock:
    _, rows = await context.stock_rows.rows(RowQuery())
    stock = await asyncio.to_thread(totals, rows)
    return {
        "products": len({row.stocked.product.product_id for row in rows}),
        "sizes": stock["rows"],
        "units": stock["stock"],
        "reserved": stock["reserved"],
        "available": stock["available"],
        "backordered": stock["backordered"],
        "low": stock["low"],
        "out": stock["out"],
        "value": stock["value"],
        "short": sum(row.units.short for row in rows),
    }


def _holds(engine: Engine) -> OverviewHolds:
    holds = live_holds(engine, HoldFilter())
    ends = holds[0][0] if holds and holds[0][0] < FOREVER else None
    return {
        "count": len(holds),
        "units": sum(units for _, _, units in holds),
        "nextEnds": None if ends is None else iso(ends),
    }


async def _issues(engine: Engine) -> OverviewIssues:
    waiting = [row for row in await payment_issues(engine) if row.closed_at is None]
    return {
        "open": sum(row.progress is IssueStatus.OPEN for row in waiting),
        "due": sum(row.progress is IssueStatus.DUE for row in waiting),
        "backorder": sum(row.concern is IssueKind.BACKORDER for row in waiting),
        "latePayment": sum(row.concern is IssueKind.LATE_PAYMENT for row in waiting),
    }


async def _health(context: AppContext) -> OverviewHealth:
    event = await context.overview_cache.cached("event", lambda: _last_event(context.engine))
    return {
        "store": await _store_health(context.engine),
        "catalogue": await _catalogue_health(context),
        "settings": {
            "ok": not context.settings.unknown_names,
            "problems": list(context.settings.unknown_names[:PROBLEMS_SHOWN]),
        },
        "webhook": {
            "configured": bool(context.settings.payments.stripe_webhook_secrets),
            "lastEvent": None if event is None else iso(event.received_at),
            "lastOutcome": None if event is None else event.outcome,
        },
        "reconcile": {
            "configured": context.reconciler is not None,
            **await _last_run(context, "reconcile"),
        },
        "proxy": {
            "ok": not context.request_metrics.untrusted_proxy,
            "requests": context.request_metrics.untrusted_proxy,
        },
        "backup": {
            "configured": context.settings.backup.backup_to is not None,
            **await _last_run(context, "backup"),
        },
        "servers": _servers_health(context),
    }


def _servers_health(context: AppContext) -> ServersHealth:
    cluster = context.cluster
    return {
        "role": "alone" if cluster is None else cluster.role,
        "since": None if cluster is None or not cluster.lease.since else iso(cluster.lease.since),
        "followers": 0 if cluster is None else cluster.decides_for or 0,
        "forwarded": 0 if cluster is None else cluster.forwarded,
        "behindMs": context.engine.lag,
    }


async def _store_health(engine: Engine) -> HealthPart:
    try:
        async with asyncio.timeout(STORE_SECONDS):
            # First: once a write works again, an earlier failure is not a problem any longer.
            unwritable = await engine.store.unwritable()
            problems = await engine.store.health_problems()
            if unwritable is not None and unwritable not in problems:
                problems = [unwritable, *problems]
    except (TimeoutError, StoreError):
        problems = ["The store is not responding."]
    return {"ok": not problems, "problems": problems}


async def _catalogue_health(context: AppContext) -> HealthPart:
    """Stripe ids that should belong to one product or size, but are used by several."""

    async def read() -> list[str]:
        return await asyncio.to_thread(shared_ids, list(context.engine.view.items.values()))

    problems = await context.overview_cache.cached("shared ids", read)
    return {"ok": not problems, "problems": problems[:PROBLEMS_SHOWN]}


async def _last_event(engine: Engine) -> Event | None:
    last: Event | None = None
    async for row in paused(engine, Event):
        if last is None or row.received_at >= last.received_at:
            last = row
    return last


async def _last_run(context: AppContext, job: str) -> LastRun:
    async def read() -> JobRun | None:
        recently = context.engine.clock() - 2 * DAY_MS
        last = await _last_since(context.engine, job, recently)
        return last or await _last_since(context.engine, job, 0)

    run = await context.overview_cache.cached(job, read)
    return {
        "at": None if run is None else iso(run.started_at),
        "outcome": None if run is None else run.outcome,
    }


async def _last_since(engine: Engine, job: str, since: int) -> JobRun | None:
    """The latest run of a job that began after a time."""
    last: JobRun | None = None
    async for row in runs_since(engine.store, job, since):
        last = row
    return last
