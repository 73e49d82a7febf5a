"""The routes of accounts, with their documentation."""

from typing import Any

from fancymonkey.web.admin_api import api_keys, audit_log, own_account, sessions, users
from fancymonkey.web.routing.route import CSRF, JSON_TYPE, LIMIT, OWNER, Route
from fancymonkey.web.routing.router import Endpoint

CHANGING = (400, 401, 403, 413, 422, 429)


def _change(
    path: str, endpoint: Endpoint, summary: str, body: type[Any] | None, *more: int
) -> Route:
    codes = tuple(sorted({*(CHANGING if body else (401, 403, 429)), 503, *more}))
    return Route(
        "POST", path, endpoint, summary, body, codes, tag="accounts", parameters=(OWNER, CSRF)
    )


def _list(path: str, endpoint: Endpoint, summary: str) -> Route:
    return Route(
        "GET",
        path,
        endpoint,
        summary,
        codes=(401, 403, 429, 503),
        tag="accounts",
        parameters=(OWNER,),
    )


ACCOUNT_ROUTES: tuple[Route, ...] = (
    Route(
        "POST",
        "/api/admin/login",
        sessions.login,
        "Log in and receive the session as cookies",
        sessions.LoginBody,
        (*CHANGING, 503),
        tag="accounts",
    ),
    Route(
        "POST",
        "/api/admin/refresh",
        sessions.refresh,
        "Renew the session's cookies",
        codes=(401, 403, 429, 503),
        tag="accounts",
    ),
    Route(
        "POST",
        "/api/admin/logout",
        sessions.logout,
        "End the session",
        codes=(403, 429, 503),
        tag="accounts",
    ),
    _list("/api/admin/me", sessions.me, "Get the current user and their rights"),
    _list("/api/admin/sessions", sessions.list_sessions, "List active sessions"),
    _change(
        "/api/admin/sessions/revoke",
        sessions.revoke_session,
        "End a session, or all other sessions",
        sessions.SessionBody,
        404,
    ),
    _change(
        "/api/admin/password",
        own_account.change_password,
        "Change the own password",
        own_account.PasswordBody,
        404,
        409,
    ),
    _change(
        "/api/admin/factor/begin",
        own_account.begin_factor,
        "Set up two-factor authentication",
        own_account.ProofBody,
        404,
        409,
    ),
    _change(
        "/api/admin/factor/confirm",
        own_account.confirm_factor,
        "Confirm two-factor authentication with the first code",
        own_account.ConfirmBody,
        404,
        409,
    ),
    _change(
        "/api/admin/factor/off",
        own_account.switch_factor_off,
        "Switch off two-factor authentication",
        own_account.ProofBody,
        404,
        409,
    ),
    _change(
        "/api/admin/factor/codes",
        own_account.renew_codes,
        "Create new recovery codes",
        own_account.ProofBody,
        404,
        409,
    ),
    _list("/api/admin/users", users.list_users, "List users (owner)"),
    _change("/api/admin/users/add", users.add_user, "Add a user (owner)", users.AddUserBody, 409),
    _change(
        "/api/admin/users/role",
        users.change_role,
        "Change the role of a user (owner)",
        users.UserRoleBody,
        404,
        409,
    ),
    _change(
        "/api/admin/users/password",
        users.reset_password,
        "Set a new password for a user (owner)",
        users.UserPasswordBody,
        404,
        409,
    ),
    _change(
        "/api/admin/users/reset-factor",
        users.reset_factor,
        "Switch off two-factor authentication of a user (owner)",
        users.UserBody,
        404,
        409,
    ),
    _change(
        "/api/admin/users/remove",
        users.remove_user,
        "Remove a user (owner)",
        users.UserBody,
        404,
        409,
    ),
    _list("/api/admin/keys", api_keys.list_keys, "List API keys (owner)"),
    _change(
        "/api/admin/keys/make", api_keys.make_key, "Create an API key (owner)", api_keys.MakeKeyBody
    ),
    _change(
        "/api/admin/keys/revoke",
        api_keys.revoke_key,
        "Revoke an API key (owner)",
        api_keys.RevokeKeyBody,
        404,
    ),
    Route(
        "GET",
        "/api/admin/record",
        audit_log.record,
        "List the audit log (owner)",
        codes=(401, 403, 422, 429, 503),
        tag="accounts",
        parameters=(
            OWNER,
            LIMIT,
            ("before", "query", "`next` of the previous page"),
            ("actor", "query", "Only entries of this actor"),
            ("format", "query", "`json` (the default), or `csv`: a file of up to 50,000 entries"),
        ),
        media=(JSON_TYPE, "text/csv"),
    ),
)
"""Every endpoint of accounts."""
