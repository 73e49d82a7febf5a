"""The user's own account: password and two-factor authentication."""

from typing import Any

import msgspec
from msgspec import Struct, UnsetType

from fancymonkey.accounts import two_factor
from fancymonkey.accounts.model import Session, User
from fancymonkey.engine.documents import StoredDocument
from fancymonkey.services.user_json import user_json
from fancymonkey.web.admin_api.sessions import Code, Secret
from fancymonkey.web.auth.authorize import require
from fancymonkey.web.context import AppContext
from fancymonkey.web.http import cookies
from fancymonkey.web.http.messages import Problem, Request, Response, ok, parse
from fancymonkey.web.http.wire import encode


class PasswordBody(Struct, rename="camel"):
    """The current password and the new one."""

    old: Secret
    new: Secret


class ProofBody(Struct, rename="camel"):
    """The proof of identity: the password, or a two-factor code."""

    password: Secret | UnsetType = msgspec.UNSET
    code: Code | UnsetType = msgspec.UNSET


class ConfirmBody(Struct, rename="camel"):
    """The first code of a new authenticator app."""

    code: Code


_password = msgspec.json.Decoder(PasswordBody)
_proof = msgspec.json.Decoder(ProofBody)
_confirm = msgspec.json.Decoder(ConfirmBody)


async def change_password(context: AppContext, request: Request) -> Response:
    """Changes the own password. All other sessions end."""
    kept, session = await _own(context, request)
    body = parse(_password, await request.body())
    kept = await context.accounts.login.again(
        kept, body.old, None, context.proxies.guesser(request)
    )
    return await _go_on(
        context, request, session, await context.accounts.users.set_password(kept, body.new)
    )


async def begin_factor(context: AppContext, request: Request) -> Response:
    """Returns a secret for an authenticator app, as text, link and QR code, to be confirmed."""
    kept, _ = await _own(context, request)
    body = parse(_proof, await request.body())
    kept = await _again(context, request, kept, body)
    secret, link, picture = await two_factor.start_setup(context.accounts.users, kept)
    return ok(encode({"success": True, "secret": secret, "link": link, "picture": picture}))


async def confirm_factor(context: AppContext, request: Request) -> Response:
    """Switches two-factor authentication on, and returns the recovery codes once."""
    kept, session = await _own(context, request)
    body = parse(_confirm, await request.body())
    users, now = context.accounts.users, context.engine.clock()
    async with context.accounts.login.counting(kept.name, context.proxies.guesser(request)):
        user, codes = await two_factor.confirm(users, kept, body.code, now)
    return await _go_on(context, request, session, user, recoveryCodes=codes)


async def switch_factor_off(context: AppContext, request: Request) -> Response:
    """Switches two-factor authentication off. All other sessions end."""
    kept, session = await _own(context, request)
    body = parse(_proof, await request.body())
    kept = await _again(context, request, kept, body)
    return await _go_on(
        context, request, session, await two_factor.switch_off(context.accounts.users, kept)
    )


async def renew_codes(context: AppContext, request: Request) -> Response:
    """Returns new recovery codes once; the old ones stop working."""
    kept, session = await _own(context, request)
    body = parse(_proof, await request.body())
    kept = await _again(context, request, kept, body)
    user, codes = await two_factor.new_codes(context.accounts.users, kept)
    return await _go_on(context, request, session, user, recoveryCodes=codes)


async def _own(context: AppContext, request: Request) -> tuple[StoredDocument[User], Session]:
    """Returns the account and the session of the caller; keys and passwords have none."""
    actor = await require(context, request, "read")
    if actor.user is None or actor.session is None:
        raise Problem(403, "not_allowed", "This requires a user account. Log in first.")
    return await context.accounts.users.get(actor.user.name), actor.session


async def _again(
    context: AppContext, request: Request, kept: StoredDocument[User], body: ProofBody
) -> StoredDocument[User]:
    if (body.password is msgspec.UNSET) is (body.code is msgspec.UNSET):
        raise Problem(422, "invalid_request", "Send your `password` or a `code`.")
    password = None if isinstance(body.password, UnsetType) else body.password
    code = None if isinstance(body.code, UnsetType) else body.code
    return await context.accounts.login.again(
        kept, password, code, context.proxies.guesser(request)
    )


async def _go_on(
    context: AppContext, request: Request, session: Session, user: User, **more: Any
) -> Response:
    """Keeps this session and marks the browser as known; all other sessions have ended."""
    await context.accounts.sessions.adopt(session.session_id, user)
    response = ok(encode({"success": True, "user": user_json(user), **more}))
    device = cookies.remember(request, await context.accounts.login.remember(user))
    response.headers = [*response.headers, *device]
    return response
