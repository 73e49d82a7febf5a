"""Login, logout, session renewal, and the current user."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

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
from fancymonkey.web.auth.authorize import check_address, check_same_site, require
from fancymonkey.web.context import AppContext
from fancymonkey.web.http import cookies
from fancymonkey.web.http.messages import Headers, Problem, Request, Response, ok, parse
from fancymonkey.web.http.wire import encode

Secret = Annotated[str, Meta(min_length=1, max_length=1024)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Code = Annotated[str, Meta(max_length=40)]


class LoginBody(Struct, rename="camel"):
    """Name and password, and a code if the account uses two-factor authentication."""

    name: Name
    password: Secret
    code: Code | None = None


class SessionBody(Struct, rename="camel"):
    """The session to end, or all other sessions of the user."""

    session_id: Annotated[str, Meta(max_length=100)] | None = None
    others: bool = False


_login = msgspec.json.Decoder(LoginBody)
_session = msgspec.json.Decoder(SessionBody)


async def login(context: AppContext, request: Request) -> Response:
    """Starts a session. The tokens are set as cookies, the CSRF token is in the body."""
    check_address(context, request)
    check_same_site(context, request, browsers_only=True)
    body = parse(_login, await request.body())
    user = await checked(context, request, body.name, body.password, body.code)
    old = await _session_of(context, request)
    if old is not None:  # a login always starts a new session, never reuses an old one
        await context.accounts.sessions.end(old)
    agent = request.headers.get(b"user-agent", b"").decode("latin-1")
    passes = await context.accounts.sessions.begin(user, request.address, agent)
    request.actor = Actor(name=user.name, right=user.role.right, user=user)
    return await welcome(context, request, user, passes)


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
        found = await context.accounts.users.find(name)
        who = "somebody" if found is None else found.name
        what = f"{request.method} {request.scope['path']}"
        await context.accounts.acts.record_refused(who, request.address, what, 401)
        raise


async def welcome(
    context: AppContext, request: Request, user: User, passes: SessionTokens
) -> Response:
    """The response that sets the session cookies and marks the browser as known."""
    device = cookies.remember(request, await context.accounts.login.remember(user))
    return _told(user, passes.session, [*cookies.give(request, passes), *device])


async def logout(context: AppContext, request: Request) -> Response:
    """Ends the session in the browser and on the server."""
    check_same_site(context, request)
    session = await _session_of(context, request)
    if session is not None:
        await context.accounts.sessions.end(session)
    response = ok(encode({"success": True, "message": "Logged out"}))
    response.headers = [*response.headers, *cookies.take(request)]
    return response


async def refresh(context: AppContext, request: Request) -> Response:
    """Renews the tokens. A refresh token works once; its reuse ends the session."""
    check_address(context, request)
    if cookies.read(request, cookies.RENEW) is not None:
        check_same_site(context, request)
    passes = await renewed(context, request)
    user = (await context.accounts.users.get(passes.session.user)).value
    return _told(user, passes.session, cookies.give(request, passes))


async def renewed(context: AppContext, request: Request) -> SessionTokens:
    """Renews the tokens of this browser. Raises NoSession."""
    token = cookies.read(request, cookies.RENEW)
    if token is None:
        raise NoSession("You are not logged in.")
    try:
        return await context.accounts.sessions.renew(token)
    except SessionReused as reused:
        await context.accounts.acts.record(
            reused.session.user,
            request.address,
            "session ended: a refresh token was used twice",
            401,
        )
        raise
    except Denied as denied:
        raise NoSession("The session has ended.") from denied


async def me(context: AppContext, request: Request) -> Response:
    """Returns the current user, their rights, and the CSRF token for changes."""
    actor = await require(context, request, "read")
    if actor.user is None or actor.session is None:
        return ok(encode({"success": True, "user": _actor_out(actor), "session": None}))
    return _told(actor.user, actor.session, [])


async def list_sessions(context: AppContext, request: Request) -> Response:
    """Returns the active sessions: the user's own, or all of them for an owner."""
    actor = await require(context, request, "read")
    everybody = actor.right.covers(Role.OWNER.right)
    found = await context.accounts.sessions.live(None if everybody else actor.name)
    own = actor.session.session_id if actor.session else ""
    rows = [{**_session_out(one), "current": one.session_id == own} for one in found]
    return ok(encode({"success": True, "sessions": rows}))


async def revoke_session(context: AppContext, request: Request) -> Response:
    """Ends one session, or all of the user's other sessions."""
    actor = await require(context, request, "read")
    body = parse(_session, await request.body())
    if (body.session_id is None) is not body.others:
        raise Problem(422, "invalid_request", "Send `sessionId` or `others`.")
    sessions = context.accounts.sessions
    own = actor.session.session_id if actor.session else ""
    if body.session_id is None:
        ended = await sessions.end_all(actor.name, but=own)
    else:
        kept = await sessions.folder.get(body.session_id)
        if kept is None or not _may_end(actor, kept.value):
            raise UnknownAccount("No such session.")
        ended = int(await sessions.end(body.session_id))
    return ok(encode({"success": True, "ended": ended}))


def _may_end(actor: Actor, session: Session) -> bool:
    return session.user == actor.name or actor.right.covers(Role.OWNER.right)


async def _session_of(context: AppContext, request: Request) -> str | None:
    """The session of this browser, even if its tokens have expired."""
    for name, kind in ((cookies.ACCESS, "access"), (cookies.RENEW, "renew")):
        found = await context.accounts.sessions.of_token(kind, cookies.read(request, name) or "")
        if found is not None:
            return found
    return None


def _told(user: User, session: Session, headers: Headers) -> Response:
    actor = Actor(name=user.name, right=user.role.right, user=user)
    told = {**_session_out(session), "csrf": session.csrf}
    response = ok(encode({"success": True, "user": _actor_out(actor), "session": told}))
    response.headers = [*response.headers, *headers]
    return response


def _actor_out(actor: Actor) -> dict[str, Any]:
    user = actor.user
    return {
        "name": actor.name,
        "role": None if user is None else user.role,
        "right": actor.right,
        "secondFactor": user is not None and user.factor is not None,
        "recoveryCodesLeft": 0 if user is None else len(user.codes),
    }


def _session_out(session: Session) -> dict[str, Any]:
    return {
        "id": session.session_id,
        "user": session.user,
        "startedAt": iso(session.created_at),
        "renewedAt": iso(session.renewed_at),
        "endsAt": iso(session.ends_at),
        "address": session.address,
        "browser": session.agent,
    }
