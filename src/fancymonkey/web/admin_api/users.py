"""Users over HTTP: an owner lists, adds, changes and removes them."""

from collections import Counter

import msgspec
from msgspec import Struct

from fancymonkey.accounts import two_factor
from fancymonkey.accounts.model import Role, User
from fancymonkey.services.user_json import user_json
from fancymonkey.timestamps import iso
from fancymonkey.web.admin_api.sessions import Name, Secret
from fancymonkey.web.auth.authorize import require, require_person
from fancymonkey.web.context import AppContext
from fancymonkey.web.http.messages import Problem, Request, Response, ok, parse
from fancymonkey.web.http.wire import encode


class AddUserBody(Struct, rename="camel"):
    """A new user."""

    name: Name
    role: Role
    password: Secret


class UserRoleBody(Struct, rename="camel"):
    """The new role of a user."""

    name: Name
    role: Role


class UserPasswordBody(Struct, rename="camel"):
    """A new password for a user who has forgotten the old one."""

    name: Name
    password: Secret


class UserBody(Struct, rename="camel"):
    """The name of a user."""

    name: Name


_add = msgspec.json.Decoder(AddUserBody)
_role = msgspec.json.Decoder(UserRoleBody)
_password = msgspec.json.Decoder(UserPasswordBody)
_user = msgspec.json.Decoder(UserBody)


async def list_users(context: AppContext, request: Request) -> Response:
    """Returns every user by name, with the number of active sessions."""
    await require(context, request, "admin")
    live = await context.accounts.sessions.live()
    count = Counter(one.user for one in live)
    seen: dict[str, int] = {}
    for one in live:
        seen.setdefault(one.user, one.renewed_at)
    rows = [
        {
            **user_json(user),
            "sessions": count[user.name],
            "seenAt": iso(seen[user.name]) if user.name in seen else None,
        }
        for user in await context.accounts.users.all()
    ]
    return ok(encode({"success": True, "users": rows}))


async def add_user(context: AppContext, request: Request) -> Response:
    """Adds a user."""
    await require_person(context, request, "admin")
    body = parse(_add, await request.body())
    request.about = f"role {body.role}"
    user = await context.accounts.users.add(body.name, body.role, body.password)
    request.about = f"{user.name}: role {user.role}"
    return _told(user)


async def change_role(context: AppContext, request: Request) -> Response:
    """Changes the role of a user; its sessions end."""
    await require_person(context, request, "admin")
    body = parse(_role, await request.body())
    kept = await context.accounts.users.get(body.name)
    request.about = f"{kept.name}: role {kept.value.role} to {body.role}"
    if kept.value.role is body.role:
        return _told(kept.value)
    return _told(await context.accounts.users.set_role(kept, body.role))


async def reset_password(context: AppContext, request: Request) -> Response:
    """Sets the password of another user and ends its sessions."""
    actor = await require_person(context, request, "admin")
    body = parse(_password, await request.body())
    kept = await context.accounts.users.get(body.name)
    request.about = kept.name
    if actor.user is not None and actor.user.name == kept.name:
        raise Problem(422, "invalid_request", "To change your own password, send the current one.")
    return _told(await context.accounts.users.set_password(kept, body.password))


async def reset_factor(context: AppContext, request: Request) -> Response:
    """Switches off two-factor authentication of another user, and ends its sessions."""
    actor = await require_person(context, request, "admin")
    body = parse(_user, await request.body())
    kept = await context.accounts.users.get(body.name)
    request.about = kept.name
    if actor.user is not None and actor.user.name == kept.name:
        raise Problem(
            422,
            "invalid_request",
            "To switch off your own two-factor authentication, send your password or a code.",
        )
    return _told(await two_factor.switch_off(context.accounts.users, kept))


async def remove_user(context: AppContext, request: Request) -> Response:
    """Removes a user; its sessions end, and its API keys stop working."""
    await require_person(context, request, "admin")
    body = parse(_user, await request.body())
    kept = await context.accounts.users.get(body.name)
    request.about = kept.name
    await context.accounts.users.remove(kept)
    return _told(kept.value)


def _told(user: User) -> Response:
    return ok(encode({"success": True, "user": user_json(user)}))
