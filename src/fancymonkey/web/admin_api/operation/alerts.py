"""Alerts over HTTP: their status and tests; and the jobs with their last runs."""

from typing import Annotated

from fastapi import APIRouter, Query

from fancymonkey.alerts.events import AlertEvent
from fancymonkey.alerts.outbox import Delivery
from fancymonkey.core.payments.rows import JobRun
from fancymonkey.engine.documents import StoredDocument
from fancymonkey.engine.job_runs import recent_runs
from fancymonkey.settings.event_names import ALERTS
from fancymonkey.text import counted
from fancymonkey.timestamps import iso
from fancymonkey.web.admin_api.operation.alert_models import (
    AlertOut,
    AlertStatus,
    AlertTest,
    ChannelOut,
    JobList,
    ListedJob,
    ListedRun,
)
from fancymonkey.web.http.messages import Problem
from fancymonkey.web.http.query_params import LIMIT, PAGE, Page, WholeParam
from fancymonkey.web.routing.access import requires
from fancymonkey.web.routing.authorized_route import AuthorizedRoute
from fancymonkey.web.routing.dependencies import Context
from fancymonkey.web.routing.described import refusals

router = APIRouter(prefix="/api/admin", tags=["alerts"], route_class=AuthorizedRoute)

RECENT_MAX = 20
"""The most runs of a job that are listed."""

RUNS = f"Maximum number of runs of each job, from 1 to {RECENT_MAX}; 5 by default"


@router.get(
    "/alerts",
    summary="List alert channels and the latest alerts",
    dependencies=[requires("admin")],
)
async def alert_status(
    context: Context, limit: Annotated[Page, Query(description=LIMIT)] = PAGE
) -> AlertStatus:
    """Returns channels (without secrets), event types, waiting alerts and the latest alerts."""
    alerts = context.alerts
    waiting = await alerts.outbox.waiting.all()
    names = {channel.key: channel.name for channel in alerts.channels}
    recent: list[AlertOut] = []
    async for stored in alerts.outbox.happened.after(""):
        if len(recent) == limit:
            break
        recent.append(_alert_out(stored.value))
    quiet = context.settings.alerts.quiet_hours
    at = context.settings.alerts.digest_at
    return {
        "success": True,
        "channels": [_channel_out(key, name, waiting) for key, name in names.items()],
        "events": [name for name in ALERTS if name in alerts.events],
        "quietHours": None if quiet is None else f"{quiet[0]:%H:%M}-{quiet[1]:%H:%M}",
        "digestAt": None if at is None else f"{at:%H:%M}",
        "timeZone": str(context.settings.schedule.time_zone),
        "waiting": len(waiting),
        "recent": recent,
    }


def _channel_out(key: str, name: str, waiting: list[StoredDocument[Delivery]]) -> ChannelOut:
    """A channel with its waiting deliveries, and the error of the last attempt."""
    mine = [stored.value for stored in waiting if stored.value.target == key]
    failed = [delivery.attempts[-1] for delivery in mine if delivery.attempts]
    last = max(failed, key=lambda delivery: delivery.at, default=None)
    return {
        "id": key,
        "name": name,
        "waiting": len(mine),
        "error": None if last is None else last.error,
        "failedAt": None if last is None else iso(last.at),
    }


def _alert_out(event: AlertEvent) -> AlertOut:
    sort = event.sort
    return {
        "id": event.id,
        "type": event.type,
        "word": sort.word,
        "look": sort.look,
        "at": iso(event.at),
        "title": event.title,
        "text": event.text,
    }


@router.post(
    "/alerts/test",
    summary="Send a test to every channel",
    dependencies=[requires("admin")],
    responses=refusals(409),
)
async def test_alerts(context: Context) -> AlertTest:
    """Sends a test to every channel now, and returns the result of each."""
    if not context.alerts.channels:
        raise Problem(
            409, "no_channels", "No alert channels are configured. Set ALERT_URLS and restart."
        )
    results = await context.alerts.test()
    failed = sum(bool(result.error) for result in results)
    message = (
        f"{failed} of {counted(len(results), 'channel')} failed."
        if failed
        else f"Sent to {counted(len(results), 'channel')}."
    )
    return {
        "success": not failed,
        "message": message,
        "channels": [
            {"name": result.name, "ok": not result.error, "error": result.error or None}
            for result in results
        ],
    }


@router.get("/jobs", summary="List jobs and their latest runs", dependencies=[requires("read")])
async def list_jobs(
    context: Context,
    limit: Annotated[int, WholeParam(1, RECENT_MAX), Query(description=RUNS)] = 5,
) -> JobList:
    """Returns the jobs, whether each is running, and its latest runs, the newest first."""
    states = await context.jobs.states()
    latest = await recent_runs(context.engine.store, limit)
    rows: list[ListedJob] = []
    for job in context.jobs.jobs.values():
        stored = states.get(job.name)
        running = stored is not None and bool(stored.value.by)
        rows.append(
            {
                "job": job.name,
                "about": job.about,
                "scheduled": job.when is not None and context.settings.schedule.run_jobs,
                "running": running,
                "runs": [_run_out(row) for row in latest.get(job.name, [])],
            }
        )
    return {"success": True, "jobs": rows}


def _run_out(row: JobRun) -> ListedRun:
    return {"startedAt": iso(row.started_at), "tookMs": row.took, "outcome": row.outcome}
