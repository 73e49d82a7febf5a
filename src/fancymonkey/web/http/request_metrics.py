"""Counts the service's own requests for /metrics."""

from bisect import bisect_left
from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric

from fancymonkey.web.http.clients.private_networks import public_address

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""The upper bounds of the duration buckets, in seconds."""


class LatencyHistogram:
    """A histogram of response times, with their sum in seconds."""

    __slots__ = ("counts", "seconds")

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS) + 1)
        self.seconds = 0.0

    def add(self, other: "LatencyHistogram") -> None:
        """Adds another histogram."""
        self.counts = [mine + more for mine, more in zip(self.counts, other.counts, strict=True)]
        self.seconds += other.seconds


class RequestMetrics:
    """Counts requests by path and status, their durations by path, and Stripe events."""

    def __init__(self) -> None:
        self.webhook_events: dict[str, int] = {}
        """Accepted Stripe events, by outcome."""
        self.webhook_refused = 0
        """Stripe events with an invalid signature."""
        self.untrusted_proxy = 0
        """Requests through a private proxy that is not trusted."""
        self.responses = 0
        """The number of all responses."""
        self._tallies: dict[tuple[str, int], LatencyHistogram] = {}

    def event(self, outcome: str) -> None:
        """Counts an accepted event."""
        self.webhook_events[outcome] = self.webhook_events.get(outcome, 0) + 1

    def forwarded(self, peer: str) -> None:
        """Counts a request with an untrusted `X-Forwarded-For`, if a proxy sent it.

        From a public address, a buyer may have forged the header.
        """
        if public_address(peer) is None:
            self.untrusted_proxy += 1

    def answered(self, path: str, status: int, seconds: float) -> None:
        """Counts a response. `path` is one of our own paths, never client input."""
        tally = self._tallies.get((path, status))
        if tally is None:
            tally = self._tallies[path, status] = LatencyHistogram()
        tally.counts[bisect_left(BOUNDS, seconds)] += 1
        tally.seconds += seconds
        self.responses += 1

    def collect(self) -> Iterator[Metric]:
        """The metrics for prometheus_client."""
        answers = CounterMetricFamily(
            "fancymonkey_http_requests", "Responses, by path and status.", labels=["path", "status"]
        )
        whole: dict[str, LatencyHistogram] = {}
        for (path, status), tally in sorted(self._tallies.items()):
            answers.add_metric([path, str(status)], sum(tally.counts))
            whole.setdefault(path, LatencyHistogram()).add(tally)
        yield answers
        times = HistogramMetricFamily(
            "fancymonkey_http_seconds",
            "Response time, from the complete request head.",
            labels=["path"],
        )
        for path, tally in whole.items():
            times.add_metric([path], list(_buckets(tally.counts)), tally.seconds)
        yield times
        events = CounterMetricFamily(
            "fancymonkey_webhook_events",
            "Stripe events with a valid signature, by outcome.",
            labels=["outcome"],
        )
        for outcome, count in sorted(self.webhook_events.items()):
            events.add_metric([outcome], count)
        yield events
        yield CounterMetricFamily(
            "fancymonkey_webhook_refused",
            "Stripe events with an invalid signature.",
            value=self.webhook_refused,
        )
        yield CounterMetricFamily(
            "fancymonkey_untrusted_proxy",
            "Requests through a private proxy that is not in TRUSTED_PROXIES.",
            value=self.untrusted_proxy,
        )


def _buckets(counts: list[int]) -> Iterator[tuple[str, float]]:
    total = 0
    for bound, count in zip((*map(str, BOUNDS), "+Inf"), counts, strict=True):
        total += count
        yield bound, total
