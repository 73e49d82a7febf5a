"""`fancymonkey doctor`: what keeps this shop from running well?"""

from typing import Any

import click

from fancymonkey.commands.ask_server import address
from fancymonkey.commands.common import choose_store, data_option, emit, json_option, run
from fancymonkey.doctor.checks import Finding
from fancymonkey.doctor.examine import Examination, examine, repair_findings
from fancymonkey.doctor.settings import settings_of
from fancymonkey.settings.settings import Settings

MARKS = {"error": "✗", "warning": "!", "note": "·"}


@click.command()
@data_option
@click.option("--url", metavar="URL", help="URL of the running service. [the address of `serve`]")
@click.option("--repair", "repairs", is_flag=True, help="Make the safe repairs, then check again.")
@json_option
def doctor(data: str | None, url: str | None, repairs: bool, as_json: bool) -> None:
    """Find problems of the shop, and how to fix them.

    Checks settings, ledger, files, database, disk, jobs, Stripe and the running service; reads
    only, and works while it runs. Exit code 1 if something has to be fixed. Notes are worth
    knowing, and nothing is wrong.
    """
    choose_store(data)
    settings, refused = settings_of()
    found = Examination(findings=refused)
    if settings is not None:
        found = run(_examine(settings, url or address(settings), repairs))
    if as_json:
        emit(_as_data(found))
    else:
        click.echo("\n".join(_in_words(found)))
    if found.findings:
        raise SystemExit(1)


async def _examine(settings: Settings, url: str, repairs: bool) -> Examination:
    found = await examine(settings, url)
    if not repairs:
        return found
    await repair_findings(found)
    again = await examine(settings, url)
    again.repaired = found.repaired
    return again


def _as_data(found: Examination) -> dict[str, Any]:
    """An examination as JSON."""
    return {
        "healthy": not found.findings,
        "findings": [_row(one) for one in found.findings],
        "notes": [_row(one) for one in found.notes],
        "repaired": found.repaired,
    }


def _row(one: Finding) -> dict[str, Any]:
    return {
        "id": one.id,
        "severity": one.severity,
        "what": one.what,
        "mend": one.mend,
        "repairable": one.repair is not None,
    }


def _in_words(found: Examination) -> list[str]:
    lines = [f"repaired: {text}" for text in found.repaired]
    for one in [*found.findings, *found.notes]:
        lines.append(f"{MARKS[one.severity]} {one.id}: {one.what}")
        lines.append(f"  {one.mend}")
    if not found.findings:
        lines.append("Healthy: no problems found.")
    return lines
