"""Asking a running server to do what only it can: where it has the store for itself."""

import sys
from typing import Any

import click

from fancymonkey.errors import ConfigError, StoreUnavailable
from fancymonkey.settings.settings import Settings

SERVER_SECONDS = 600.0


def address(settings: Settings) -> str:
    """Where `serve` listens with these settings."""
    host = "127.0.0.1" if settings.server.host in ("0.0.0.0", "::") else settings.server.host  # noqa: S104
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.server.port}"


def can_ask() -> bool:
    """Whether there is a person at a terminal who can be asked for a code."""
    return sys.stdin.isatty()


def second_factor() -> dict[str, str]:
    """The header that carries a code of the second factor, which a person types."""
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
) -> dict[str, Any]:
    """What the server answers to a POST (or GET) with CRON_SECRET or ADMIN_PASSWORD.

    Raises ConfigError without either, StoreUnavailable where there is no answer or a refusal.
    """
    import httpx

    secret = secret or settings.accounts.cron_secret or settings.accounts.admin_password
    if not secret:
        raise ConfigError(
            f"The server at {url} has the store. Set CRON_SECRET or ADMIN_PASSWORD, as it has "
            "them, to ask it."
        )
    headers = {"Authorization": f"Bearer {secret}"}
    method, place = "GET" if get else "POST", url.rstrip("/") + path
    try:
        async with httpx.AsyncClient(timeout=SERVER_SECONDS) as client:
            answer = await client.request(method, place, headers=headers, json=body)
            found: dict[str, Any] = answer.json()
            if found.get("code") == "code_needed" and can_ask():
                answer = await client.request(
                    method, place, headers={**headers, **second_factor()}, json=body
                )
                found = answer.json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise StoreUnavailable(
            f"The server at {url} has the store and does not answer. Name it with --url."
        ) from error
    if answer.status_code != 200:
        raise StoreUnavailable(f"The server at {url} said: {found.get('detail', answer.text)}")
    return found
