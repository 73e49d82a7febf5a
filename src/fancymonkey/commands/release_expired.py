"""`fancymonkey release-expired`: tidies holds whose time is up, for who runs no server."""

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
    """End every hold whose time is up, and say which they were.

    Nothing depends on it: such holds count no more anyway. A running server does it by itself.
    """
    try:
        released = run(_release(store_target(data)))
    except StoreLocked as error:
        if as_json:
            emit({"released": [], "server": True})
        else:
            click.echo(f"Nothing to do, a server ends holds at their second by itself. {error}")
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
        return ["No hold is over."]
    lines = [f"{counted(len(released), 'hold')} ended."]
    for hold in released:
        units = ", ".join(f"{line['quantity']} of {line['sku']}" for line in hold["lines"])
        lines.append(f"  {hold['reservationId']} (session {hold['sessionId']}): {units}")
    return lines
