"""`fancymonkey alerts`: test the channels, and list sent and waiting alerts."""

from datetime import datetime
from typing import Any

import click

from fancymonkey.alerts.outbox import Outbox
from fancymonkey.commands.common import choose_store, data_option, emit, json_option, opened, run
from fancymonkey.commands.numbers import Whole
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
    return [{"name": one.name, "ok": not one.error, "error": one.error or None} for one in results]


@alerts.command("list")
@data_option
@click.option("--limit", type=Whole(1, 1000), default=20, show_default=True)
@json_option
def list_alerts(data: str | None, limit: int, as_json: bool) -> None:
    """List the latest alerts, the newest first, and alerts waiting to be sent."""
    choose_store(data)
    found = run(_list(Settings.load(), limit))
    if as_json:
        emit(found)
        return
    for row in found["alerts"]:
        click.echo(f"{row['at']}  {row['title']}")
    if not found["alerts"]:
        click.echo("No alerts in the last 30 days.")
    for row in found["waiting"]:
        why = f": {row['error']}" if row["error"] else ""
        click.echo(
            f"waits   {row['target']}  {row['type']}, {counted(row['tries'], 'try', 'tries')}{why}"
        )


async def _list(settings: Settings, limit: int) -> dict[str, Any]:
    async with opened(settings.target, read_only=True) as store:
        outbox = Outbox(Engine(store))
        found: list[dict[str, Any]] = []
        async for kept in outbox.happened.after(""):
            if len(found) == limit:
                break
            one = kept.value
            found.append({"id": one.id, "type": one.type, "at": _at(one.at), "title": one.title})
        waiting = [
            {
                "id": one.name,
                "target": one.value.target,
                "type": one.value.happening.type,
                "tries": one.value.tries,
                "error": one.value.attempts[-1].error if one.value.attempts else None,
            }
            for one in await outbox.waiting.all()
        ]
    return {"alerts": found, "waiting": waiting}


def _at(at: int) -> str:
    return datetime.fromtimestamp(at / 1000).astimezone().isoformat(timespec="seconds")
