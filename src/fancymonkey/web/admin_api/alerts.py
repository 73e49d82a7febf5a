"""Alerts over HTTP: their status and tests; and the jobs with their last runs."""

from typing import Any

from fancymonkey.alerts.events import ALERTS, AlertEvent
from fancymonkey.alerts.outbox import Delivery
from fancymonkey.core.payments.rows import JobRun
from fancymonkey.engine.documents import StoredDocument
from fancymonkey.engine.job_runs import recent_runs
from fancymonkey.text import counted
from fancymonkey.timestamps import iso
from fancymonkey.web.admin_api.changes import PAGE, PAGE_MAX
from fancymonkey.web.admin_api.row_query import Query
from fancymonkey.web.auth.authorize import require
from fancymonkey.web.context import AppContext
from fancymonkey.web.http.messages import Problem, Request, Response, ok
from fancymonkey.web.http.wire import encode

RECENT_MAX = 20
"""The most runs of a job that are listed."""


async def alert_status(context: AppContext, request: Request) -> Response:
    """Returns channels (without secrets), event types, waiting alerts and the latest alerts."""
    await require(context, request, "admin")
    limit = Query(request).number("limit", PAGE, 1, PAGE_MAX)
    alerts = context.alerts
    waiting = await alerts.outbox.waiting.all()
    names = {channel.key: channel.name for channel in alerts.channels}
    recent: list[dict[str, Any]] = []
    async for kept in alerts.outbox.happened.after(""):
        if len(recent) == limit:
            break
        recent.append(_happening_out(kept.value))
    quiet = context.settings.alerts.quiet_hours
    at = context.settings.alerts.digest_at
    return ok(
        encode(
            {
                "success": True,
                "channels": [
                    {"id": key, "name": name, **_state(key, waiting)} for key, name in names.items()
                ],
                "events": [name for name in ALERTS if name in alerts.events],
                "quietHours": None if quiet is None else f"{quiet[0]:%H:%M}-{quiet[1]:%H:%M}",
                "digestAt": None if at is None else f"{at:%H:%M}",
                "timeZone": str(context.settings.schedule.time_zone),
                "waiting": len(waiting),
                "recent": recent,
            }
        )
    )


def _state(key: str, waiting: list[StoredDocument[Delivery]]) -> dict[str, Any]:
    """A waiting delivery, with the error of its last attempt."""
    mine = [kept.value for kept in waiting if kept.value.target == key]
    failed = [one.attempts[-1] for one in mine if one.attempts]
    last = max(failed, key=lambda one: one.at, default=None)
    return {
        "waiting": len(mine),
        "error": None if last is None else last.error,
        "failedAt": None if last is None else iso(last.at),
    }


def _happening_out(one: AlertEvent) -> dict[str, Any]:
    sort = one.sort
    return {
        "id": one.id,
        "type": one.type,
        "word": sort.word,
        "look": sort.look,
        "at": iso(one.at),
        "title": one.title,
        "text": one.text,
    }


async def test_alerts(context: AppContext, request: Request) -> Response:
    """Sends a test to every channel now, and returns the result of each."""
    await require(context, request, "admin")
    if not context.alerts.channels:
        raise Problem(
            409, "no_channels", "No alert channels are configured. Set ALERT_URLS and restart."
        )
    told = await context.alerts.test()
    rows = [{"name": one.name, "ok": not one.error, "error": one.error or None} for one in told]
    failed = sum(bool(one.error) for one in told)
    message = (
        f"{failed} of {counted(len(told), 'channel')} failed."
        if failed
        else f"Sent to {counted(len(told), 'channel')}."
    )
    return ok(encode({"success": not failed, "message": message, "channels": rows}))


async def list_jobs(context: AppContext, request: Request) -> Response:
    """Returns the jobs, whether each is running, and its latest runs, the newest first."""
    await require(context, request, "read")
    limit = Query(request).number("limit", 5, 1, RECENT_MAX)
    states = await context.jobs.states()
    latest = await recent_runs(context.engine.store, limit)
    rows = []
    for job in context.jobs.jobs.values():
        kept = states.get(job.name)
        running = kept is not None and bool(kept.value.by)
        rows.append(
            {
                "job": job.name,
                "about": job.about,
                "scheduled": job.when is not None and context.settings.schedule.schedules,
                "running": running,
                "runs": [_run_out(row) for row in latest.get(job.name, [])],
            }
        )
    return ok(encode({"success": True, "jobs": rows}))


def _run_out(row: JobRun) -> dict[str, Any]:
    return {"startedAt": iso(row.started_at), "tookMs": row.took, "outcome": row.outcome}
