"""Users over HTTP: an owner lists, adds, changes and removes them."""

from collections import Counter
from collections.abc import Sequence

from fastapi import APIRouter

from fancymonkey.accounts import two_factor
from fancymonkey.accounts.model import User
from fancymonkey.services.account_json import user_json
from fancymonkey.text import joined
from fancymonkey.timestamps import iso
from fancymonkey.web.accounts_api.models import (
    AddUserBody,
    ChangedUser,
    UserBody,
    UserLimitBody,
    UserList,
    UserPasswordBody,
    UserRoleBody,
)
from fancymonkey.web.http.messages import Problem
from fancymonkey.web.routing.access import requires
from fancymonkey.web.routing.authorized_route import AuthorizedRoute
from fancymonkey.web.routing.dependencies import Call, Caller, Context
from fancymonkey.web.routing.described import refusals

router = APIRouter(prefix="/api/admin/users", tags=["accounts"], route_class=AuthorizedRoute)


@router.get("", summary="List users (owner)", dependencies=[requires("admin")])
async def list_users(context: Context) -> UserList:
    """Returns every user by name, with the number of active sessions."""
    live = await context.accounts.sessions.live()
    count = Counter(session.user for session in live)
    last_seen: dict[str, int] = {}
    for session in live:
        last_seen.setdefault(session.user, session.renewed_at)
    return {
        "success": True,
        "users": [
            {
                **user_json(user),
                "sessions": count[user.name],
                "seenAt": iso(last_seen[user.name]) if user.name in last_seen else None,
            }
            for user in await context.accounts.users.all()
        ],
    }


@router.post(
    "/add",
    summary="Add a user (owner)",
    dependencies=[requires("admin", person=True)],
    responses=refusals(409),
)
async def add_user(context: Context, request: Call, body: AddUserBody) -> ChangedUser:
    """Adds a user."""
    request.about = f"role {body.role}"
    user = await context.accounts.users.add(body.name, body.role, body.password, body.locations)
    request.about = f"{user.name}: role {user.role}{at_locations(user.locations)}"
    return _changed(user)


@router.post(
    "/role",
    summary="Change the role of a user (owner)",
    dependencies=[requires("admin", person=True)],
    responses=refusals(404, 409),
)
async def change_role(context: Context, request: Call, body: UserRoleBody) -> ChangedUser:
    """Changes the role of a user; its sessions end. An owner has all locations."""
    stored = await context.accounts.users.get(body.name)
    request.about = f"{stored.name}: role {stored.value.role} to {body.role}"
    if stored.value.role is body.role:
        return _changed(stored.value)
    return _changed(await context.accounts.users.set_role(stored, body.role))


@router.post(
    "/limit",
    summary="Limit a user to locations (owner)",
    dependencies=[requires("admin", person=True)],
    responses=refusals(404, 409),
)
async def limit_user(context: Context, request: Call, body: UserLimitBody) -> ChangedUser:
    """Limits a user to locations, or lifts the limit; its sessions end."""
    stored = await context.accounts.users.get(body.name)
    request.about = f"{stored.name}{at_locations(body.locations) or ' at all locations'}"
    if stored.value.locations == tuple(body.locations):
        return _changed(stored.value)
    users = context.accounts.users
    return _changed(await users.set_role(stored, stored.value.role, body.locations))


@router.post(
    "/password",
    summary="Set a new password for a user (owner)",
    dependencies=[requires("admin", person=True)],
    responses=refusals(404, 409),
)
async def reset_password(
    context: Context, request: Call, actor: Caller, body: UserPasswordBody
) -> ChangedUser:
    """Sets the password of another user and ends its sessions."""
    stored = await context.accounts.users.get(body.name)
    request.about = stored.name
    if actor.user is not None and actor.user.name == stored.name:
        raise Problem(422, "invalid_request", "To change your own password, send the current one.")
    return _changed(await context.accounts.users.set_password(stored, body.password))


@router.post(
    "/reset-factor",
    summary="Switch off two-factor authentication of a user (owner)",
    dependencies=[requires("admin", person=True)],
    responses=refusals(404, 409),
)
async def reset_factor(
    context: Context, request: Call, actor: Caller, body: UserBody
) -> ChangedUser:
    """Switches off two-factor authentication of another user, and ends its sessions."""
    stored = await context.accounts.users.get(body.name)
    request.about = stored.name
    if actor.user is not None and actor.user.name == stored.name:
        raise Problem(
            422,
            "invalid_request",
            "To switch off your own two-factor authentication, send your password or a code.",
        )
    return _changed(await two_factor.switch_off(context.accounts.users, stored))


@router.post(
    "/remove",
    summary="Remove a user (owner)",
    dependencies=[requires("admin", person=True)],
    responses=refusals(404, 409),
)
async def remove_user(context: Context, request: Call, body: UserBody) -> ChangedUser:
    """Removes a user; its sessions end, and its API keys stop working."""
    stored = await context.accounts.users.get(body.name)
    request.about = stored.name
    await context.accounts.users.remove(stored)
    return _changed(stored.value)


def at_locations(locations: Sequence[str]) -> str:
    """The locations of a user or key as the audit log has them; empty for all."""
    return f" at {joined(locations)}" if locations else ""


def _changed(user: User) -> ChangedUser:
    return {"success": True, "user": user_json(user)}
