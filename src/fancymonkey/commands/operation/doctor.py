"""`fancymonkey doctor`: finds the problems of a shop, each with its repair."""

from typing import Any

import click

from fancymonkey.commands.ask_server import address
from fancymonkey.commands.common import choose_store, data_option, emit, json_option, run
from fancymonkey.doctor.checks import DoctorFinding
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
    examination = Examination(findings=refused)
    if settings is not None:
        examination = run(_examine(settings, url or address(settings), repairs))
    if as_json:
        emit(_as_data(examination))
    else:
        click.echo("\n".join(_in_words(examination)))
    if examination.findings:
        raise SystemExit(1)


async def _examine(settings: Settings, url: str, repairs: bool) -> Examination:
    examination = await examine(settings, url)
    if not repairs:
        return examination
    await repair_findings(examination)
    again = await examine(settings, url)
    again.repaired = examination.repaired
    return again


def _as_data(examination: Examination) -> dict[str, Any]:
    """An examination as JSON."""
    return {
        "healthy": not examination.findings,
        "findings": [_row(finding) for finding in examination.findings],
        "notes": [_row(finding) for finding in examination.notes],
        "repaired": examination.repaired,
    }


def _row(finding: DoctorFinding) -> dict[str, Any]:
    return {
        "id": finding.id,
        "severity": finding.severity,
        "what": finding.problem,
        "mend": finding.remedy,
        "repairable": finding.repair is not None,
    }


def _in_words(examination: Examination) -> list[str]:
    lines = [f"repaired: {text}" for text in examination.repaired]
    for finding in [*examination.findings, *examination.notes]:
        lines.append(f"{MARKS[finding.severity]} {finding.id}: {finding.problem}")
        lines.append(f"  {finding.remedy}")
    if not examination.findings:
        lines.append("Healthy: no problems found.")
    return lines
