"""Delivers events to webhooks: signed, with retries, and with the faults that tests set."""

import asyncio
import contextlib
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from random import Random
from typing import Any

import httpx
from stripe import WebhookSignature

from fancymonkey.engine.clock import Clock

log = logging.getLogger(__name__)

TRIES = 12
TIMEOUT_SECONDS = 20.0


@dataclass(slots=True)
class Faults:
    """The faults to simulate. Shares are from 0 to 1.

    `lose`: the share of events that never arrive. `duplicate`: the share that arrives twice.
    `shuffle_ms`: the most that an event waits, so that events overtake one another. `api_*`: the
    failures of the API itself.
    """

    lose: float = 0.0
    duplicate: float = 0.0
    shuffle_ms: int = 0
    delay_ms: int = 0
    api_latency_ms: int = 0
    api_fail: str = ""
    api_fail_times: int = 0

    def change(self, changes: dict[str, Any]) -> None:
        """Sets the given faults. Raises ValueError for an unknown name or a wrong type."""
        for fault in fields(self):
            if fault.name in changes:
                kind = type(getattr(self, fault.name))
                value = changes[fault.name]
                if kind is float and isinstance(value, int) and not isinstance(value, bool):
                    value = float(value)
                if type(value) is not kind:
                    raise ValueError(f"{fault.name} is a {kind.__name__}")
                setattr(self, fault.name, value)
        unknown = changes.keys() - {fault.name for fault in fields(self)}
        if unknown:
            raise ValueError(f"there is no {sorted(unknown)[0]}")


@dataclass(slots=True)
class WebhookSender:
    """Delivers each event to each webhook, a pair of its URL and its secret."""

    webhooks: list[tuple[str, str]]
    clock: Clock
    faults: Faults
    random: Random
    retry_seconds: float = 1.0
    delivered: Callable[[str], None] = lambda _: None
    delivered_count: int = 0
    lost_count: int = 0
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _client: httpx.AsyncClient | None = None

    def send(self, event: dict[str, Any]) -> None:
        """Starts to deliver an event in its present state."""
        body = json.dumps(event, indent=2, sort_keys=True)  # in Stripe's layout
        for url, secret in self.webhooks:
            if self.random.random() < self.faults.lose:
                self.lost_count += 1
                continue
            copies = 2 if self.random.random() < self.faults.duplicate else 1
            for _ in range(copies):
                wait = self.faults.delay_ms + self.random.uniform(0, self.faults.shuffle_ms)
                work = self._deliver(event["id"], url, secret, body, wait / 1000)
                task = asyncio.get_running_loop().create_task(work)
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _deliver(self, id_: str, url: str, secret: str, body: str, wait: float) -> None:
        await asyncio.sleep(wait)
        for number in range(TRIES):
            if await self._try(url, secret, body):
                self.delivered_count += 1
                self.delivered(id_)
                return
            await asyncio.sleep(min(3600.0, self.retry_seconds * 2**number))
        log.warning("%s could not be delivered to %s", id_, url)

    async def _try(self, url: str, secret: str, body: str) -> bool:
        if self._client is None:
            self._client = httpx.AsyncClient(timeout=TIMEOUT_SECONDS)
        header = WebhookSignature.generate_signature_header(body, secret, self.clock() // 1000)
        headers = {"Stripe-Signature": header, "Content-Type": "application/json; charset=utf-8"}
        try:
            answer = await self._client.post(url, content=body.encode(), headers=headers)
        except httpx.HTTPError:
            return False
        return answer.is_success

    @property
    def under_way(self) -> int:
        """The number of deliveries that have not arrived yet."""
        return len(self._tasks)

    async def settle(self) -> None:
        """Waits until every event was delivered or given up."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def close(self) -> None:
        """Stops; events not delivered yet are dropped."""
        for task in list(self._tasks):
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()
