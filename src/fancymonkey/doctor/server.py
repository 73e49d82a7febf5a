"""Does the service answer, and how does it fare?"""

from collections.abc import AsyncIterator
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from fancymonkey import __version__
from fancymonkey.doctor.checks import CheckContext, Finding, error, note, warning
from fancymonkey.store.shared.file_lock import holder_of
from fancymonkey.text import counted

SECONDS = 5.0
BUSY = 0.5
"""Share of the time spent in transactions from which on the store is the bottleneck."""


async def check_server(patient: CheckContext) -> AsyncIterator[Finding]:
    """What the running service says of itself, where one runs."""
    import httpx

    async with httpx.AsyncClient(timeout=SECONDS, base_url=patient.url) as client:
        try:
            health = (await client.get("/healthz")).json()
            ready = (await client.get("/readyz")).json()
            metrics = (await client.get("/metrics")).text
        except (httpx.HTTPError, httpx.InvalidURL, ValueError):
            for finding in _silent(patient):
                yield finding
            return
    for finding in (*_said(health, ready), *_counted(numbers(metrics))):
        yield finding


def _silent(patient: CheckContext) -> list[Finding]:
    """Nobody answers: well if nobody has the store."""
    holder = holder_of(patient.target)
    if holder is None:
        return [
            note(
                "server.stopped",
                f"No service answers at {patient.url}.",
                "Start it with `fancymonkey serve`, or name it with --url.",
            )
        ]
    return [
        error(
            "server.silent",
            f"{holder} has the store, and does not answer at {patient.url}.",
            "Name its address with --url; where it hangs, stop it and start it again: what it "
            "has confirmed is safe.",
        )
    ]


def _said(health: Any, ready: Any) -> list[Finding]:
    found = []
    version = health.get("version") if isinstance(health, dict) else None
    if version is None:
        found.append(
            error(
                "server.other",
                "Something else than this service answers there.",
                "Name the service with --url.",
            )
        )
    elif version != __version__:
        found.append(
            note(
                "server.version",
                f"The running service is version {version}, this program {__version__}.",
                "Restart the service after an upgrade.",
            )
        )
    problems = ready.get("problems", []) if isinstance(ready, dict) else []
    found += [
        error("server.degraded", f"The service says: {text}", "What it says; the log has more.")
        for text in problems
    ]
    return found


def numbers(metrics: str) -> dict[str, float]:
    """The sum of each metric over its labels, by name."""
    found: dict[str, float] = {}
    try:
        for family in text_string_to_metric_families(metrics):
            for sample in family.samples:
                found[sample.name] = found.get(sample.name, 0.0) + sample.value
    except ValueError:  # not ours
        return {}
    return found


def _counted(found: dict[str, float]) -> list[Finding]:
    refused = int(found.get("fancymonkey_webhook_refused_total", 0))
    taken = int(found.get("fancymonkey_webhook_events_total", 0))
    told = []
    if refused and not taken:
        told.append(
            error(
                "webhook.secret",
                f"The service has refused {counted(refused, 'event')} because of the signature, "
                "and believed none: STRIPE_WEBHOOK_SECRET is not the endpoint's.",
                "Copy the endpoint's signing secret from Stripe's dashboard and restart.",
            )
        )
    elif refused:
        told.append(
            note(
                "webhook.refused",
                f"{counted(refused, 'event')} had a wrong signature, {taken} a right one.",
                "Nothing to mend, unless you have just rotated the secret: then give both.",
            )
        )
    through = int(found.get("fancymonkey_untrusted_proxy_total", 0))
    if through:
        told.append(
            warning(
                "proxy.untrusted",
                f"{counted(through, 'request')} came through a proxy that TRUSTED_PROXIES does not "
                "name: all clients behind it count as one, and share its limits on requests.",
                "Set TRUSTED_PROXIES to the address of your proxy: 127.0.0.1 where it runs here.",
            )
        )
    if found.get("fancymonkey_oversold", 0):
        told.append(
            error(
                "books.oversold",
                "More is promised than there is.",
                "This must not happen: run `fancymonkey verify` and tell us.",
            )
        )
    uptime = found.get("fancymonkey_uptime_seconds", 0)
    if uptime > 60 and found.get("fancymonkey_commit_seconds_total", 0) / uptime > BUSY:
        share = found["fancymonkey_commit_seconds_total"] / uptime
        told.append(
            warning(
                "store.busy",
                f"The store is at work {share:.0%} of the time since the start.",
                "Take a quicker disk, or move to the next store: `fancymonkey migrate`.",
            )
        )
    return told
