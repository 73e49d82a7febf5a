"""Login, logout, session renewal, and the current user."""

from fastapi import APIRouter, Response

from fancymonkey.accounts.model import (
    Actor,
    Denied,
    NoSession,
    Role,
    Session,
    UnknownAccount,
    User,
    WrongCredentials,
)
from fancymonkey.accounts.sessions import SessionReused, SessionTokens
from fancymonkey.settings.fields import PUBLISHED_PASSWORD
from fancymonkey.timestamps import iso
from fancymonkey.web.accounts_api.models import (
    ActorOut,
    LoggedIn,
    LoggedOut,
    LoginBody,
    SessionBody,
    SessionList,
    SessionOut,
    SessionsEnded,
)
from fancymonkey.web.auth.authorize import check_address, check_same_site
from fancymonkey.web.context import AppContext
from fancymonkey.web.http import cookies
from fancymonkey.web.http.messages import Problem, Request
from fancymonkey.web.routing.access import public, requires
from fancymonkey.web.routing.authorized_route import AuthorizedRoute
from fancymonkey.web.routing.dependencies import Call, Caller, Context
from fancymonkey.web.routing.described import refusals

router = APIRouter(prefix="/api/admin", tags=["accounts"], route_class=AuthorizedRoute)


@router.post(
    "/login",
    summary="Log in and receive the session as cookies",
    dependencies=[public(same_site=True)],
    responses=refusals(401, 403),
)
async def login(context: Context, request: Call, body: LoginBody, response: Response) -> LoggedIn:
    """Starts a session. The tokens are set as cookies, the CSRF token is in the body."""
    user = await checked(context, request, body.name, body.password, body.code)
    old = await _session_of(context, request)
    if old is not None:  # a login always starts a new session, never reuses an old one
        await context.accounts.sessions.end(old)
    agent = request.headers.get(b"user-agent", b"").decode("latin-1")
    passes = await context.accounts.sessions.begin(user, request.address, agent)
    request.actor = Actor(name=user.name, right=user.role.right, user=user)
    device = cookies.remember(request, await context.accounts.login.remember(user))
    response.raw_headers += [*cookies.give(request, passes), *device]
    return _logged_in(context, user, passes.session)


async def checked(
    context: AppContext, request: Request, name: str, password: str, code: str | None
) -> User:
    """Returns the user of these credentials. Raises Denied; a failure is recorded.

    The published demo password opens no account, even if a demo has left one in this store.
    """
    if password == PUBLISHED_PASSWORD and not context.settings.published:
        raise Problem(
            403,
            "demo_only_here",
            "This password is public and works only for a demo on this machine. Set another one: "
            "fancymonkey user password.",
        )
    try:
        return await context.accounts.login.check(
            name,
            password,
            code,
            context.proxies.guesser(request),
            cookies.read(request, cookies.DEVICE),
        )
    except WrongCredentials:
        # A user may type a password into the name field: only existing names are recorded.
        user = await context.accounts.users.find(name)
        actor = "somebody" if user is None else user.name
        what = f"{request.method} {request.scope['path']}"
        await context.accounts.audit_log.record_refused(actor, request.address, what, 401)
        raise


@router.post("/logout", summary="End the session", dependencies=[public()], responses=refusals(403))
async def logout(context: Context, request: Call, response: Response) -> LoggedOut:
    """Ends the session in the browser and on the server."""
    check_same_site(context, request)
    session = await _session_of(context, request)
    if session is not None:
        await context.accounts.sessions.end(session)
    response.raw_headers += cookies.take(request)
    return {"success": True, "message": "Logged out"}


@router.post(
    "/refresh",
    summary="Renew the session's cookies",
    dependencies=[public()],
    responses=refusals(401, 403),
)
async def refresh(context: Context, request: Call, response: Response) -> LoggedIn:
    """Renews the tokens. A refresh token works once; its reuse ends the session."""
    check_address(context, request)
    if cookies.read(request, cookies.RENEW) is not None:
        check_same_site(context, request)
    passes = await renewed(context, request)
    user = (await context.accounts.users.get(passes.session.user)).value
    response.raw_headers += cookies.give(request, passes)
    return _logged_in(context, user, passes.session)


