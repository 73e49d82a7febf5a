"""Logging in and out, renewing a login, and who one is."""

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
    """Name and password, and a code where the account has a second factor."""

    name: Name
    password: Secret
    code: Code | None = None


class SessionBody(Struct, rename="camel"):
    """A session to end, or all of one's others."""

    session_id: Annotated[str, Meta(max_length=100)] | None = None
    others: bool = False


_login = msgspec.json.Decoder(LoginBody)
_session = msgspec.json.Decoder(SessionBody)


async def login(shop: AppContext, call: Request) -> Response:
    """Opens a session. The tokens come as cookies, the CSRF token in the body."""
    check_address(shop, call)
    check_same_site(shop, call, browsers_only=True)
    body = parse(_login, await call.body())
    user = await checked(shop, call, body.name, body.password, body.code)
    old = await _session_of(shop, call)
    if old is not None:  # whoever logs in gets a session of their own, never an old one
        await shop.accounts.sessions.end(old)
    agent = call.headers.get(b"user-agent", b"").decode("latin-1")
    passes = await shop.accounts.sessions.begin(user, call.address, agent)
    call.actor = Actor(name=user.name, right=user.role.right, user=user)
    return await welcome(shop, call, user, passes)


async def checked(
    shop: AppContext, call: Request, name: str, password: str, code: str | None
) -> User:
    """The user whose credentials these are. Raises Denied; what fails is on record.

    The published password opens no account, also none that a demo has left in this store.
    """
    if password == PUBLISHED_PASSWORD and not shop.settings.published:
        raise Problem(
            403,
            "demo_only_here",
            "This password is published: it opens nothing but a demo on this machine. Give the "
            "account another one: fancymonkey user password.",
        )
    try:
        return await shop.accounts.login.check(
            name, password, code, call.guesser, cookies.read(call, cookies.DEVICE)
        )
    except WrongCredentials:
        # Somebody may type a password where the name goes: only names that exist are kept.
        found = await shop.accounts.users.find(name)
        who = "somebody" if found is None else found.name
        what = f"{call.method} {call.scope['path']}"
        await shop.accounts.acts.note_refused(who, call.address, what, 401)
        raise


async def welcome(shop: AppContext, call: Request, user: User, passes: SessionTokens) -> Response:
    """The answer that hands over a session, and lets the browser be known the next time."""
    device = cookies.remember(call, await shop.accounts.login.remember(user))
    return _told(user, passes.session, [*cookies.give(call, passes), *device])


async def logout(shop: AppContext, call: Request) -> Response:
    """Ends the session, here and on the server."""
    check_same_site(shop, call)
    session = await _session_of(shop, call)
    if session is not None:
        await shop.accounts.sessions.end(session)
    reply = ok(encode({"success": True, "message": "Logged out"}))
    reply.headers = [*reply.headers, *cookies.take(call)]
    return reply


async def refresh(shop: AppContext, call: Request) -> Response:
    """New tokens for the session. Each renews once; used again, it ends the session."""
    check_address(shop, call)
    if cookies.read(call, cookies.RENEW) is not None:
        check_same_site(shop, call)
    passes = await renewed(shop, call)
    user = (await shop.accounts.users.get(passes.session.user)).value
    return _told(user, passes.session, cookies.give(call, passes))


async def renewed(shop: AppContext, call: Request) -> SessionTokens:
    """New tokens for the ones of this browser. Raises NoSession."""
    token = cookies.read(call, cookies.RENEW)
    if token is None:
        raise NoSession("There is no session.")
    try:
        return await shop.accounts.sessions.renew(token)
    except SessionReused as reused:
        await shop.accounts.acts.note(
            reused.session.user, call.address, "session ended: a token was used twice", 401
        )
        raise
    except Denied as denied:
        raise NoSession("The session has ended.") from denied


async def me(shop: AppContext, call: Request) -> Response:
    """Who asks, what they may do, and the CSRF token to send with every change."""
    actor = await require(shop, call, "read")
    if actor.user is None or actor.session is None:
        return ok(encode({"success": True, "user": _actor_out(actor), "session": None}))
    return _told(actor.user, actor.session, [])


async def list_sessions(shop: AppContext, call: Request) -> Response:
    """The live sessions: one's own, or for an owner everybody's."""
    actor = await require(shop, call, "read")
    everybody = actor.right.covers(Role.OWNER.right)
    found = await shop.accounts.sessions.live(None if everybody else actor.name)
    own = actor.session.session_id if actor.session else ""
    rows = [{**_session_out(one), "current": one.session_id == own} for one in found]
    return ok(encode({"success": True, "sessions": rows}))


async def revoke_session(shop: AppContext, call: Request) -> Response:
    """Ends a session, or all of one's own but this one."""
    actor = await require(shop, call, "read")
    body = parse(_session, await call.body())
    if (body.session_id is None) is not body.others:
        raise Problem(422, "invalid_request", "Give a sessionId, or `others`.")
    sessions = shop.accounts.sessions
    own = actor.session.session_id if actor.session else ""
    if body.session_id is None:
        ended = await sessions.end_all(actor.name, but=own)
    else:
        kept = await sessions.folder.get(body.session_id)
        if kept is None or not _may_end(actor, kept.value):
            raise UnknownAccount("There is no such session.")
        ended = int(await sessions.end(body.session_id))
    return ok(encode({"success": True, "ended": ended}))


def _may_end(actor: Actor, session: Session) -> bool:
    return session.user == actor.name or actor.right.covers(Role.OWNER.right)


async def _session_of(shop: AppContext, call: Request) -> str | None:
    """The session that this browser is in, whatever is left of its tokens."""
    for name, kind in ((cookies.ACCESS, "access"), (cookies.RENEW, "renew")):
        found = await shop.accounts.sessions.of_token(kind, cookies.read(call, name) or "")
        if found is not None:
            return found
    return None


def _told(user: User, session: Session, headers: Headers) -> Response:
    actor = Actor(name=user.name, right=user.role.right, user=user)
    told = {**_session_out(session), "csrf": session.csrf}
    reply = ok(encode({"success": True, "user": _actor_out(actor), "session": told}))
    reply.headers = [*reply.headers, *headers]
    return reply


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
