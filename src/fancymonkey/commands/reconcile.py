"""`fancymonkey reconcile`: compares Stripe with the ledger and mends what was missed."""

from typing import Any

import click

from fancymonkey.commands.common import choose_store, data_option, emit, json_option, run
from fancymonkey.config import Settings
from fancymonkey.engine.engine import Engine
from fancymonkey.errors import ConfigError, StoreLocked, StoreUnavailable
from fancymonkey.payments.reconcile import Reconciler
from fancymonkey.store.opening import open_store

PATH = "/api/payments/reconcile"
SERVER_SECONDS = 600.0


@click.command()
@data_option
@click.option("--url", metavar="URL", help="The running server to ask. [where serve would listen]")
@json_option
def reconcile(data: str | None, url: str | None, as_json: bool) -> None:
    """Compare Stripe with the ledger, mend what was missed, and say what it was.

    Where a running server holds the store, the server does it: it is asked over HTTP with
    CRON_SECRET or ADMIN_PASSWORD. Exits with 1 where something is left that a person has to look
    at.
    """
    choose_store(data)
    settings = Settings.load()
    told = run(_reconcile(settings, url))
    if as_json:
        emit(told)
    else:
        click.echo(told["message"])
    if told["report"]["open"]:
        raise SystemExit(1)


async def _reconcile(settings: Settings, url: str | None) -> dict[str, Any]:
    if url is not None:
        return await _ask_server(settings, url)
    if settings.stripe_secret_key is None:
        if settings.demo:
            return await _ask_server(settings, _address(settings))
        raise ConfigError(
            "There is nothing to compare with. Set STRIPE_SECRET_KEY, or name a running server "
            "with --url."
        )
    try:
        return await _here(settings)
    except StoreLocked:
        return await _ask_server(settings, _address(settings))


async def _here(settings: Settings) -> dict[str, Any]:
    from fancymonkey.web.shop import checkouts_of, policy_of

    engine = Engine(open_store(settings.target))
    await engine.open()
    try:
        checkouts = checkouts_of(engine, settings)
        assert checkouts is not None
        try:
            report = await Reconciler(engine, checkouts, policy_of(settings)).run()
        finally:
            await checkouts.close()
    finally:
        await engine.close()
    return {"report": report.told(), "message": "\n".join(report.lines())}


def _address(settings: Settings) -> str:
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


async def _ask_server(settings: Settings, url: str) -> dict[str, Any]:
    import httpx

    secret = settings.cron_secret or settings.admin_password
    if not secret:
        raise ConfigError(
            f"The server at {url} has the store. Set CRON_SECRET or ADMIN_PASSWORD, as it has "
            "them, to ask it."
        )
    headers = {"Authorization": f"Bearer {secret}"}
    try:
        async with httpx.AsyncClient(timeout=SERVER_SECONDS) as client:
            answer = await client.post(url.rstrip("/") + PATH, headers=headers)
            found: dict[str, Any] = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise StoreUnavailable(
            f"The server at {url} has the store and does not answer. Name it with --url."
        ) from error
    if answer.status_code != 200:
        raise StoreUnavailable(f"The server at {url} said: {found.get('detail', answer.text)}")
    return found
