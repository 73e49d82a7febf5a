"""For whoever runs the service: is it alive, is it ready, how is it doing."""

import asyncio
import logging
from typing import Any

from fastapi import APIRouter, Response
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from fancymonkey import __version__
from fancymonkey.errors import StoreError
from fancymonkey.web.guard import PLAIN
from fancymonkey.web.http import RETRY_SOON, Call, Problem, Reply, response_of
from fancymonkey.web.shop import Shop
from fancymonkey.web.wire import encode

log = logging.getLogger(__name__)

STORE_SECONDS = 2.0
"""How long the store may take to answer before it counts as unreachable."""


def router(shop: Shop) -> APIRouter:
    """Health and readiness."""
    routes = APIRouter(tags=["system"])

    @routes.get(
        "/healthz",
        summary="Alive: requests are served",
        responses=_example({"status": "ok", "version": __version__}),
    )
    async def healthz() -> Response:
        return _json(200, {"status": "ok", "version": __version__})

    @routes.get(
        "/readyz",
        summary="Ready: the store can be reached; lists what is wrong with it",
        responses={
            **_example({"status": "ready", "problems": [], "revision": 82}),
            503: {"description": "The store cannot be used now"},
        },
    )
    async def readyz() -> Response:
        try:
            async with asyncio.timeout(STORE_SECONDS):
                await shop.engine.store.next_due()
                problems = await shop.engine.store.trouble()
        except TimeoutError:
            return _not_ready("The store does not answer.")
        except StoreError as error:
            return _not_ready(str(error))
        except Exception:
            log.exception("the store failed when it was asked how it is")
            return _not_ready("The store fails; the log says why.")
        body = {
            "status": "degraded" if problems else "ready",
            "problems": problems,
            "revision": shop.engine.view.revision,
        }
        return _json(200, body)

    return routes


async def metrics(shop: Shop, call: Call) -> Reply:
    """What the service measures, in Prometheus' text format; made once a second at most."""
    kind = (b"content-type", CONTENT_TYPE_LATEST.encode())
    return Reply(200, await shop.metrics.text(), [kind, *PLAIN])


def _example(body: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {"application/json": {"example": body}}}}


def _not_ready(reason: str) -> Response:
    reply = Problem(503, "unavailable", reason, headers=[RETRY_SOON], problems=[reason]).reply()
    return response_of(reply)


def _json(status: int, body: dict[str, Any]) -> Response:
    return Response(
        encode(body), status, {"cache-control": "no-store"}, media_type="application/json"
    )
