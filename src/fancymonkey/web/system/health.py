"""Liveness, readiness and metrics, for operators."""

import asyncio
import logging
from typing import Literal

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from pydantic import with_config
from starlette.requests import HTTPConnection
from typing_extensions import TypedDict

from fancymonkey import __version__
from fancymonkey.errors import StoreError
from fancymonkey.web.context import AppContext
from fancymonkey.web.http.bodies.json_body import example
from fancymonkey.web.http.messages import RETRY_SOON, Problem
from fancymonkey.web.routing.access import public
from fancymonkey.web.routing.authorized_route import AuthorizedRoute
from fancymonkey.web.routing.dependencies import Context

log = logging.getLogger(__name__)

STORE_SECONDS = 2.0
"""The time limit of the store before it counts as unreachable."""


WHERE = "The log and the dashboard have the reason."


def public_texts(problems: list[str]) -> list[str]:
    """The public texts of problems: no address of a database, no path, no stock."""
    kinds = {
        "products.json was not imported unchanged."
        if _of_the_file(text)
        else "The store needs attention."
        for text in problems
    }
    return [f"{text} {WHERE}" for text in sorted(kinds)]


def _of_the_file(text: str) -> bool:
    return text.startswith("products.json")


class ReadinessLog:
    """Logs the details of a problem that a probe does not get, once per change."""

    def __init__(self) -> None:
        self._last = ""

    def warn(self, text: str) -> None:
        """Logs a problem that is new."""
        if text != self._last:
            log.warning("not ready: %s", text)
        self._last = text

    def forget(self) -> None:
        """Forgets the last problem."""
        self._last = ""


@with_config(example({"status": "ok", "version": __version__}))
class Alive(TypedDict):
    """The version that is running."""

    status: str
    version: str


@with_config(example({"status": "ready", "problems": [], "revision": 82}))
class Ready(TypedDict):
    """Whether the store needs attention, and the public texts of its problems."""

    status: Literal["ready", "degraded"]
    problems: list[str]
    revision: int


router = APIRouter(tags=["system"], route_class=AuthorizedRoute)


@router.get("/healthz", summary="Liveness: the process serves requests", dependencies=[public()])
async def healthz() -> Alive:
    """Answers as long as the process serves requests."""
    return {"status": "ok", "version": __version__}


@router.get(
    "/readyz",
    summary="Readiness: the store is reachable and writable; reports whether it needs attention",
    dependencies=[public()],
)
async def readyz(context: Context, connection: HTTPConnection) -> Ready:
    """Answers 503 while the store is unreachable or not writable."""
    return await _ready(context, connection.app.state.readiness)


async def _ready(context: AppContext, readiness_log: ReadinessLog) -> Ready:
    store = context.engine.store
    try:
        async with asyncio.timeout(STORE_SECONDS):
            await store.next_due()
            # In this order: where a write works again, what failed before is over.
            unwritable = await store.unwritable()
            problems = await store.health_problems()
    except TimeoutError:
        raise _not_ready("The store is not responding.") from None
    except StoreError as error:
        readiness_log.warn(str(error))
        raise _not_ready(f"The store is unreachable. {WHERE}") from None
    except Exception:
        log.exception("the health check of the store failed")
        raise _not_ready("The store has failed. The log has the reason.") from None
    if unwritable is not None:
        readiness_log.warn(unwritable)
        raise _not_ready(f"The store is not writable. {WHERE}")
    readiness_log.forget()
    return {
        "status": "degraded" if problems else "ready",
        "problems": public_texts(problems),
        "revision": context.engine.view.revision,
    }


@router.get(
    "/metrics",
    summary="Metrics for Prometheus",
    dependencies=[public()],
    response_class=PlainTextResponse,
)
async def metrics(context: Context) -> Response:
    """Returns the metrics in the Prometheus text format; rendered once a second at most."""
    headers = {"content-type": CONTENT_TYPE_LATEST}
    return Response(await context.metrics.text(), 200, headers)


def _not_ready(reason: str) -> Problem:
    return Problem(503, "unavailable", reason, headers=[RETRY_SOON], problems=[reason])
