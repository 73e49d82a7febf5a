"""`fancymonkey reconcile`: compares Stripe with the ledger and corrects missed events."""

from typing import Any

import click

from fancymonkey.commands.ask_server import address, ask
from fancymonkey.commands.common import choose_store, data_option, emit, json_option, run
from fancymonkey.engine.job_names import RECONCILE
from fancymonkey.errors import ConfigError, StoreLocked
from fancymonkey.services.container import opened_services, run_now
from fancymonkey.settings.settings import Settings

PATH = "/api/payments/reconcile"


@click.command()
@data_option
@click.option("--url", metavar="URL", help="URL of the running server. [the address of `serve`]")
@json_option
def reconcile(data: str | None, url: str | None, as_json: bool) -> None:
    """Compare Stripe with the ledger, correct missed events, and report them.

    If a running server uses the store, the server does it: it is called over HTTP with
    CRON_SECRET or ADMIN_PASSWORD. Exits with 1 if a person has to decide
    something.
    """
    choose_store(data)
    settings = Settings.load()
    result = run(_reconcile(settings, url))
    if as_json:
        emit(result)
    else:
        click.echo(result["message"])
    if result["report"]["open"]:
        raise SystemExit(1)


async def _reconcile(settings: Settings, url: str | None) -> dict[str, Any]:
    if url is not None:
        return await ask(settings, url, PATH)
    if settings.payments.stripe_secret_key is None:
        if settings.server.demo:
            return await ask(settings, address(settings), PATH)
        raise ConfigError(
            "Stripe is not configured. Set STRIPE_SECRET_KEY, or give the running server with "
            "--url."
        )
    try:
        return await _in_own_store(settings)
    except StoreLocked:
        return await ask(settings, address(settings), PATH)


async def _in_own_store(settings: Settings) -> dict[str, Any]:
    async with opened_services(settings) as services:
        finished = await run_now(services, RECONCILE)
    return {"report": finished.done.report, "message": finished.done.message}
