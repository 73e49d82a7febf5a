"""The right that a route declares: who may use it, checked before the body is read.

`@router.post("/api/…", dependencies=[requires("stock")])`, or `public()` for everyone.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec
from fastapi import Depends, params
from msgspec import UNSET, Struct, UnsetType

from fancymonkey.web.auth.authorize import (
    bearer_of,
    check_address,
    check_same_site,
    require,
    require_password,
    require_person,
)
from fancymonkey.web.auth.location_limits import check_route
from fancymonkey.web.context import AppContext
from fancymonkey.web.http import cookies
from fancymonkey.web.http.messages import Problem, Request, parse

SCHEMES: dict[str, dict[str, Any]] = {
    "secret": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key or the admin password; for schedulers also the CRON_SECRET",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": cookies.ACCESS,
        "description": "The session cookie that `login` sets in a browser",
    },
}
"""The security schemes of the OpenAPI document."""


@dataclass(frozen=True)
class Access:
    """The right that a route requires."""

    def security(self) -> list[dict[str, list[str]]]:
        """The alternatives of authentication, for the OpenAPI document."""
        return []

    async def __call__(self) -> None:
        """Does nothing: the route class takes the declaration away, and checks by itself."""

    async def check(self, context: AppContext, request: Request) -> None:
        """Raises Problem or Denied if the caller may not use the route."""
        raise NotImplementedError


@dataclass(frozen=True)
class Public(Access):
    """Everyone; with `same_site`, a browser only from a page of this service."""

    same_site: bool = False

    async def check(self, context: AppContext, request: Request) -> None:
        """Checks only where a browser's request comes from."""
        if self.same_site:
            check_address(context, request)
            check_same_site(context, request, browsers_only=True)


class _Password(Struct):
    """The part of a body that may authenticate its sender."""

    password: str | UnsetType = UNSET


_password = msgspec.json.Decoder(_Password)


@dataclass(frozen=True)
class Requires(Access):
    """A caller with a right.

    `person`: no API key. `account`: a user's session. `schedule`: also the CRON_SECRET.
    `in_body`: also the admin password in the body, as the specification has it; only this reads the
    body before the caller is known, up to the limit of any body. `by_location`: the handler checks
    the locations of callers that are limited to some; other routes are closed to them.
    """

    right: str
    person: bool = False
    account: bool = False
    schedule: bool = False
    in_body: bool = False
    by_location: bool = False

    cookie = True
    """Whether a session cookie authenticates. Not where a GET changes something."""

    def security(self) -> list[dict[str, list[str]]]:
        """A secret, or a session where cookies count; with the right."""
        schemes = ("secret", "session") if self.cookie else ("secret",)
        return [{scheme: [self.right]} for scheme in schemes]

    async def check(self, context: AppContext, request: Request) -> None:
        """Returns for a caller with the right, who is then `request.actor`."""
        if self.in_body:
            password = parse(_password, await request.body()).password
            await require_password(context, request, self.right, password)
        elif self.person:
            await require_person(context, request, self.right, cookie=self.cookie)
        else:
            secret = context.settings.accounts.cron_secret if self.schedule else None
            actor = await require(context, request, self.right, secret=secret, cookie=self.cookie)
            if self.account and (actor.user is None or actor.session is None):
                raise Problem(403, "not_allowed", "This requires a user account. Log in first.")
        check_route(request.actor, by_location=self.by_location)


@dataclass(frozen=True)
class RequiresSecret(Requires):
    """A caller with a right, by a bearer secret alone; a browser's cookie does not count."""

    cookie = False

    async def check(self, context: AppContext, request: Request) -> None:
        """As `Requires`; a request without a secret is refused with all settings."""
        if not bearer_of(request):
            raise Problem(
                401,
                "unauthorized",
                "Send `Authorization: Bearer …` with the CRON_SECRET, an API key or the admin "
                "password.",
                headers=[(b"www-authenticate", b"Bearer")],
            )
        await super().check(context, request)


def requires(
    right: str,
    *,
    person: bool = False,
    account: bool = False,
    schedule: bool = False,
    in_body: bool = False,
    by_location: bool = False,
    cookie: bool = True,
) -> Any:
    """Declares the right of a route: `read`, `stock` or `admin`."""
    kind = Requires if cookie else RequiresSecret
    return Depends(kind(right, person, account, schedule, in_body, by_location))


def public(*, same_site: bool = False) -> Any:
    """Declares that everyone may use a route."""
    return Depends(Public(same_site))


def taken_access(
    path: str, dependencies: Iterable[params.Depends] | None
) -> tuple[Access, list[params.Depends]]:
    """The declared access of a route, and its other dependencies.

    Raises TypeError without exactly one declaration.
    """
    access: list[Access] = []
    others: list[params.Depends] = []
    for declared in dependencies or ():
        dependency: Any = declared.dependency
        if isinstance(dependency, Access):
            access.append(dependency)
        else:
            others.append(declared)
    if len(access) != 1:
        raise TypeError(f"{path} must declare its right once: requires(…) or public()")
    return access[0], others
