"""`fancymonkey release-expired`: releases expired holds if no server is running."""

from typing import Any

import click

from fancymonkey.commands.common import data_option, emit, json_option, opened, run, store_target
from fancymonkey.core.holds.end import Expire
from fancymonkey.core.outcomes import Accepted
from fancymonkey.core.state import FOREVER
from fancymonkey.engine.clock import system_clock
from fancymonkey.errors import StoreLocked
from fancymonkey.text import counted

Released = list[dict[str, Any]]


@click.command("release-expired")
@data_option
@json_option
def release_expired(data: str | None, as_json: bool) -> None:
    """Release every expired hold, and list them.

    Optional: expired holds no longer count in any case. A running server does this itself.
    """
    try:
        released = run(_release(store_target(data)))
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


async def _release(target: str) -> Released:
    async with opened(target) as store:
        commit = await store.run([Expire(actor="release-expired")], system_clock(), FOREVER)
    answer = commit.answers[0]
    assert isinstance(answer, Accepted)
    return [
        {
            "reservationId": hold["reservation_id"],
            "sessionId": hold["session_id"],
            "lines": [{"sku": line[0], "quantity": line[1]} for line in hold["lines"]],
        }
        for hold in answer.data["released"]
    ]


def _in_words(released: Released) -> list[str]:
    if not released:
        return ["No expired holds."]
    lines = [f"Released {counted(len(released), 'expired hold')}."]
    for hold in released:
        units = ", ".join(f"{line['quantity']} of {line['sku']}" for line in hold["lines"])
        lines.append(f"  {hold['reservationId']} (session {hold['sessionId']}): {units}")
    return lines
