"""API keys: shown once, stored as digests, revoked at once."""

import hmac
import secrets
from collections.abc import Sequence
from contextlib import suppress

import msgspec

from fancymonkey.accounts.account_locations import checked_locations, includes
from fancymonkey.accounts.model import ApiKey, Right, UnknownAccount
from fancymonkey.accounts.two_factor import digest
from fancymonkey.accounts.users import Users
from fancymonkey.core.dates import DAY_MS
from fancymonkey.engine.documents import Conflict, DocumentCollection
from fancymonkey.engine.engine import Engine
from fancymonkey.settings.account_names import ADMIN

PREFIX = "fmk_"
USED = 3_600_000
"""The precision of the time of last use, in ms."""


class ApiKeys:
    """The API keys of the shop."""

    def __init__(self, engine: Engine, users: Users) -> None:
        self.folder = DocumentCollection(engine, "api-keys", ApiKey)
        self._engine = engine
        self._clock = engine.clock
        self._users = users

    def now(self) -> int:
        """The time by which keys end, in ms."""
        return self._clock()

    async def make(
        self,
        label: str,
        right: Right,
        made_by: str,
        days: int | None,
        locations: Sequence[str] = (),
    ) -> tuple[ApiKey, str]:
        """Makes a key, which may be limited to locations. Raises BadLocations.

        Returns it with its secret, which is not stored.
        """
        limit = checked_locations(locations, right, self._engine.view.locations)
        now = self._clock()
        key_id, secret = secrets.token_hex(6), secrets.token_hex(24)
        key = ApiKey(
            key_id=key_id,
            label=label,
            right=right,
            secret=digest(secret),
            made_by=made_by,
            created_at=now,
            ends_at=None if days is None else now + days * DAY_MS,
            locations=limit,
        )
        await self.folder.put(key_id, key, 0)
        return key, f"{PREFIX}{key_id}_{secret}"

    async def check(self, text: str) -> ApiKey | None:
        """Returns the live key with this secret, or None."""
        key_id, _, secret = text.removeprefix(PREFIX).partition("_")
        if not (text.startswith(PREFIX) and key_id.isalnum() and key_id.isascii()):
            return None
        stored = await self.folder.get(key_id)
        if stored is None or not hmac.compare_digest(stored.value.secret, digest(secret)):
            return None
        key, now = stored.value, self._clock()
        if key.ends_at is not None and key.ends_at <= now:
            return None
        if not await self._backed(key):
            return None
        if key.used_at is None or key.used_at + USED <= now:
            key = msgspec.structs.replace(key, used_at=now)
            with suppress(Conflict):  # used elsewhere at the same moment, or revoked
                await self.folder.put(key_id, key, stored.version)
        return key

    async def _backed(self, key: ApiKey) -> bool:
        """Whether the user who made the key still has its right, at its locations."""
        if key.made_by == ADMIN:
            return True
        account = await self._users.find(key.made_by)
        if account is None or key.created_at < account.value.created_at:  # of an earlier user
            return False
        maker = account.value
        return maker.role.right.covers(key.right) and includes(maker.locations, key.locations)

    async def all(self) -> list[ApiKey]:
        """Returns every key, the latest first."""
        keys = [stored.value for stored in await self.folder.all()]
        return sorted(keys, key=lambda key: key.created_at, reverse=True)

    async def revoke(self, key_id: str) -> ApiKey:
        """Revokes a key. Raises UnknownAccount."""
        stored = await self.folder.get(key_id)
        if stored is None:
            raise UnknownAccount("No such key.")
        await self.folder.put(key_id, None)
        return stored.value
