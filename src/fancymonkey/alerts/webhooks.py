"""Endpoints of other systems: where they are, what they want to hear, and their secrets."""

import secrets
from collections.abc import Callable, Iterable, Sequence

import msgspec
from msgspec import Struct

from fancymonkey.alerts.events import WEBHOOKS
from fancymonkey.alerts.outbox import DeliveryTarget
from fancymonkey.alerts.quiet_hours import DAY, HOUR
from fancymonkey.alerts.signing import new_secret
from fancymonkey.alerts.webhook_address import Resolver, Unresolved, checked, resolve_url
from fancymonkey.engine.documents import Conflict, DocumentCollection, StoredDocument
from fancymonkey.engine.engine import Engine
from fancymonkey.errors import FancyMonkeyError

MOST = 20
"""Endpoints of one shop."""
OFF_AFTER = 3 * DAY
"""How long an endpoint may fail without one success."""
OVERLAP = 24
"""Hours in which the old secret counts beside the new one, where nobody says otherwise."""


class UnknownWebhook(FancyMonkeyError):
    """There is no such endpoint or delivery."""


class TooManyWebhooks(FancyMonkeyError):
    """No more endpoints can be added."""


class Secret(Struct):
    """A signing secret; it counts until `ends_at` (ms), or for good."""

    text: str
    ends_at: int | None = None


class WebhookEndpoint(Struct):
    """Where another system listens. `failing_since` is set from the first failure to a success."""

    url: str
    events: list[str]
    description: str
    secrets: list[Secret]
    created_at: int
    active: bool = True
    failing_since: int | None = None
    off_because: str = ""

    def keys(self, now: int) -> list[str]:
        """The secrets that count now, the newest first."""
        return [one.text for one in self.secrets if one.ends_at is None or one.ends_at > now]


class Webhooks:
    """The endpoints of the shop."""

    def __init__(self, engine: Engine, resolver: Resolver, *, private: bool) -> None:
        self.folder = DocumentCollection(engine, "webhooks", WebhookEndpoint)
        self.private = private
        self.resolver = resolver
        self._engine = engine

    async def all(self) -> list[StoredDocument[WebhookEndpoint]]:
        """Every endpoint, the oldest first."""
        return sorted(await self.folder.all(), key=lambda kept: kept.value.created_at)

    async def get(self, id_: str) -> StoredDocument[WebhookEndpoint]:
        """One endpoint. Raises UnknownWebhook."""
        kept = await self.folder.get(id_)
        if kept is None:
            raise UnknownWebhook("There is no such webhook.")
        return kept

    async def targets(self) -> list[DeliveryTarget]:
        """The endpoints that are on, and what they want to hear."""
        return [
            DeliveryTarget(kept.name, frozenset(kept.value.events), alert=False)
            for kept in await self.folder.all()
            if kept.value.active
        ]

    async def add(
        self, url: str, events: Iterable[str], description: str
    ) -> tuple[str, WebhookEndpoint]:
        """A new endpoint, with its secret. Raises Forbidden, TooManyWebhooks."""
        await self._check(url)
        if len(await self.folder.all()) >= MOST:
            raise TooManyWebhooks(f"There are {MOST} webhooks already. Remove one first.")
        wanted = [name for name in WEBHOOKS if name in set(events)]
        now = self._engine.clock()
        endpoint = WebhookEndpoint(url, wanted, description, [Secret(new_secret())], now)
        id_ = f"whk_{secrets.token_hex(8)}"
        await self.folder.put(id_, endpoint, expected=0)
        return id_, endpoint

    async def change(
        self,
        id_: str,
        url: str | None = None,
        events: Sequence[str] | None = None,
        description: str | None = None,
        active: bool | None = None,
    ) -> WebhookEndpoint:
        """Changes what is given. Switched on, it starts without its past failures."""
        if url is not None:
            await self._check(url)

        def changed(old: WebhookEndpoint) -> WebhookEndpoint:
            new = msgspec.structs.replace(old)
            new.url = old.url if url is None else url
            new.description = old.description if description is None else description
            new.active = old.active if active is None else active
            if events is not None:
                new.events = [name for name in WEBHOOKS if name in events]
            if new.active and not old.active:
                new.failing_since, new.off_because = None, ""
            return new

        return await self.edit(id_, changed)

    async def remove(self, id_: str) -> None:
        """Forgets an endpoint. Raises UnknownWebhook."""
        await self.get(id_)
        await self.folder.put(id_, None)

    async def rotate(self, id_: str, hours: int = OVERLAP) -> WebhookEndpoint:
        """A new secret; the one before it counts for so many hours more."""
        now = self._engine.clock()
        fresh = Secret(new_secret())

        def rotated(old: WebhookEndpoint) -> WebhookEndpoint:
            before = [one for one in old.secrets if one.ends_at is None or one.ends_at > now][:1]
            kept = [Secret(one.text, now + hours * HOUR) for one in before if hours]
            return msgspec.structs.replace(old, secrets=[fresh, *kept])

        return await self.edit(id_, rotated)

    async def failed(self, id_: str, why: str) -> bool:
        """Notes a failure; whether the endpoint has been switched off for it just now."""
        now = self._engine.clock()
        old = (await self.get(id_)).value
        if old.failing_since is None:
            await self.edit(id_, lambda one: msgspec.structs.replace(one, failing_since=now))
            return False
        if not old.active or now - old.failing_since < OFF_AFTER:
            return False
        await self.edit(
            id_, lambda one: msgspec.structs.replace(one, active=False, off_because=why)
        )
        return True

    async def worked(self, id_: str) -> None:
        """Notes a success after failures."""
        await self.edit(id_, lambda one: msgspec.structs.replace(one, failing_since=None))

    async def edit(
        self, id_: str, change: Callable[[WebhookEndpoint], WebhookEndpoint]
    ) -> WebhookEndpoint:
        """Changes an endpoint, whoever else does so at the same time. Raises UnknownWebhook."""
        while True:
            kept = await self.get(id_)
            value = change(kept.value)
            try:
                await self.folder.put(id_, value, kept.version)
            except Conflict:
                continue
            return value

    async def _check(self, url: str) -> None:
        """Raises Forbidden where a webhook must not go; a name that is nowhere yet may come."""
        checked(url)
        try:
            await resolve_url(url, self.resolver, private=self.private)
        except Unresolved:
            return
