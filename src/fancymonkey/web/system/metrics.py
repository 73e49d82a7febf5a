"""The Prometheus metrics: nothing is counted twice, most is read on request."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from itertools import islice
from typing import TypeVar

from prometheus_client.core import (
    CollectorRegistry,
    CounterMetricFamily,
    GaugeMetricFamily,
    Metric,
)
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from fancymonkey.core.locations.accounts import split_account
from fancymonkey.engine.cluster.cluster import Cluster
from fancymonkey.engine.documents import StoredDocument
from fancymonkey.engine.engine import Engine
from fancymonkey.errors import StoreError
from fancymonkey.jobs.executor import FAILED, JobExecutor, JobState
from fancymonkey.web.http.request_metrics import RequestMetrics

LOCATIONS_MOST = 50
"""The most locations with series of their own."""

OTHER = "_other"
"""The label of all further locations. No location has this id."""

STORE_SECONDS = 1.0
"""The time limit of the store for its metrics; late ones are left out."""

T = TypeVar("T")


MADE_AT_ONCE = 3
"""The number of times that the text is rendered without a pause; then once a second."""


class Metrics:
    """All metrics of /metrics."""

    def __init__(
        self, engine: Engine, meter: RequestMetrics, jobs: JobExecutor, cluster: Cluster | None
    ) -> None:
        self._engine = engine
        self._jobs = jobs
        self._stored = Stored()
        self._registry = CollectorRegistry(auto_describe=False)
        self._left, self._at = float(MADE_AT_ONCE), engine.clock()
        self._text = b""
        self._making: asyncio.Task[None] | None = None
        for collector in (EngineMetrics(engine), ClusterMetrics(cluster), meter, self._stored):
            self.add(collector)

    def add(self, collector: Collector) -> None:
        """Adds a collector."""
        self._registry.register(collector)

    async def text(self) -> bytes:
        """The metrics in the Prometheus text format, current or of a moment ago."""
        if self._making is None and (self._may_make() or not self._text):
            self._making = asyncio.create_task(self._make())
        if self._making is not None:
            await asyncio.shield(self._making)
        return self._text

    def _may_make(self) -> bool:
        now = self._engine.clock()
        self._left = min(MADE_AT_ONCE, self._left + max(0, now - self._at) / 1000)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True

    async def _make(self) -> None:
        try:
            self._stored.jobs = await _in_time(self._jobs.states)
            self._stored.problems = await _in_time(self._engine.store.health_problems)
            self._text = generate_latest(self._registry)
        finally:
            self._making = None


async def _in_time(ask: Callable[[], Awaitable[T]]) -> T | None:
    try:
        async with asyncio.timeout(STORE_SECONDS):
            return await ask()
    except (TimeoutError, StoreError):
        return None


class Stored:
    """The metrics of the store."""

    def __init__(self) -> None:
        self.jobs: dict[str, StoredDocument[JobState]] | None = None
        self.problems: list[str] | None = None

    def collect(self) -> Iterator[Metric]:
        """The metrics for prometheus_client."""
        yield GaugeMetricFamily(
            "fancymonkey_store_problems",
            "Problems of the store, as the dashboard lists them; 1 if it is not responding.",
            1 if self.problems is None else len(self.problems),
        )
        ended = GaugeMetricFamily(
            "fancymonkey_job_ended_timestamp_seconds",
            "The time of the last end of the job.",
            labels=["job_name"],
        )
        failed = GaugeMetricFamily(
            "fancymonkey_job_failed",
            "1 if the last run of the job failed.",
            labels=["job_name"],
        )
        for name, state in sorted((self.jobs or {}).items()):
            if state.value.ended_at:
                ended.add_metric([name], state.value.ended_at / 1000)
                failed.add_metric([name], state.value.outcome == FAILED)
        yield ended
        yield failed


class EngineMetrics:
    """Reads the engine's own numbers on request; nothing is counted twice."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._started = engine.clock()

    def collect(self) -> Iterator[Metric]:
        """The metrics for prometheus_client."""
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
            "fancymonkey_batch_size_max",
            "The largest number of commands in one transaction.",
            batcher.largest,
        )
        yield GaugeMetricFamily(
            "fancymonkey_queue_length", "Commands waiting for a transaction.", batcher.waiting
        )
        refused = CounterMetricFamily(
            "fancymonkey_refused", "Commands refused, by code.", labels=["code"]
        )
        for code, count in sorted(engine.refused.items()):
            refused.add_metric([code], count)
        yield refused
        yield GaugeMetricFamily(
            "fancymonkey_uptime_seconds",
            "Uptime of this process.",
            value=max(0, engine.clock() - self._started) / 1000,
        )
        yield GaugeMetricFamily(
            "fancymonkey_revision", "The latest ledger entry in the view.", engine.view.revision
        )
        yield GaugeMetricFamily(
            "fancymonkey_feed_lag_seconds",
            "Delay between the latest commits of other processes and their appearance here.",
            engine.lag / 1000,
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
        if self._engine.view.has_several_locations:
            yield self._by_location()
        oversold = sum(
            max(0, level.reserved + level.allocated - level.on_hand - level.short)
            for level in levels
        )
        yield GaugeMetricFamily(
            "fancymonkey_oversold", "Units sold or held beyond the stock: always 0.", oversold
        )

    def _by_location(self) -> Metric:
        """The units of each location; those after the first `LOCATIONS_MOST` are one series."""
        units = GaugeMetricFamily(
            "fancymonkey_location_units",
            "Units of a location, by state; only in a shop with several locations.",
            labels=["location", "state"],
        )
        view = self._engine.view
        named = set(islice(view.locations, LOCATIONS_MOST))
        sums: dict[tuple[str, str], int] = {}
        for level in view.levels.values():
            location, held_apart = split_account(level.location)
            label = location if location in named else OTHER
            states = (
                [(str(held_apart), level.on_hand)]
                if held_apart is not None
                else [("on_hand", level.on_hand), ("reserved", level.reserved)]
            )
            for state, number in states:
                sums[label, state] = sums.get((label, state), 0) + number
        for (label, state), number in sorted(sums.items()):
            units.add_metric([label, state], number)
        return units


class ClusterMetrics:
    """The part of this process among the servers on one database; zeros on other stores."""

    def __init__(self, cluster: Cluster | None) -> None:
        self._cluster = cluster

    def collect(self) -> Iterator[Metric]:
        """The metrics for prometheus_client."""
        cluster = self._cluster
        role = GaugeMetricFamily(
            "fancymonkey_decider_role",
            "1 for the part of this process: it decides for all, follows, or decides alone.",
            labels=["role"],
        )
        own = "alone" if cluster is None else cluster.role
        for name in ("decides", "follows", "alone"):
            role.add_metric([name], name == own)
        yield role
        yield GaugeMetricFamily(
            "fancymonkey_decider_since_timestamp_seconds",
            "The time at which the present decider took over.",
            0 if cluster is None else cluster.lease.since / 1000,
        )
        yield GaugeMetricFamily(
            "fancymonkey_decider_followers",
            "The servers that this process decides for.",
            0 if cluster is None else cluster.decides_for or 0,
        )
        yield CounterMetricFamily(
            "fancymonkey_commands_forwarded",
            "Commands that this process has sent to the server that decides.",
            value=0 if cluster is None else cluster.forwarded,
        )
        yield CounterMetricFamily(
            "fancymonkey_commands_decided_for_others",
            "Commands of other servers that this process has decided.",
            value=0 if cluster is None else cluster.taken,
        )
