"""The webhooks of a shop: URLs, event types and signing secrets."""

import secrets
from collections.abc import Callable, Iterable, Sequence

import msgspec
from msgspec import Struct

from fancymonkey.alerts.backoff import HOUR
from fancymonkey.alerts.events import WEBHOOKS
from fancymonkey.alerts.outbox import DeliveryTarget
from fancymonkey.alerts.signing import new_secret
from fancymonkey.alerts.webhook_address import Resolver, Unresolved, checked, resolve_url
from fancymonkey.core.dates import DAY_MS
from fancymonkey.engine.documents import Conflict, DocumentCollection, StoredDocument
from fancymonkey.engine.engine import Engine
from fancymonkey.errors import FancyMonkeyError
from fancymonkey.settings.event_names import present_event

MOST = 20
"""The most webhooks of a shop."""
OFF_AFTER = 3 * DAY_MS
"""The time for which a webhook may fail without one success before it is switched off."""
OVERLAP = 24
"""Hours for which the old secret stays valid after a rotation, by default."""


class UnknownWebhook(FancyMonkeyError):
    """The webhook or delivery does not exist."""


class TooManyWebhooks(FancyMonkeyError):
    """The maximum number of webhooks is reached."""


class SigningSecret(Struct):
    """A signing secret, valid until `ends_at` (ms), or for good."""

    text: str
    ends_at: int | None = None


class WebhookEndpoint(Struct):
    """A webhook. `failing_since` is set from the first failure until the next success."""

    url: str
    events: list[str]
    description: str
    secrets: list[SigningSecret]
    created_at: int
    active: bool = True
    failing_since: int | None = None
    off_because: str = ""

    def __post_init__(self) -> None:
        """Gives the events of a webhook of an earlier version their present names."""
        self.events = [present_event(name) for name in self.events]

    def keys(self, now: int) -> list[str]:
        """The currently valid secrets, the newest first."""
        return [
            secret.text for secret in self.secrets if secret.ends_at is None or secret.ends_at > now
        ]


class Webhooks:
    """The webhooks of the shop."""

    def __init__(self, engine: Engine, resolver: Resolver, *, private: bool) -> None:
        self.folder = DocumentCollection(engine, "webhooks", WebhookEndpoint)
        self.private = private
        self.resolver = resolver
        self._engine = engine

    async def all(self) -> list[StoredDocument[WebhookEndpoint]]:
        """Returns every webhook, the oldest first."""
        return sorted(await self.folder.all(), key=lambda stored: stored.value.created_at)

    async def get(self, id_: str) -> StoredDocument[WebhookEndpoint]:
        """Returns one webhook. Raises UnknownWebhook."""
        stored = await self.folder.get(id_)
        if stored is None:
            raise UnknownWebhook("No such webhook.")
        return stored

    async def targets(self) -> list[DeliveryTarget]:
        """Returns the active webhooks and their event types."""
        return [
            DeliveryTarget(stored.name, frozenset(stored.value.events), alert=False)
            for stored in await self.folder.all()
            if stored.value.active
        ]

    async def add(
        self, url: str, events: Iterable[str], description: str
    ) -> tuple[str, WebhookEndpoint]:
        """Adds a webhook and returns it with its secret. Raises Forbidden, TooManyWebhooks."""
        await self._check(url)
        if len(await self.folder.all()) >= MOST:
            raise TooManyWebhooks(f"There are already {MOST} webhooks. Remove one first.")
        wanted = [name for name in WEBHOOKS if name in set(events)]
        now = self._engine.clock()
        endpoint = WebhookEndpoint(url, wanted, description, [SigningSecret(new_secret())], now)
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
        """Changes the given fields. Switching it on clears its past failures."""
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
        """Removes a webhook. Raises UnknownWebhook."""
        await self.get(id_)
        await self.folder.put(id_, None)

    async def rotate(self, id_: str, hours: int = OVERLAP) -> WebhookEndpoint:
        """Makes a new secret; the previous one stays valid for this number of hours."""
        now = self._engine.clock()
        fresh = SigningSecret(new_secret())

        def rotated(old: WebhookEndpoint) -> WebhookEndpoint:
            before = [
                secret for secret in old.secrets if secret.ends_at is None or secret.ends_at > now
            ][:1]
            secrets = [SigningSecret(secret.text, now + hours * HOUR) for secret in before if hours]
            return msgspec.structs.replace(old, secrets=[fresh, *secrets])

        return await self.edit(id_, rotated)

    async def record_failure(self, id_: str, why: str) -> bool:
        """Records a failure; returns whether it has switched the webhook off."""
        now = self._engine.clock()
        old = (await self.get(id_)).value
        if old.failing_since is None:
            await self.edit(
                id_, lambda endpoint: msgspec.structs.replace(endpoint, failing_since=now)
            )
            return False
        if not old.active or now - old.failing_since < OFF_AFTER:
            return False
        await self.edit(
            id_, lambda endpoint: msgspec.structs.replace(endpoint, active=False, off_because=why)
        )
        return True

    async def record_success(self, id_: str) -> None:
        """Records a success after failures."""
        await self.edit(id_, lambda endpoint: msgspec.structs.replace(endpoint, failing_since=None))

    async def edit(
        self, id_: str, change: Callable[[WebhookEndpoint], WebhookEndpoint]
    ) -> WebhookEndpoint:
        """Changes a webhook, retrying after concurrent changes. Raises UnknownWebhook."""
        while True:
            stored = await self.get(id_)
            value = change(stored.value)
            try:
                await self.folder.put(id_, value, stored.version)
            except Conflict:
                continue
            return value

    async def _check(self, url: str) -> None:
        """Raises Forbidden for a URL that is not allowed; a host without an address is allowed."""
        checked(url)
        try:
            await resolve_url(url, self.resolver, private=self.private)
        except Unresolved:
            return
