"""Authenticates requests and checks their rights.

A session cookie, an API key, or the admin password as a bearer authenticates. A cookie alone
never allows a change: it must come from our own page, which has the session's CSRF token.
"""

import hmac
import logging
from collections.abc import Mapping
from ipaddress import ip_address

from msgspec import UnsetType

from fancymonkey.accounts.api_keys import PREFIX
from fancymonkey.accounts.model import Actor, CodeNeeded, Denied, NoSession, Right, Role
from fancymonkey.errors import FancyMonkeyError
from fancymonkey.settings.account_names import ADMIN
from fancymonkey.web.auth.demo_access import check_direct
from fancymonkey.web.context import AppContext
from fancymonkey.web.http import cookies
from fancymonkey.web.http.messages import Problem, Request
from fancymonkey.web.http.problems.account_errors import account_problem

log = logging.getLogger(__name__)

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
SCHEDULE = Actor(name="schedule", right=Right.STOCK)
"""The actor for a caller with the scheduler's secret; jobs keep their own record."""

CSRF_HEADER = b"x-csrf-token"
CODE_HEADER = b"x-second-factor"
GUESSED = ("wrong_password", "code_needed")
"""Failed authentications (401) with credentials."""


async def require(
    context: AppContext,
    request: Request,
    right: str,
    *,
    secret: str | None = None,
    cookie: bool = True,
) -> Actor:
    """Returns the caller with this right: `read`, `stock` or `admin`. Raises Problem 401, 403, 429.

    A request with the `secret` (a scheduler's) is let in too. `cookie` is False if a GET changes
    something: a link must not do that.
    """
    bearer = bearer_of(request)
    try:
        if bearer:
            actor = await _bearer(context, request, bearer, secret)
        else:
            check_address(context, request)
            actor = await _browser(context, request, cookie=cookie)
    except Problem as problem:
        await note_refused(context, request, problem)
        raise
    if actor is SCHEDULE:
        return actor
    request.actor = actor
    if not actor.right.covers(Right(right)):
        raise Problem(
            403,
            "not_allowed",
            f"{actor.name} is not permitted to do this. It requires the right `{right}`.",
        )
    return actor


async def require_person(
    context: AppContext, request: Request, right: str, *, cookie: bool = True
) -> Actor:
    """As `require`, but refuses API keys: for changes that would outlive a key."""
    actor = await require(context, request, right, cookie=cookie)
    if actor.key is not None:
        raise Problem(
            403, "not_allowed", "API keys cannot do this. Log in, or send the admin password."
        )
    return actor


async def require_password(
    context: AppContext, request: Request, right: str, password: str | UnsetType
) -> Actor:
    """As `require`, but also accepts a password in the body, as the first versions did."""
    if isinstance(password, UnsetType):
        return await require(context, request, right)
    try:
        check_address(context, request)
        await _check_password(context, request, password)
    except Problem as problem:
        await note_refused(context, request, problem)
        raise
    request.actor = Actor(name=ADMIN, right=Right.ADMIN)
    return request.actor


async def _check_password(context: AppContext, request: Request, password: str) -> None:
    """Returns if the password is the owner's. Raises Problem 401, 403 or 429."""
    expected = context.settings.accounts.admin_password
    if not expected:
        raise _disabled()
    if await _named(context, request, password.encode(), {ADMIN: expected}) is None:
        raise Problem(401, "wrong_password", "The password is incorrect.")
    await _second_factor(context, request)


async def note_refused(context: AppContext, request: Request, problem: Problem) -> None:
    """Records a refused attempt, without its credentials.

    A request without credentials is not recorded.
    """
    brought = problem.status != 401 or problem.code in GUESSED or bearer_of(request)
    if not brought or problem.code == "admin_disabled" or request.actor is not None:
        return  # the router records attempts of known callers
    what = f"{request.method} {request.scope['path']}"
    try:
        await context.accounts.audit_log.record_refused(
            "somebody", request.address, what, problem.status
        )
    except FancyMonkeyError:
        log.exception(
            "%s, refused with %s, could not be written to the audit log", what, problem.status
        )


def check_address(context: AppContext, request: Request) -> None:
    """Raises Problem 403 if admin endpoints are closed to this address."""
    shut = _shut(context, request)
    if shut is not None:
        raise shut


def _shut(context: AppContext, request: Request) -> Problem | None:
    """The reason why admin endpoints are closed to this request, or None."""
    if context.settings.published:
        try:
            check_direct(request.headers)
        except Problem as problem:
            return problem
    allowed = context.settings.accounts.admin_allowed_ips
    if not allowed:
        return None
    try:
        address = ip_address(request.address.partition("%")[0])
    except ValueError:
        address = None
    mapped = getattr(address, "ipv4_mapped", None)
    address = mapped or address
    if address is None or not any(address in network for network in allowed):
        text = "This address is not in ADMIN_ALLOWED_IPS."
        return Problem(403, "address_not_allowed", text)
    return None


