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
        verification = run(_audit(target, show))
    milliseconds = system_clock() - started
    if as_json:
        emit(as_data(verification) | {"milliseconds": milliseconds})
    else:
        click.echo(f"{without_password(target)}: {in_words(verification, milliseconds)}")
    if not verification.clean:
        raise SystemExit(1)


async def _audit(target: str, show: Any) -> Verification:
    async with opened(target, read_only=True) as store:
        return await verify_store(store, show)


def as_data(verification: Verification) -> dict[str, Any]:
    """A verification as JSON."""
    return {
        "clean": verification.clean,
        "entries": verification.entries,
        "skus": verification.skus,
        "holds": verification.holds,
        "findings": [
            {
                "rule": finding.rule,
                "text": finding.text,
                "revision": finding.revision,
                "sku": finding.sku,
                "reservationId": finding.reservation_id,
            }
            for finding in verification.findings
        ],
        "trouble": verification.health_problems,
    }


def in_words(verification: Verification, milliseconds: int) -> str:
    """A verification as text: one line without findings, else one line per finding."""
    looked_at = (
        f"{counted(verification.entries, 'ledger entry', 'ledger entries')}, "
        f"{counted(verification.skus, 'SKU')}, {counted(verification.holds, 'live hold')} "
        f"in {milliseconds / 1000:.2f} s"
    )
    if verification.clean:
        return f"everything adds up. {looked_at}."
    number = len(verification.findings) + len(verification.health_problems)
    lines = [f"{counted(number, 'finding')}. {looked_at}."]
    lines += [f"  the store: {text}" for text in verification.health_problems]
    lines += [f"  {finding.text}" for finding in verification.findings[:SHOWN]]
    if len(verification.findings) > SHOWN:
        lines.append(f"  … and {len(verification.findings) - SHOWN} more; --json prints all.")
    first = min(
        (finding.revision for finding in verification.findings if finding.revision), default=None
    )
    if first is not None:
        lines.append(f"The first entry to check is {first}.")
    return "\n".join(lines)
