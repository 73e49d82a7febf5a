"""`fancymonkey import`: takes a table back that `export` wrote and somebody edited."""

from pathlib import Path

import click

from fancymonkey.commands.common import data_option, opened, run, store_target
from fancymonkey.core.execute import DryRun, Many
from fancymonkey.core.outcomes import Answer, Refused
from fancymonkey.core.state import FOREVER
from fancymonkey.engine.clock import system_clock
from fancymonkey.engine.words import counted, joined
from fancymonkey.errors import DataError
from fancymonkey.tables import spreadsheet, text
from fancymonkey.tables.columns import Record
from fancymonkey.tables.plan import Fault, Plan, Stand, Wish, marks_of
from fancymonkey.tables.planner import Planner
from fancymonkey.tables.said import said_since

SHOWN = 100
readable = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("import")
@click.argument("file", type=readable)
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@click.option(
    "--base",
    type=readable,
    metavar="FILE",
    help="The table as it was exported, where FILE has no column `exported`.",
)
@data_option
def import_(file: Path, dry_run: bool, base: Path | None, data: str | None) -> None:
    """Take products, sizes, stock and settings from a CSV or XLSX FILE: all of it or nothing.

    Rows are found by productId and size; columns and rows that are not there change nothing;
    reserved, available and status are not read. With the column `exported` in it, or with --base,
    only what was changed since the export counts, and what was sold meanwhile stays sold.
    """
    records = _records(file)
    original = None if base is None else _records(base)
    plan = run(_import(store_target(data), records, original, file.name, dry_run=dry_run))
    for line in _in_words(plan, dry_run=dry_run):
        click.echo(line)
    if plan.faults:
        raise SystemExit(1)


def _records(file: Path) -> list[Record]:
    data = file.read_bytes()
    try:
        if spreadsheet.is_spreadsheet(data):
            return text.records(spreadsheet.read(data))
        read = text.decoded(data)
        if read.lstrip()[:1] in ("[", "{"):
            raise DataError(
                "This is JSON, and a table is taken: CSV or XLSX. A products.json goes into an "
                "empty folder, and `fancymonkey serve --data FOLDER` takes it in; `fancymonkey "
                "check FILE` says what will come of it."
            )
        return text.records(text.read(read))
    except DataError as error:
        raise DataError(f"{file}: {error}") from error


async def _import(
    target: str,
    records: list[Record],
    base: list[Record] | None,
    cause: str,
    *,
    dry_run: bool,
) -> Plan:
    async with opened(target) as store:
        stand = Stand.of(await store.snapshot())
        said = await said_since(store, marks_of(records, stand), stand.revision)
        plan = Planner(stand, Wish(cause=cause, create=True), said, base).read(records)
        if plan.faults or not plan.steps:
            return plan
        whole = Many(commands=tuple(one.command for one in plan.steps), all_or_nothing=True)
        command = DryRun(command=whole) if dry_run else whole
        commit = await store.run([command], system_clock(), FOREVER)
    plan.faults += _refusals(plan, commit.answers[0])
    return plan


def _refusals(plan: Plan, answer: Answer) -> list[Fault]:
    if not isinstance(answer, Refused):
        return []
    return [
        Fault(step.rows[0], "", row["message"])
        for step, row in zip(plan.steps, answer.detail["rows"], strict=True)
        if "refused" in row
    ]


def _in_words(plan: Plan, *, dry_run: bool) -> list[str]:
    if plan.faults:
        lines = [
            f"  row {one.row}{', ' if one.column else ''}{one.column}: {one.text}"
            for one in plan.faults[:SHOWN]
        ]
        if len(plan.faults) > SHOWN:
            lines.append(f"  … and {len(plan.faults) - SHOWN} more")
        return [f"{counted(len(plan.faults), 'problem')}; nothing was changed.", *lines]
    changes = [one for one in plan.changes if one.new is None]
    lines = [
        f"  {one.product_id} {one.size} {one.column}: {one.now or '–'} → {one.after or '–'}"
        for one in changes[:SHOWN]
    ]
    if len(changes) > SHOWN:
        lines.append(f"  … and {len(changes) - SHOWN} more")
    words = [
        counted(len(plan.new_products), "new product"),
        counted(len(plan.new_sizes), "new size"),
        f"{counted(len(changes), 'cell')} changed",
        f"{counted(plan.count('unchanged'), 'row')} unchanged",
    ]
    how = "A dry run, nothing was changed. It would be: " if dry_run else ""
    return [*lines, f"{how}{joined(words)}."]