def check_same_site(context: AppContext, request: Request, *, browsers_only: bool = False) -> None:
    """Raises Problem 403 if a browser sends this from another site's page.

    `browsers_only`: requests without browser headers pass, as they have no automatic cookies.
    """
    site, origin = request.headers.get(b"sec-fetch-site"), request.headers.get(b"origin")
    if site is not None:
        ours = site == b"same-origin"
    elif origin is not None:
        ours = _is_ours(context, request, origin)
    else:
        ours = browsers_only
    if not ours:
        raise Problem(
            403,
            "cross_site",
            "Cross-site requests are not allowed. Send this from a page of this service.",
        )


def _is_ours(context: AppContext, request: Request, origin: bytes) -> bool:
    host = request.headers.get(b"host", b"")
    scheme, _, authority = origin.partition(b"://")
    wanted = (b"https",) if cookies.secure(request) else (b"http", b"https")
    return bool(host) and authority.lower() == host.lower() and scheme in wanted


def bearer_of(request: Request) -> bytes:
    """The secret in `Authorization: Bearer …`, or an empty text."""
    scheme, _, token = request.headers.get(b"authorization", b"").partition(b" ")
    return token if scheme.lower() == b"bearer" else b""


async def _browser(context: AppContext, request: Request, *, cookie: bool) -> Actor:
    access = cookies.read(request, cookies.ACCESS) if cookie else None
    if access is not None:
        return await _cookie(context, request, access)
    if cookie and cookies.read(request, cookies.RENEW) is not None:
        raise NoSession("This browser session has no CSRF token.")
    if not context.settings.accounts.admin_password and not await context.accounts.users.any():
        raise _disabled()
    raise _unauthorized()


async def _bearer(context: AppContext, request: Request, token: bytes, secret: str | None) -> Actor:
    """Authenticates a token: an API key, the admin password, or the scheduler's `secret`.

    The scheduler may call from any address, other callers only from allowed addresses.
    """
    secrets = {SCHEDULE.name: secret} if secret else {}
    shut = _shut(context, request)
    if shut is None and context.settings.accounts.admin_password:
        secrets[ADMIN] = context.settings.accounts.admin_password
    text = token.decode("latin-1")
    if text.startswith(PREFIX):
        context.throttle.check(context.proxies.guesser(request))
        key = await context.accounts.keys.check(text) if shut is None else None
        if key is not None:
            name = f"key {key.label}"
            return Actor(name=name, right=key.right, key=key.key_id, locations=key.locations)
        if not any(secret.startswith(PREFIX) for secret in secrets.values()):
            secrets = {}  # a key has 192 random bits: a wrong one does not throttle the secrets
    named = await _named(context, request, token, secrets) if secrets or shut is None else None
    if named == SCHEDULE.name:
        return SCHEDULE
    if shut is not None:
        raise shut
    if named is None:
        raise _unauthorized()
    await _second_factor(context, request)
    return Actor(name=ADMIN, right=Right.ADMIN)


async def _named(
    context: AppContext, request: Request, secret: bytes, secrets: Mapping[str, str]
) -> str | None:
    """The name of the secret that was given, or None. Raises Problem 429."""
    guesser = context.proxies.guesser(request)
    return await context.guesses.fits(guesser, secret, secrets, address=request.address)


async def _second_factor(context: AppContext, request: Request) -> None:
    """Returns if no owner uses two-factor authentication, or if a code of one of them is given.

    The admin password alone is not enough then. Raises Problem 401, 403 or 429.
    """
    users, login = context.accounts.users, context.accounts.login
    owners = [
        account
        for account in await users.folder.all()
        if account.value.role is Role.OWNER and account.value.factor is not None
    ]
    if not owners:
        return
    code = request.headers.get(CODE_HEADER, b"").decode("latin-1")[:40]
    try:
        if not code:
            raise CodeNeeded(
                "An owner account uses two-factor authentication. Send a code as X-Second-Factor "
                "with the password, or use an API key."
            )
        async with login.counting(ADMIN, context.proxies.guesser(request)):
            await login.spend_one(owners, code)
    except Denied as denied:
        raise account_problem(denied) from None


async def _cookie(context: AppContext, request: Request, access: str) -> Actor:
    session, user = await context.accounts.sessions.check(access)
    actor = request.actor = Actor(
        name=user.name,
        right=user.role.right,
        user=user,
        session=session,
        locations=user.locations,
    )
    if request.method not in SAFE:
        check_same_site(context, request)
        token = request.headers.get(CSRF_HEADER, b"")
        if not hmac.compare_digest(token, session.csrf.encode()):
            raise Problem(403, "cross_site", "Send the session's CSRF token as X-CSRF-Token.")
    return actor


def _disabled() -> Problem:
    return Problem(
        403,
        "admin_disabled",
        "No admin password is configured. Set ADMIN_PASSWORD and restart.",
    )


def _unauthorized() -> Problem:
    return Problem(
        401,
        "unauthorized",
        "Log in, or send `Authorization: Bearer …` with an API key or the admin password.",
        headers=[(b"www-authenticate", b"Bearer")],
    )
