"""API keys over HTTP: created, listed and revoked by an owner."""

from fastapi import APIRouter

from fancymonkey.services.account_json import key_json
from fancymonkey.web.accounts_api.models import (
    ChangedKey,
    KeyList,
    MakeKeyBody,
    NewKey,
    RevokeKeyBody,
)
from fancymonkey.web.accounts_api.users import at_locations
from fancymonkey.web.http.messages import Problem
from fancymonkey.web.routing.access import requires
from fancymonkey.web.routing.authorized_route import AuthorizedRoute
from fancymonkey.web.routing.dependencies import Call, Caller, Context
from fancymonkey.web.routing.described import refusals

router = APIRouter(prefix="/api/admin/keys", tags=["accounts"], route_class=AuthorizedRoute)

KEYS_MAX = 200
"""The most live keys of a shop."""


@router.get("", summary="List API keys (owner)", dependencies=[requires("admin")])
async def list_keys(context: Context) -> KeyList:
    """Returns every key, the latest first, without secrets."""
    now = context.engine.clock()
    keys = await context.accounts.keys.all()
    return {"success": True, "keys": [key_json(key, now) for key in keys]}


@router.post(
    "/make", summary="Create an API key (owner)", dependencies=[requires("admin", person=True)]
)
async def make_key(context: Context, request: Call, actor: Caller, body: MakeKeyBody) -> NewKey:
    """Creates a key, and returns its secret once."""
    label = body.label.strip()
    if not label or not label.isprintable():
        raise Problem(422, "invalid_request", "The label must be one line of text.")
    request.about = f"{label}: right {body.right}{at_locations(body.locations)}"
    keys = context.accounts.keys
    if len(await keys.all()) >= KEYS_MAX:
        raise Problem(
            422, "invalid_request", f"There are already {KEYS_MAX} API keys. Revoke one first."
        )
    key, text = await keys.make(label, body.right, actor.name, body.days, body.locations)
    request.about = f"{key.key_id} {request.about}"
    return {"success": True, "key": key_json(key, context.engine.clock()), "secret": text}


@router.post(
    "/revoke",
    summary="Revoke an API key (owner)",
    dependencies=[requires("admin", person=True)],
    responses=refusals(404),
)
async def revoke_key(context: Context, request: Call, body: RevokeKeyBody) -> ChangedKey:
    """Revokes a key at once."""
    key = await context.accounts.keys.revoke(body.key_id)
    request.about = f"{key.key_id} {key.label}"
    return {"success": True, "key": key_json(key, context.engine.clock())}
