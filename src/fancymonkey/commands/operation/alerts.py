"""`fancymonkey alerts`: test the channels, and list sent and waiting alerts."""

from datetime import datetime
from typing import Any

import click

from fancymonkey.alerts.outbox import Outbox
from fancymonkey.commands.common import choose_store, data_option, emit, json_option, opened, run
from fancymonkey.commands.numbers import WholeNumber
from fancymonkey.engine.engine import Engine
from fancymonkey.errors import ConfigError
from fancymonkey.services.container import alerts_of
from fancymonkey.settings.settings import Settings
from fancymonkey.store.in_memory.store import MemoryStore
from fancymonkey.text import counted


@click.group()
def alerts() -> None:
    """Test the alert channels of ALERT_URLS, or list recent alerts."""


@alerts.command("test")
@json_option
def test_channels(as_json: bool) -> None:
    """Send a test to every channel of ALERT_URLS. Exit code 1 if one fails."""
    rows = run(_test(Settings.load()))
    failed = any(row["error"] for row in rows)
    if as_json:
        emit({"success": not failed, "channels": rows})
    else:
        for row in rows:
            click.echo(f"{'failed' if row['error'] else 'sent':<8}{row['name']}")
            if row["error"]:
                click.echo(f"{'':<8}{row['error']}")
    if failed:
        raise SystemExit(1)


async def _test(settings: Settings) -> list[dict[str, Any]]:
    made = alerts_of(Engine(MemoryStore()), settings)  # a test needs no store
    if not made.channels:
        raise ConfigError(
            "No alert channels are configured. Set ALERT_URLS; see docs/how-to/get-alerts.md."
        )
    results = await made.test()
    return [
        {"name": result.name, "ok": not result.error, "error": result.error or None}
        for result in results
    ]


@alerts.command("list")
@data_option
@click.option("--limit", type=WholeNumber(1, 1000), default=20, show_default=True)
@json_option
def list_alerts(data: str | None, limit: int, as_json: bool) -> None:
    """List the latest alerts, the newest first, and alerts waiting to be sent."""
    choose_store(data)
    rows = run(_list(Settings.load(), limit))
    if as_json:
        emit(rows)
        return
    for row in rows["alerts"]:
        click.echo(f"{row['at']}  {row['title']}")
    if not rows["alerts"]:
        click.echo("No alerts in the last 30 days.")
    for row in rows["waiting"]:
        why = f": {row['error']}" if row["error"] else ""
        click.echo(
            f"waits   {row['target']}  {row['type']}, {counted(row['tries'], 'try', 'tries')}{why}"
        )


async def _list(settings: Settings, limit: int) -> dict[str, Any]:
    async with opened(settings.target, read_only=True) as store:
        outbox = Outbox(Engine(store))
        rows: list[dict[str, Any]] = []
        async for stored in outbox.happened.after(""):
            if len(rows) == limit:
                break
            delivery = stored.value
            rows.append(
                {
                    "id": delivery.id,
                    "type": delivery.type,
                    "at": _at(delivery.at),
                    "title": delivery.title,
                }
            )
        waiting = [
            {
                "id": delivery.name,
                "target": delivery.value.target,
                "type": delivery.value.event.type,
                "tries": delivery.value.tries,
                "error": delivery.value.attempts[-1].error if delivery.value.attempts else None,
            }
            for delivery in await outbox.waiting.all()
        ]
    return {"alerts": rows, "waiting": waiting}


def _at(at: int) -> str:
    return datetime.fromtimestamp(at / 1000).astimezone().isoformat(timespec="seconds")