async def renewed(context: AppContext, request: Request) -> SessionTokens:
    """Renews the tokens of this browser. Raises NoSession."""
    token = cookies.read(request, cookies.RENEW)
    if token is None:
        raise NoSession("You are not logged in.")
    try:
        return await context.accounts.sessions.renew(token)
    except SessionReused as reused:
        await context.accounts.audit_log.record(
            reused.session.user,
            request.address,
            "session ended: a refresh token was used twice",
            401,
        )
        raise
    except Denied as denied:
        raise NoSession("The session has ended.") from denied


@router.get(
    "/me",
    summary="Get the current user and their rights",
    dependencies=[requires("read", by_location=True)],
)
async def me(context: Context, actor: Caller) -> LoggedIn:
    """Returns the current user, their rights, and the CSRF token for changes."""
    if actor.user is None or actor.session is None:
        return {"success": True, "user": _actor_out(actor), "session": None}
    return _logged_in(context, actor.user, actor.session)


@router.get(
    "/sessions", summary="List active sessions", dependencies=[requires("read", by_location=True)]
)
async def list_sessions(context: Context, actor: Caller) -> SessionList:
    """Returns the active sessions: the user's own, or all of them for an owner."""
    everybody = actor.right.covers(Role.OWNER.right)
    sessions = await context.accounts.sessions.live(None if everybody else actor.name)
    own = actor.session.session_id if actor.session else ""
    return {
        "success": True,
        "sessions": [
            {**_session_out(session), "current": session.session_id == own} for session in sessions
        ],
    }


@router.post(
    "/sessions/revoke",
    summary="End a session, or all other sessions",
    dependencies=[requires("read", by_location=True)],
    responses=refusals(404),
)
async def revoke_session(context: Context, actor: Caller, body: SessionBody) -> SessionsEnded:
    """Ends one session, or all of the user's other sessions."""
    if (body.session_id is None) is not body.others:
        raise Problem(422, "invalid_request", "Send `sessionId` or `others`.")
    sessions = context.accounts.sessions
    own = actor.session.session_id if actor.session else ""
    if body.session_id is None:
        ended = await sessions.end_all(actor.name, but=own)
    else:
        stored = await sessions.folder.get(body.session_id)
        if stored is None or not _may_end(actor, stored.value):
            raise UnknownAccount("No such session.")
        ended = int(await sessions.end(body.session_id))
    return {"success": True, "ended": ended}


def _may_end(actor: Actor, session: Session) -> bool:
    return session.user == actor.name or actor.right.covers(Role.OWNER.right)


async def _session_of(context: AppContext, request: Request) -> str | None:
    """The session of this browser, even if its tokens have expired."""
    for name, kind in ((cookies.ACCESS, "access"), (cookies.RENEW, "renew")):
        session = await context.accounts.sessions.of_token(kind, cookies.read(request, name) or "")
        if session is not None:
            return session
    return None


def _logged_in(context: AppContext, user: User, session: Session) -> LoggedIn:
    actor = Actor(name=user.name, right=user.role.right, user=user, locations=user.locations)
    out: LoggedIn = {
        "success": True,
        "user": _actor_out(actor),
        "session": {**_session_out(session), "csrf": session.csrf},
    }
    if context.engine.view.has_several_locations:
        out["severalLocations"] = True
    return out


def _actor_out(actor: Actor) -> ActorOut:
    user = actor.user
    out: ActorOut = {
        "name": actor.name,
        "role": None if user is None else user.role,
        "right": actor.right,
        "secondFactor": user is not None and user.factor is not None,
        "recoveryCodesLeft": 0 if user is None else len(user.codes),
    }
    if actor.locations:
        out["locations"] = list(actor.locations)
    return out


def _session_out(session: Session) -> SessionOut:
    return {
        "id": session.session_id,
        "user": session.user,
        "startedAt": iso(session.created_at),
        "renewedAt": iso(session.renewed_at),
        "endsAt": iso(session.ends_at),
        "address": session.address,
        "browser": session.agent,
    }
