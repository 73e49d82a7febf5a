"""User accounts: creation, changes, removal, passwords."""

import asyncio
import secrets
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import msgspec

from fancymonkey.accounts.account_locations import checked_locations
from fancymonkey.accounts.model import (
    AccountExists,
    BadName,
    Changed,
    LastOwner,
    Role,
    UnknownAccount,
    User,
)
from fancymonkey.accounts.passwords import Passwords, check_new
from fancymonkey.engine.documents import (
    Conflict,
    DocumentCollection,
    StoredDocument,
    put_documents_command,
)
from fancymonkey.engine.engine import Engine
from fancymonkey.settings.account_names import NAME_MAX, account_name, look_alike, plain

OWNERS = "owners"
"""A document that every change of owners writes, so that two such changes conflict."""


class Users:
    """The users of the shop. `owner` and `password` define the first one."""

    def __init__(self, engine: Engine, owner: str, password: str | None) -> None:
        self.folder = DocumentCollection(engine, "users", User)
        self.passwords = Passwords()
        self._engine = engine
        self._marks = DocumentCollection(engine, "accounts", int)
        self._first = (plain(owner), password)
        self._some = False
        self._making = asyncio.Lock()

    async def find(self, name: str) -> StoredDocument[User] | None:
        """Returns the user with this name, or None."""
        await self._ensure_owner()
        name = plain(name)
        return await self.folder.get(name) if 0 < len(name) <= NAME_MAX else None

    async def get(self, name: str) -> StoredDocument[User]:
        """Returns the user with this name. Raises UnknownAccount."""
        account = await self.find(name)
        if account is None:
            raise UnknownAccount(f"No such user: {plain(name)[:NAME_MAX]}.")
        return account

    async def all(self) -> list[User]:
        """Returns every user, by name."""
        await self._ensure_owner()
        return [account.value for account in await self.folder.all()]

    async def any(self) -> bool:
        """Whether there is a user, or the settings define one."""
        return bool(self._first[1]) or bool(await self.folder.all())

    async def add(
        self, name: str, role: Role, password: str, locations: Sequence[str] = ()
    ) -> User:
        """Adds a user, who may be limited to locations.

        Raises BadName, WeakPassword, AccountExists, BadLocations, Busy.
        """
        await self._ensure_owner()
        name = _named(name)
        other = look_alike(name, [account.name for account in await self.folder.all()])
        if other is not None:
            raise AccountExists(f"{name} looks like the existing user {other}.")
        check_new(password, name)
        return await self._make(name, role, password, self._checked(locations, role))

    async def _make(
        self, name: str, role: Role, password: str, locations: tuple[str, ...] = ()
    ) -> User:
        hashed = await self.passwords.hash(password)
        user = User(
            name=name,
            role=role,
            password=hashed,
            created_at=self._engine.clock(),
            stamp=secrets.randbits(48),  # differs from that of an earlier user of this name
            locations=locations,
        )
        try:
            await self.folder.put(name, user, 0)
        except Conflict:
            raise AccountExists(f"The user {name} already exists.") from None
        return user

    async def set_password(self, account: StoredDocument[User], password: str) -> User:
        """Sets a new password and ends every session. Raises WeakPassword, Busy, Changed."""
        check_new(password, account.name)
        return await self.change(account, password=await self.passwords.hash(password), ends=True)

    async def set_role(
        self, account: StoredDocument[User], role: Role, locations: Sequence[str] | None = None
    ) -> User:
        """Changes the role and the locations, and ends every session.

        Without `locations` they stay; an owner has none. Raises LastOwner, BadLocations, Changed.
        """
        if locations is None:
            locations = () if role is Role.OWNER else account.value.locations
        fields = {"role": role, "locations": self._checked(locations, role)}
        if account.value.role is Role.OWNER and role is not Role.OWNER:
            return await self._one_owner_less(account, self._changed(account, True, fields))
        return await self.change(account, ends=True, **fields)

    def _checked(self, locations: Sequence[str], role: Role) -> tuple[str, ...]:
        return checked_locations(locations, role.right, self._engine.view.locations)

    async def remove(self, account: StoredDocument[User]) -> None:
        """Removes a user. Raises LastOwner, Changed."""
        if account.value.role is Role.OWNER:
            await self._one_owner_less(account, None)
        else:
            await self._put(account, None)

    async def change(
        self, account: StoredDocument[User], *, ends: bool = False, **fields: Any
    ) -> User:
        """Changes fields of a user; `ends` also ends the sessions. Raises Changed."""
        user = self._changed(account, ends, fields)
        await self._put(account, user)
        return user

    def _changed(self, account: StoredDocument[User], ends: bool, fields: dict[str, Any]) -> User:
        stamp = account.value.stamp + 1 if ends else account.value.stamp
        return msgspec.structs.replace(account.value, stamp=stamp, **fields)

    async def _put(self, account: StoredDocument[User], user: User | None) -> None:
        try:
            await self.folder.put(account.name, user, account.version)
        except Conflict:
            raise Changed("This account has just been changed. Reload it and try again.") from None

    async def _one_owner_less(self, account: StoredDocument[User], user: User | None) -> User:
        mark = await self._marks.get(OWNERS)
        owners = [owner for owner in await self.folder.all() if owner.value.role is Role.OWNER]
        if len(owners) < 2:
            raise LastOwner("This is the last owner. Add another owner first.")
        turn = 0 if mark is None else mark.version
        try:
            await put_documents_command(
                self._engine,
                self.folder.draft(account.name, user, account.version),
                self._marks.draft(OWNERS, turn + 1, turn),
            )
        except Conflict:
            raise Changed(
                "An owner account has just been changed. Reload it and try again."
            ) from None
        return user or account.value

    async def _ensure_owner(self) -> None:
        """Adds the owner of the settings if there are no users."""
        name, password = self._first
        if self._some or not password or not name:
            return
        async with self._making:  # concurrent requests share one hash
            if not await self.folder.all():
                with suppress(AccountExists):  # another process was faster
                    await self._make(_named(name), Role.OWNER, password)
            self._some = True


def _named(name: str) -> str:
    """Returns the name of a new user. Raises BadName."""
    try:
        return account_name(name)
    except ValueError as error:
        raise BadName(f"The name must be {error}.") from None
