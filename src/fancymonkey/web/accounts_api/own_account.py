"""The user's own account: password and two-factor authentication."""

from fastapi import APIRouter, Response

from fancymonkey.accounts import two_factor
from fancymonkey.accounts.model import Actor, User
from fancymonkey.engine.documents import StoredDocument
from fancymonkey.services.account_json import user_json
from fancymonkey.web.accounts_api.models import (
    ChangedUser,
    ConfirmBody,
    FactorSetup,
    NewRecoveryCodes,
    PasswordBody,
    ProofBody,
)
from fancymonkey.web.context import AppContext
from fancymonkey.web.http import cookies
from fancymonkey.web.http.messages import Problem, Request
from fancymonkey.web.routing.access import requires
from fancymonkey.web.routing.authorized_route import AuthorizedRoute
from fancymonkey.web.routing.dependencies import Call, Caller, Context
from fancymonkey.web.routing.described import refusals

router = APIRouter(
    prefix="/api/admin",
    tags=["accounts"],
    route_class=AuthorizedRoute,
    responses=refusals(404, 409),
)
OWN = [requires("read", account=True, by_location=True)]
"""A user's session: keys and passwords have no account."""


@router.post("/password", summary="Change the own password", dependencies=OWN)
async def change_password(
    context: Context, request: Call, actor: Caller, body: PasswordBody, response: Response
) -> ChangedUser:
    """Changes the own password. All other sessions end."""
    own = await _own(context, actor)
    own = await context.accounts.login.again(own, body.old, None, context.proxies.guesser(request))
    user = await context.accounts.users.set_password(own, body.new)
    await _stay(context, request, actor, user, response)
    return {"success": True, "user": user_json(user)}


@router.post("/factor/begin", summary="Set up two-factor authentication", dependencies=OWN)
async def begin_factor(
    context: Context, request: Call, actor: Caller, body: ProofBody
) -> FactorSetup:
    """Returns a secret for an authenticator app, as text, link and QR code, to be confirmed."""
    own = await _proven(context, request, actor, body)
    secret, link, picture = await two_factor.start_setup(context.accounts.users, own)
    return {"success": True, "secret": secret, "link": link, "picture": picture}


@router.post(
    "/factor/confirm",
    summary="Confirm two-factor authentication with the first code",
    dependencies=OWN,
)
async def confirm_factor(
    context: Context, request: Call, actor: Caller, body: ConfirmBody, response: Response
) -> NewRecoveryCodes:
    """Switches two-factor authentication on, and returns the recovery codes once."""
    own = await _own(context, actor)
    users, now = context.accounts.users, context.engine.clock()
    async with context.accounts.login.counting(own.name, context.proxies.guesser(request)):
        user, codes = await two_factor.confirm(users, own, body.code, now)
    await _stay(context, request, actor, user, response)
    return {"success": True, "user": user_json(user), "recoveryCodes": codes}


@router.post("/factor/off", summary="Switch off two-factor authentication", dependencies=OWN)
async def switch_factor_off(
    context: Context, request: Call, actor: Caller, body: ProofBody, response: Response
) -> ChangedUser:
    """Switches two-factor authentication off. All other sessions end."""
    own = await _proven(context, request, actor, body)
    user = await two_factor.switch_off(context.accounts.users, own)
    await _stay(context, request, actor, user, response)
    return {"success": True, "user": user_json(user)}


@router.post("/factor/codes", summary="Create new recovery codes", dependencies=OWN)
async def renew_codes(
    context: Context, request: Call, actor: Caller, body: ProofBody, response: Response
) -> NewRecoveryCodes:
    """Returns new recovery codes once; the old ones stop working."""
    own = await _proven(context, request, actor, body)
    user, codes = await two_factor.new_codes(context.accounts.users, own)
    await _stay(context, request, actor, user, response)
    return {"success": True, "user": user_json(user), "recoveryCodes": codes}


async def _own(context: AppContext, actor: Actor) -> StoredDocument[User]:
    """Returns the account of the caller."""
    assert actor.user is not None
    return await context.accounts.users.get(actor.user.name)


async def _proven(
    context: AppContext, request: Request, actor: Actor, body: ProofBody
) -> StoredDocument[User]:
    """Returns the account of the caller, once the password or a code proves who it is."""
    own = await _own(context, actor)
    sent = body.model_fields_set
    if len(sent) != 1:
        raise Problem(422, "invalid_request", "Send your `password` or a `code`.")
    password = body.password if "password" in sent else None
    code = body.code if "code" in sent else None
    return await context.accounts.login.again(own, password, code, context.proxies.guesser(request))


async def _stay(
    context: AppContext, request: Request, actor: Actor, user: User, response: Response
) -> None:
    """Keeps this session and marks the browser as known; all other sessions have ended."""
    assert actor.session is not None
    await context.accounts.sessions.adopt(actor.session.session_id, user)
    response.raw_headers += cookies.remember(request, await context.accounts.login.remember(user))
