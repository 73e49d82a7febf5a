"""The endpoints about accounts, for the OpenAPI document and the front's table."""

from typing import Any

from fancymonkey.web import sessions
from fancymonkey.web.front import Endpoint
from fancymonkey.web.operation import CSRF, OWNER, Operation

CHANGING = (400, 401, 403, 413, 422, 429)


def _change(
    path: str, endpoint: Endpoint, summary: str, body: type[Any] | None, *more: int
) -> Operation:
    codes = tuple(sorted({*(CHANGING if body else (401, 403, 429)), 503, *more}))
    return Operation(
        "POST", path, endpoint, summary, body, codes, tag="accounts", parameters=(OWNER, CSRF)
    )


ACCOUNTS: tuple[Operation, ...] = (
    Operation(
        "POST",
        "/api/admin/login",
        sessions.login,
        "Log in: the session comes as cookies",
        sessions.LoginBody,
        (*CHANGING, 503),
        tag="accounts",
    ),
    Operation(
        "POST",
        "/api/admin/refresh",
        sessions.refresh,
        "Renew the session's cookies",
        codes=(401, 403, 429, 503),
        tag="accounts",
    ),
    Operation(
        "POST",
        "/api/admin/logout",
        sessions.logout,
        "End the session",
        codes=(403, 429, 503),
        tag="accounts",
    ),
    Operation(
        "GET",
        "/api/admin/me",
        sessions.me,
        "Who asks, and what they may do",
        codes=(401, 403, 429, 503),
        tag="accounts",
        parameters=(OWNER,),
    ),
    Operation(
        "GET",
        "/api/admin/sessions",
        sessions.list_sessions,
        "Live sessions",
        codes=(401, 403, 429, 503),
        tag="accounts",
        parameters=(OWNER,),
    ),
    _change(
        "/api/admin/sessions/revoke",
        sessions.revoke_session,
        "End a session, or all one's others",
        sessions.SessionBody,
        404,
    ),
)
"""Every endpoint about accounts."""
