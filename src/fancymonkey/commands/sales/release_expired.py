"""`fancymonkey release-expired`: releases expired holds if no server is running."""

from typing import Any

import click

from fancymonkey.commands.common import choose_store, data_option, emit, json_option, run
from fancymonkey.engine.job_names import RELEASE_EXPIRED
from fancymonkey.errors import StoreLocked
from fancymonkey.services.container import opened_services, run_now
from fancymonkey.settings.settings import Settings
from fancymonkey.text import counted

Released = list[dict[str, Any]]


@click.command("release-expired")
@data_option
@json_option
def release_expired(data: str | None, as_json: bool) -> None:
    """Release every expired hold, and list them.

    Optional: expired holds no longer count in any case. A running server does this itself.
    """
    choose_store(data)
    try:
        released = run(_release(Settings.load()))
    except StoreLocked as error:
        if as_json:
            emit({"released": [], "server": True})
        else:
            click.echo(f"Nothing to do: the running server releases expired holds on time. {error}")
        return
    if as_json:
        emit({"released": released, "server": False})
    else:
        click.echo("\n".join(_in_words(released)))


async def _release(settings: Settings) -> Released:
    async with opened_services(settings) as services:
        finished = await run_now(services, RELEASE_EXPIRED)
    return [
        {
            "reservationId": hold.reservation_id,
            "sessionId": hold.session_id,
            "lines": [{"sku": sku, "quantity": quantity} for sku, quantity in hold.lines],
        }
        for hold in finished.done.details
    ]


def _in_words(released: Released) -> list[str]:
    if not released:
        return ["No expired holds."]
    lines = [f"Released {counted(len(released), 'expired hold')}."]
    for hold in released:
        units = ", ".join(f"{line['quantity']} of {line['sku']}" for line in hold["lines"])
        lines.append(f"  {hold['reservationId']} (session {hold['sessionId']}): {units}")
    return lines
