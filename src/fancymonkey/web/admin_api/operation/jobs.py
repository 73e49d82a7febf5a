"""Jobs over HTTP: for external schedulers, and for the owner."""

from typing import Any

from fastapi import APIRouter
from pydantic import with_config
from typing_extensions import TypedDict

from fancymonkey.engine.job_names import present_job
from fancymonkey.errors import PaymentError, StoreError
from fancymonkey.jobs.executor import FAILED, FinishedRun, JobRunning
from fancymonkey.services.job_definitions import unknown_job_text
from fancymonkey.timestamps import iso
from fancymonkey.web.context import AppContext
from fancymonkey.web.http.bodies.json_body import Ok, example
from fancymonkey.web.http.messages import RETRY_SOON, Problem
from fancymonkey.web.routing.access import requires
from fancymonkey.web.routing.authorized_route import AuthorizedRoute
from fancymonkey.web.routing.dependencies import Context
from fancymonkey.web.routing.described import refusals

router = APIRouter(tags=["jobs"], route_class=AuthorizedRoute, responses=refusals(404, 409))


@with_config(
    example(
        {
            "success": True,
            "job": "release-expired",
            "outcome": "done",
            "message": "Released 1 expired hold.",
            "startedAt": "2025-10-07T12:00:00.000Z",
            "tookMs": 12,
            "report": {"ended": ["res_1f0c2a9be4d8466f9e0f4c1b7a3d5e60"]},
        }
    )
)
class FinishedJob(TypedDict):
    """The result of a job."""

    success: Ok
    job: str
    outcome: str
    message: str
    startedAt: str
    tookMs: int
    report: Any


@router.get(
    "/api/cron/{job}",
    summary="Run a job, by GET",
    dependencies=[requires("stock", schedule=True, cookie=False)],
)
async def run_by_get(context: Context, job: str) -> FinishedJob:
    """Runs a job now, for schedulers that send GET."""
    return _finished_out(await run_job(context, job))


@router.post(
    "/api/cron/{job}", summary="Run a job", dependencies=[requires("stock", schedule=True)]
)
async def run_by_post(context: Context, job: str) -> FinishedJob:
    """Runs a job now and returns the result."""
    return _finished_out(await run_job(context, job))


async def run_job(context: AppContext, name: str, *, join: bool = False) -> FinishedRun:
    """Runs a job now. Raises Problem if it does not exist, is already running, or fails.

    With `join` a run that already runs in this process is awaited, and its result returned.
    """
    job = context.jobs.jobs.get(present_job(name))
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


def _finished_out(ran: FinishedRun) -> FinishedJob:
    return {
        "success": True,
        "job": ran.run.job,
        "outcome": ran.run.outcome,
        "message": ran.done.message,
        "startedAt": iso(ran.started_at),
        "tookMs": ran.run.took,
        "report": ran.done.report,
    }
