"""For whoever runs the service: is it alive, is it ready, how is it doing."""

import asyncio
import logging
from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse
from prometheus_client.core import (
    CollectorRegistry,
    CounterMetricFamily,
    GaugeMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from fancymonkey import __version__
from fancymonkey.engine.engine import Engine
from fancymonkey.errors import StoreError
from fancymonkey.web.http import RETRY_SOON, Problem, response_of
from fancymonkey.web.shop import Shop
from fancymonkey.web.wire import encode

log = logging.getLogger(__name__)

STORE_SECONDS = 2.0
"""How long the store may take to answer before it counts as unreachable."""


class EngineMetrics:
    """Reads the engine's own numbers when somebody asks; nothing is counted twice."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._started = engine.clock()

    def collect(self) -> Iterator[Metric]:
        """The metrics, as prometheus_client wants them."""
        engine, batcher = self._engine, self._engine.batcher
        yield CounterMetricFamily(
            "fancymonkey_commands", "Commands committed.", value=batcher.commands
        )
        yield CounterMetricFamily(
            "fancymonkey_batches", "Transactions committed.", value=batcher.batches
        )
        yield CounterMetricFamily(
            "fancymonkey_commit_seconds",
            "Time spent in transactions.",
            value=batcher.commit_seconds,
        )
        yield GaugeMetricFamily(
            "fancymonkey_batch_size_max", "Most commands in one transaction.", batcher.largest
        )
        yield GaugeMetricFamily(
            "fancymonkey_queue_length", "Commands that wait for a transaction.", batcher.waiting
        )
        refused = CounterMetricFamily(
            "fancymonkey_refused", "Commands refused, by code.", labels=["code"]
        )
        for code, count in sorted(engine.refused.items()):
            refused.add_metric([code], count)
        yield refused
        yield GaugeMetricFamily(
            "fancymonkey_uptime_seconds",
            "How long this process has been serving.",
            value=max(0, engine.clock() - self._started) / 1000,
        )
        yield GaugeMetricFamily(
            "fancymonkey_revision", "The latest ledger entry shown.", engine.view.revision
        )
        yield GaugeMetricFamily("fancymonkey_holds", "Live holds.", len(engine.view.holds))
        yield GaugeMetricFamily("fancymonkey_listeners", "Live connections.", len(engine.feed))
        yield from self._stock()

    def _stock(self) -> Iterator[Metric]:
        units = GaugeMetricFamily("fancymonkey_units", "Units, by state.", labels=["state"])
        levels = self._engine.view.levels.values()
        for state in ("on_hand", "reserved", "allocated", "backordered", "short"):
            units.add_metric([state], sum(getattr(level, state) for level in levels))
        yield units
        oversold = sum(
            max(0, level.reserved + level.allocated - level.on_hand - level.short)
            for level in levels
        )
        yield GaugeMetricFamily(
            "fancymonkey_oversold", "Units promised beyond what there is: always 0.", oversold
        )


def router(shop: Shop) -> APIRouter:
    """Health, readiness and metrics."""
    routes = APIRouter(tags=["system"])
    registry = CollectorRegistry(auto_describe=False)
    registry.register(EngineMetrics(shop.engine))
    registry.register(shop.meter)

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

    @routes.get(
        "/metrics",
        summary="Metrics for Prometheus",
        response_class=PlainTextResponse,
    )
    async def metrics() -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return routes


def _example(body: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {"application/json": {"example": body}}}}


def _not_ready(reason: str) -> Response:
    reply = Problem(503, "unavailable", reason, headers=[RETRY_SOON], problems=[reason]).reply()
    return response_of(reply)


def _json(status: int, body: dict[str, Any]) -> Response:
    return Response(
        encode(body), status, {"cache-control": "no-store"}, media_type="application/json"
    )
