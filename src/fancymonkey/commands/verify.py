"""`fancymonkey verify`: checks that the store adds up."""

from typing import Any

import click

from fancymonkey.commands.common import (
    data_option,
    emit,
    json_option,
    opened,
    progress,
    run,
    store_target,
)
from fancymonkey.engine.clock import system_clock
from fancymonkey.settings.settings import without_password
from fancymonkey.store.verify import Verification, verify_store
from fancymonkey.text import counted

SHOWN = 50


@click.command()
@data_option
@json_option
def verify(data: str | None, as_json: bool) -> None:
    """Replay the whole ledger and compare it with the stored state.

    Reads only, and works while a server is running. Exit code 1 if something does not add up.
    """
    target = store_target(data)
    started = system_clock()
    with progress("Verifying", hidden=as_json) as show:
        found = run(_audit(target, show))
    milliseconds = system_clock() - started
    if as_json:
        emit(as_data(found) | {"milliseconds": milliseconds})
    else:
        click.echo(f"{without_password(target)}: {in_words(found, milliseconds)}")
    if not found.clean:
        raise SystemExit(1)


async def _audit(target: str, show: Any) -> Verification:
    async with opened(target, read_only=True) as store:
        return await verify_store(store, show)


def as_data(found: Verification) -> dict[str, Any]:
    """A verification as JSON."""
    return {
        "clean": found.clean,
        "entries": found.entries,
        "skus": found.skus,
        "holds": found.holds,
        "findings": [
            {
                "rule": one.rule,
                "text": one.text,
                "revision": one.revision,
                "sku": one.sku,
                "reservationId": one.reservation_id,
            }
            for one in found.findings
        ],
        "trouble": found.health_problems,
    }


def in_words(found: Verification, milliseconds: int) -> str:
    """A verification as text: one line if all is well, else one line per finding."""
    looked_at = (
        f"{counted(found.entries, 'ledger entry', 'ledger entries')}, "
        f"{counted(found.skus, 'SKU')}, {counted(found.holds, 'live hold')} "
        f"in {milliseconds / 1000:.2f} s"
    )
    if found.clean:
        return f"everything adds up. {looked_at}."
    lines = [
        f"{counted(len(found.findings) + len(found.health_problems), 'finding')}. {looked_at}."
    ]
    lines += [f"  the store: {text}" for text in found.health_problems]
    lines += [f"  {one.text}" for one in found.findings[:SHOWN]]
    if len(found.findings) > SHOWN:
        lines.append(f"  … and {len(found.findings) - SHOWN} more; --json prints all.")
    first = min((one.revision for one in found.findings if one.revision), default=None)
    if first is not None:
        lines.append(f"The first entry to check is {first}.")
    return "\n".join(lines)
