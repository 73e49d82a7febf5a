"""`fancymonkey alerts`: try the channels, and see what was told and what waits."""

from datetime import datetime
from typing import Any

import click

from fancymonkey.alerts.outbox import Outbox
from fancymonkey.commands.common import choose_store, data_option, emit, json_option, opened, run
from fancymonkey.commands.numbers import Whole
from fancymonkey.engine.engine import Engine
from fancymonkey.errors import ConfigError
from fancymonkey.settings.settings import Settings
from fancymonkey.store.in_memory.store import MemoryStore


@click.group()
def alerts() -> None:
    """Try the channels of ALERT_URLS, or list what was told."""


@alerts.command("test")
@json_option
def test_channels(as_json: bool) -> None:
    """Send a test over every channel of ALERT_URLS. Exits with 1 where one fails."""
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
    from fancymonkey.web.context import alerts_of

    made = alerts_of(Engine(MemoryStore()), settings)  # a test needs no store
    if not made.channels:
        raise ConfigError("There is no channel. Set ALERT_URLS; docs/how-to/get-alerts.md has how.")
    told = await made.test()
    return [{"name": one.name, "ok": not one.error, "error": one.error or None} for one in told]


@alerts.command("list")
@data_option
@click.option("--limit", type=Whole(1, 1000), default=20, show_default=True)
@json_option
def list_alerts(data: str | None, limit: int, as_json: bool) -> None:
    """Show the latest alerts, the newest first, and what waits to be sent."""
    choose_store(data)
    told = run(_list(Settings.load(), limit))
    if as_json:
        emit(told)
        return
    for row in told["alerts"]:
        click.echo(f"{row['at']}  {row['title']}")
    if not told["alerts"]:
        click.echo("Nothing was told in the last 30 days.")
    for row in told["waiting"]:
        why = f": {row['error']}" if row["error"] else ""
        click.echo(f"waits   {row['target']}  {row['type']}, {row['tries']} tries{why}")


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
