"""Liveness, readiness and metrics, for operators."""

import asyncio
import logging
from typing import Any

from fastapi import APIRouter
from fastapi import Response as StarletteResponse
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from fancymonkey import __version__
from fancymonkey.errors import StoreError
from fancymonkey.web.context import AppContext
from fancymonkey.web.http.messages import RETRY_SOON, Problem, Request, Response, response_of
from fancymonkey.web.http.security_headers import PLAIN
from fancymonkey.web.http.wire import encode

log = logging.getLogger(__name__)

STORE_SECONDS = 2.0
"""The time limit of the store before it counts as unreachable."""


WHERE = "The log and the dashboard have the reason."


def for_strangers(problems: list[str]) -> list[str]:
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


class _Told:
    """Logs the details of a problem that a probe does not get, once per change."""

    def __init__(self) -> None:
        self._last = ""

    def warn(self, text: str) -> None:
        if text != self._last:
            log.warning("not ready: %s", text)
        self._last = text

    def forget(self) -> None:
        self._last = ""


def router(context: AppContext) -> APIRouter:
    """Health and readiness."""
    routes = APIRouter(tags=["system"])
    told = _Told()

    @routes.get(
        "/healthz",
        summary="Liveness: the process serves requests",
        responses=_example({"status": "ok", "version": __version__}),
    )
    async def healthz() -> StarletteResponse:
        return _json(200, {"status": "ok", "version": __version__})

    @routes.get(
        "/readyz",
        summary=(
            "Readiness: the store is reachable and writable; reports whether it needs attention"
        ),
        responses={
            **_example({"status": "ready", "problems": [], "revision": 82}),
            503: {"description": "The store is unreachable or not writable"},
        },
    )
    async def readyz() -> StarletteResponse:
        store = context.engine.store
        try:
            async with asyncio.timeout(STORE_SECONDS):
                await store.next_due()
                # In this order: where a write works again, what failed before is over.
                unwritable = await store.unwritable()
                problems = await store.health_problems()
        except TimeoutError:
            return _not_ready("The store is not responding.")
        except StoreError as error:
            told.warn(str(error))
            return _not_ready(f"The store is unreachable. {WHERE}")
        except Exception:
            log.exception("the health check of the store failed")
            return _not_ready("The store has failed. The log has the reason.")
        if unwritable is not None:
            told.warn(unwritable)
            return _not_ready(f"The store is not writable. {WHERE}")
        told.forget()
        body = {
            "status": "degraded" if problems else "ready",
            "problems": for_strangers(problems),
            "revision": context.engine.view.revision,
        }
        return _json(200, body)

    return routes


async def metrics(context: AppContext, request: Request) -> Response:
    """Returns the metrics in the Prometheus text format; rendered once a second at most."""
    kind = (b"content-type", CONTENT_TYPE_LATEST.encode())
    return Response(200, await context.metrics.text(), [kind, *PLAIN])


def _example(body: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {"application/json": {"example": body}}}}


def _not_ready(reason: str) -> StarletteResponse:
    response = Problem(503, "unavailable", reason, headers=[RETRY_SOON], problems=[reason]).reply()
    return response_of(response)


def _json(status: int, body: dict[str, Any]) -> StarletteResponse:
    return StarletteResponse(
        encode(body), status, {"cache-control": "no-store"}, media_type="application/json"
    )
