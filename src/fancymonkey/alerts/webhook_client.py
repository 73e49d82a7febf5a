"""Posts webhooks to the one address that was checked, without redirects, within limits."""

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import msgspec

from fancymonkey import __version__
from fancymonkey.alerts.events import VERSION, AlertEvent
from fancymonkey.alerts.outbox import Attempt
from fancymonkey.alerts.signing import HEADER, sign
from fancymonkey.alerts.webhook_address import (
    Forbidden,
    ResolvedUrl,
    Resolver,
    Unresolved,
    resolve_url,
)
from fancymonkey.alerts.webhooks import WebhookEndpoint
from fancymonkey.engine.clock import Clock

if TYPE_CHECKING:
    import httpx

log = logging.getLogger(__name__)

SECONDS = 10.0
CONNECT_SECONDS = 5.0
ANSWER_MAX = 64 * 1024
"""The most bytes of a response that are read; a longer response counts as a failure."""


class WebhookClient:
    """Sends events to webhooks, each request with its own signature."""

    def __init__(self, clock: Clock, resolver: Resolver, *, private: bool) -> None:
        self._clock = clock
        self._resolver = resolver
        self._private = private
        self._client: httpx.AsyncClient | None = None

    async def post(self, endpoint: WebhookEndpoint, event: AlertEvent, delivery: str) -> Attempt:
        """Makes one attempt. `error` of the result is None on success."""
        import httpx  # takes 0.1 s to load, and few shops have webhooks

        began = self._clock()
        loop = asyncio.get_running_loop()
        start = loop.time()
        status, error = None, ""
        try:
            async with asyncio.timeout(SECONDS):
                there = await resolve_url(endpoint.url, self._resolver, private=self._private)
                status = await self._send(there, endpoint, event, delivery)
            if not 200 <= status < 300:
                error = f"The endpoint responded with status {status}."
        except TimeoutError:
            error = f"No response within {SECONDS:g} seconds."
        except (Forbidden, Unresolved, _TooLong) as why:
            error = str(why)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, ValueError) as why:
            error = _words(why)
        except Exception as why:  # for example no free threads or files
            log.exception("a webhook could not be sent")
            error = f"The request could not be sent ({type(why).__name__})."
        return Attempt(began, round((loop.time() - start) * 1000), status, error)

    async def _send(
        self, there: ResolvedUrl, endpoint: WebhookEndpoint, event: AlertEvent, delivery: str
    ) -> int:
        content = body_of(event)
        now = self._clock()
        headers = {
            "Host": _authority(there),
            "Content-Type": "application/json",
            "User-Agent": f"FancyMonkey/{__version__}",
            HEADER: sign(content, now // 1000, endpoint.keys(now)),
            "FancyMonkey-Event": event.type,
            "FancyMonkey-Delivery": delivery,
        }
        import httpx

        url = httpx.URL(there.url).copy_with(host=there.address)
        # The request goes to the address, but the certificate must match the host name.
        more = {"sni_hostname": there.host} if there.secure else {}
        async with self._http().stream(
            "POST", url, content=content, headers=headers, extensions=more
        ) as answer:
            size = 0
            async for part in answer.aiter_raw():
                size += len(part)
                if size > ANSWER_MAX:
                    raise _TooLong(f"The response is longer than {ANSWER_MAX} bytes.")
            return answer.status_code

    def _http(self) -> "httpx.AsyncClient":
        import httpx

        if self._client is None:
            # No connection is reused: the same address may serve the host of another name.
            self._client = httpx.AsyncClient(
                follow_redirects=False,
                trust_env=False,
                timeout=httpx.Timeout(SECONDS, connect=CONNECT_SECONDS),
                limits=httpx.Limits(max_connections=64, max_keepalive_connections=0),
            )
        return self._client

    async def close(self) -> None:
        """Closes the connections."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None


class _TooLong(Exception):
    pass


def body_of(event: AlertEvent) -> bytes:
    """The body of a webhook. Every delivery of one event has the same bytes."""
    body: dict[str, Any] = {
        "id": event.id,
        "type": event.type,
        "version": VERSION,
        "at": event.at,
        "title": event.title,
        "data": event.data,
    }
    return msgspec.json.encode(body)


def _authority(there: ResolvedUrl) -> str:
    host = f"[{there.host}]" if ":" in there.host else there.host
    usual = 443 if there.secure else 80
    return host if there.port == usual else f"{host}:{there.port}"


def _words(error: Exception) -> str:
    import httpx

    if isinstance(error, httpx.ConnectTimeout | httpx.ReadTimeout | httpx.WriteTimeout):
        return "The endpoint did not respond in time."
    if isinstance(error, httpx.ConnectError):
        if "certificate" in str(error).lower():
            return "The certificate of the endpoint is not valid for this host."
        return "The endpoint could not be reached."
    return "The connection was lost, or the response is not HTTP."
