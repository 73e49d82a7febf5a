"""API keys over HTTP: created, listed and revoked by an owner."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from fancymonkey.accounts.api_keys import PREFIX
from fancymonkey.accounts.model import ApiKey, Right
from fancymonkey.timestamps import iso
from fancymonkey.web.auth.authorize import require, require_person
from fancymonkey.web.context import AppContext
from fancymonkey.web.http.messages import Problem, Request, Response, ok, parse
from fancymonkey.web.http.wire import encode

KEYS_MAX = 200
"""The most live keys of a shop."""


class MakeKeyBody(Struct, rename="camel"):
    """The label of the key, its right, and its lifetime in days."""

    label: Annotated[str, Meta(min_length=1, max_length=80)]
    right: Right = Right.READ
    days: Annotated[int, Meta(ge=1, le=3650)] | None = None


class RevokeKeyBody(Struct, rename="camel"):
    """The id of a key."""

    key_id: Annotated[str, Meta(min_length=1, max_length=40)]


_make = msgspec.json.Decoder(MakeKeyBody)
_revoke = msgspec.json.Decoder(RevokeKeyBody)


async def list_keys(context: AppContext, request: Request) -> Response:
    """Returns every key, the latest first, without secrets."""
    await require(context, request, "admin")
    now = context.engine.clock()
    found = await context.accounts.keys.all()
    return ok(encode({"success": True, "keys": [_key_out(key, now) for key in found]}))


async def make_key(context: AppContext, request: Request) -> Response:
    """Creates a key, and returns its secret once."""
    actor = await require_person(context, request, "admin")
    body = parse(_make, await request.body())
    label = body.label.strip()
    if not label or not label.isprintable():
        raise Problem(422, "invalid_request", "The label must be one line of text.")
    request.about = f"{label}: right {body.right}"
    keys = context.accounts.keys
    if len(await keys.all()) >= KEYS_MAX:
        raise Problem(
            422, "invalid_request", f"There are already {KEYS_MAX} API keys. Revoke one first."
        )
    key, text = await keys.make(label, body.right, actor.name, body.days)
    request.about = f"{key.key_id} {request.about}"
    return ok(
        encode({"success": True, "key": _key_out(key, context.engine.clock()), "secret": text})
    )


async def revoke_key(context: AppContext, request: Request) -> Response:
    """Revokes a key at once."""
    await require_person(context, request, "admin")
    body = parse(_revoke, await request.body())
    key = await context.accounts.keys.revoke(body.key_id)
    request.about = f"{key.key_id} {key.label}"
    return ok(encode({"success": True, "key": _key_out(key, context.engine.clock())}))


def _key_out(key: ApiKey, now: int) -> dict[str, Any]:
    return {
        "id": key.key_id,
        "label": key.label,
        "right": key.right,
        "begins": f"{PREFIX}{key.key_id}",
        "madeBy": key.made_by,
        "createdAt": iso(key.created_at),
        "endsAt": None if key.ends_at is None else iso(key.ends_at),
        "usedAt": None if key.used_at is None else iso(key.used_at),
        "ended": key.ends_at is not None and key.ends_at <= now,
    }
