"""Checks that the service answers, and reads its metrics."""

from collections.abc import AsyncIterator
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from fancymonkey import __version__
from fancymonkey.doctor.checks import CheckContext, DoctorFinding, error, note, warning
from fancymonkey.store.shared.file_lock import holder_of
from fancymonkey.text import counted
from fancymonkey.timestamps import iso

SECONDS = 5.0
BUSY = 0.5
"""The share of time in transactions from which on the store is the bottleneck."""


async def check_server(context: CheckContext) -> AsyncIterator[DoctorFinding]:
    """Checks the health and the metrics of the running service."""
    import httpx

    async with httpx.AsyncClient(timeout=SECONDS, base_url=context.url) as client:
        try:
            health = (await client.get("/healthz")).json()
            ready = (await client.get("/readyz")).json()
            metrics = (await client.get("/metrics")).text
        except (httpx.HTTPError, httpx.InvalidURL, ValueError):
            for finding in _silent(context):
                yield finding
            return
    for finding in (*_health(health, ready), *_metrics(numbers(metrics))):
        yield finding


def _silent(context: CheckContext) -> list[DoctorFinding]:
    """The finding for a service that does not answer: an error only if a process has the store."""
    holder = holder_of(context.target)
    if holder is None:
        return [
            note(
                "server.stopped",
                f"No service answers at {context.url}.",
                "Start it with `fancymonkey serve`, or name it with --url.",
            )
        ]
    return [
        error(
            "server.silent",
            f"{holder} uses the store, and does not answer at {context.url}.",
            "Name its address with --url; if it hangs, stop it and start it again: confirmed "
            "changes are safe.",
        )
    ]


def _health(health: Any, ready: Any) -> list[DoctorFinding]:
    findings = []
    version = health.get("version") if isinstance(health, dict) else None
    if version is None:
        findings.append(
            error(
                "server.other",
                "Another program answers there, not this service.",
                "Name the service with --url.",
            )
        )
    elif version != __version__:
        findings.append(
            note(
                "server.version",
                f"The running service is version {version}, this program {__version__}.",
                "Restart the service after an upgrade.",
            )
        )
    problems = ready.get("problems", []) if isinstance(ready, dict) else []
    findings += [
        error("server.degraded", f"The service reports: {text}", "Fix this; the log has more.")
        for text in problems
    ]
    return findings


def numbers(metrics: str) -> dict[str, float]:
    """The sum of each metric over its labels, by name."""
    sums: dict[str, float] = {}
    try:
        for family in text_string_to_metric_families(metrics):
            for sample in family.samples:
                sums[sample.name] = sums.get(sample.name, 0.0) + sample.value
    except ValueError:  # another program's answer
        return {}
    return sums


def _metrics(sums: dict[str, float]) -> list[DoctorFinding]:
    refused = int(sums.get("fancymonkey_webhook_refused_total", 0))
    accepted = int(sums.get("fancymonkey_webhook_events_total", 0))
    findings = []
    if refused and not accepted:
        findings.append(
            error(
                "webhook.secret",
                f"The service has refused {counted(refused, 'event')} because of the signature, "
                "and accepted none: STRIPE_WEBHOOK_SECRET is not the endpoint's.",
                "Copy the endpoint's signing secret from Stripe's dashboard and restart.",
            )
        )
    elif refused:
        findings.append(
            note(
                "webhook.refused",
                f"{counted(refused, 'event')} had a wrong signature, {accepted} a right one.",
                "Nothing to do, unless you have just rotated the secret: then set both.",
            )
        )
    proxied = int(sums.get("fancymonkey_untrusted_proxy_total", 0))
    if proxied:
        findings.append(
            warning(
                "proxy.untrusted",
                f"{counted(proxied, 'request')} came through a proxy that TRUSTED_PROXIES does not "
                "name: all clients behind it count as one, and share its limits on requests.",
                "Set TRUSTED_PROXIES to the address of your proxy: 127.0.0.1 if it runs here.",
            )
        )
    if sums.get("fancymonkey_oversold", 0):
        findings.append(
            error(
                "books.oversold",
                "More units are promised than there are.",
                "This must not happen: run `fancymonkey verify` and report it to us.",
            )
        )
    findings += _decider(sums)
    uptime = sums.get("fancymonkey_uptime_seconds", 0)
    if uptime > 60 and sums.get("fancymonkey_commit_seconds_total", 0) / uptime > BUSY:
        share = sums["fancymonkey_commit_seconds_total"] / uptime
        findings.append(
            warning(
                "store.busy",
                f"The store was busy {share:.0%} of the time since the start.",
                "Use a faster disk, or move to the next store: `fancymonkey migrate`.",
            )
        )
    return findings


def _decider(sums: dict[str, float]) -> list[DoctorFinding]:
    """The note about the server that decides, where several servers use the database."""
    followers = int(sums.get("fancymonkey_decider_followers", 0))
    forwarded = int(sums.get("fancymonkey_commands_forwarded_total", 0))
    if not followers and not forwarded:
        return []
    seconds = sums.get("fancymonkey_decider_since_timestamp_seconds", 0)
    since = iso(int(seconds * 1000))
    lag = sums.get("fancymonkey_feed_lag_seconds", 0) * 1000
    if followers:
        taken = int(sums.get("fancymonkey_commands_decided_for_others_total", 0))
        text = (
            f"This server decides for {counted(followers, 'other')} since {since}, and has decided "
            f"{counted(taken, 'command')} for them."
        )
    else:
        text = (
            f"This server has sent {counted(forwarded, 'command')} to the one that decides since "
            f"{since}; its view is {lag:.0f} ms behind."
        )
    return [note("servers.decider", text, "Nothing to do.")]
