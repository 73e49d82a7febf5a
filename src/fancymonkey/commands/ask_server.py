"""Sends a command to the running server, if that server holds the store."""

import sys
from typing import Any

import click

from fancymonkey.errors import ConfigError, StoreUnavailable
from fancymonkey.settings.settings import Settings
from fancymonkey.store.shared.file_lock import server_url

SERVER_SECONDS = 600.0


def address(settings: Settings) -> str:
    """The URL of the server that has the store, or else of one with these settings."""
    return server_url(settings.target) or settings.server.url


def can_ask() -> bool:
    """Whether this runs on a terminal, so that a person can type a code."""
    return sys.stdin.isatty()


def second_factor() -> dict[str, str]:
    """The header with a typed two-factor code."""
    code: str = click.prompt("Code of the authenticator app, or a recovery code")
    return {"X-Second-Factor": code.strip()}


async def ask(
    settings: Settings,
    url: str,
    path: str,
    body: Any = None,
    *,
    secret: str | None = None,
    get: bool = False,
    put: bool = False,
) -> dict[str, Any]:
    """Returns the server's response to a POST (or GET, or PUT) with CRON_SECRET or ADMIN_PASSWORD.

    Raises ConfigError without either, StoreUnavailable without a response or after a refusal.
    """
    import httpx

    secret = secret or settings.accounts.cron_secret or settings.accounts.admin_password
    if not secret:
        raise ConfigError(
            f"The server at {url} is using the store. Set CRON_SECRET or ADMIN_PASSWORD to the "
            f"server's value, so that this command can use the server."
        )
    headers = {"Authorization": f"Bearer {secret}"}
    method = "GET" if get else "PUT" if put else "POST"
    place = url.rstrip("/") + path
    try:
        async with httpx.AsyncClient(timeout=SERVER_SECONDS) as client:
            answer = await client.request(method, place, headers=headers, json=body)
            data: dict[str, Any] = answer.json()
            if data.get("code") == "code_needed" and can_ask():
                answer = await client.request(
                    method, place, headers={**headers, **second_factor()}, json=body
                )
                data = answer.json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise StoreUnavailable(
            f"A server is using the store, but does not respond at {url}. Set its address with "
            f"--url."
        ) from error
    if answer.status_code != 200:
        raise StoreUnavailable(f"The server at {url} refused: {data.get('detail', answer.text)}")
    return data
