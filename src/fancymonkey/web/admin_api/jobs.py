"""Jobs over HTTP: for external schedulers, and for the owner."""

from typing import Any

from fastapi import APIRouter
from fastapi import Request as StarletteRequest
from fastapi import Response as StarletteResponse

from fancymonkey.errors import PaymentError, StoreError
from fancymonkey.jobs.executor import FAILED, FinishedRun, JobRunning
from fancymonkey.services.job_definitions import unknown_job_text
from fancymonkey.timestamps import iso
from fancymonkey.web.auth.authorize import require
from fancymonkey.web.context import AppContext
from fancymonkey.web.http.messages import RETRY_SOON, Problem, Request, ok, response_of
from fancymonkey.web.http.wire import encode
from fancymonkey.web.routing.route import SECRET
from fancymonkey.web.routing.router import failure, note

_ANSWER = {
    "success": True,
    "job": "tidy",
    "outcome": "done",
    "message": "Released 1 expired hold.",
    "startedAt": "2025-10-07T12:00:00.000Z",
    "tookMs": 12,
    "report": {"ended": ["res_1f0c2a9be4d8466f9e0f4c1b7a3d5e60"]},
}


def router(context: AppContext) -> APIRouter:
    """The endpoints that run jobs."""
    routes = APIRouter(tags=["jobs"])
    responses: dict[int | str, dict[str, Any]] = {
        200: {"content": {"application/json": {"example": _ANSWER}}},
        401: {"description": "Authentication is missing or wrong"},
        403: {"description": "Not enabled"},
        404: {"description": "No such job"},
        409: {"description": "The job is already running"},
        429: {"description": "Too many requests; see Retry-After"},
        503: {"description": "The job failed, or the store is unavailable"},
    }

    async def answer(request: StarletteRequest, job: str) -> StarletteResponse:
        call = Request(request.scope, request.receive)
        secret = context.settings.accounts.cron_secret
        try:
            await require(context, call, "stock", secret=secret, cookie=call.method == "POST")
            response = ok(encode(_told(await run_job(context, job))))
        except Exception as error:  # noqa: BLE001 - as the front does with its own
            response = failure(error, call)
        if call.actor is not None:
            await note(context, call, response.status)
        return response_of(response)

    door = {"security": SECRET}

    @routes.get(
        "/api/cron/{job}", summary="Run a job, by GET", responses=responses, openapi_extra=door
    )
    async def run_by_get(request: StarletteRequest, job: str) -> StarletteResponse:
        """Runs a job now, for schedulers that send GET."""
        return await answer(request, job)

    @routes.post("/api/cron/{job}", summary="Run a job", responses=responses, openapi_extra=door)
    async def run_by_post(request: StarletteRequest, job: str) -> StarletteResponse:
        """Runs a job now and returns the result."""
        return await answer(request, job)

    return routes


async def run_job(context: AppContext, name: str, *, join: bool = False) -> FinishedRun:
    """Runs a job now. Raises Problem if it does not exist, is already running, or fails.

    With `join` a run that is under way in this process is awaited, and its result returned.
    """
    job = context.jobs.jobs.get(name)
    if job is None:
        raise Problem(404, "unknown_job", unknown_job_text(context.jobs, name))
    try:
        ran = await (context.jobs.join(job) if join else context.jobs.run(job))
    except JobRunning as error:
        raise Problem(409, "job_running", f"{error} Wait until it has finished.") from None
    if isinstance(ran.error, StoreError):
        raise ran.error
    if isinstance(ran.error, PaymentError):
        raise Problem(
            503,
            "payment_unavailable",
            f"The comparison with Stripe failed. {ran.error}",
            headers=[RETRY_SOON],
        )
    if ran.done.outcome == FAILED:
        raise Problem(503, "job_failed", f"The job failed. {ran.done.message}")
    return ran


def _told(ran: FinishedRun) -> dict[str, Any]:
    return {
        "success": True,
        "job": ran.run.job,
        "outcome": ran.run.outcome,
        "message": ran.done.message,
        "startedAt": iso(ran.started_at),
        "tookMs": ran.run.took,
        "report": ran.done.report,
    }
