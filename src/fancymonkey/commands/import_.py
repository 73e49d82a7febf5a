"""`fancymonkey import`: takes a table back that `export` wrote and somebody edited."""

from pathlib import Path

import click

from fancymonkey.commands.common import data_option, opened, run, store_target
from fancymonkey.commands.plan import Plan, Planner, Problem
from fancymonkey.core.adjust import Count
from fancymonkey.core.execute import DryRun, Many
from fancymonkey.core.outcomes import Answer, Refused
from fancymonkey.core.state import FOREVER
from fancymonkey.engine import sheet
from fancymonkey.engine.clock import system_clock
from fancymonkey.engine.words import counted, joined
from fancymonkey.errors import DataError

SHOWN = 100
readable = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("import")
@click.argument("file", type=readable)
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@click.option(
    "--base",
    type=readable,
    metavar="FILE",
    help="The table as it was exported: only what differs from it is a change.",
)
@data_option
def import_(file: Path, dry_run: bool, base: Path | None, data: str | None) -> None:
    """Take products, sizes, stock and settings from a CSV FILE: all of it or nothing.

    Rows are found by productId and size; columns and rows that are not there change nothing;
    reserved, available and status are not read. Sales since the export count as changes of stock
    unless --base is given: then such a row is refused.
    """
    records = _records(file)
    original = None if base is None else _records(base)
    plan = run(_import(store_target(data), records, original, file.name, dry_run=dry_run))
    for line in _in_words(plan, dry_run=dry_run):
        click.echo(line)
    if plan.problems:
        raise SystemExit(1)


def _records(file: Path) -> list[sheet.Record]:
    try:
        return sheet.read(file.read_bytes().decode())
    except UnicodeDecodeError as error:
        raise DataError(f"{file} is not in UTF-8. Save it as CSV in UTF-8.") from error
    except DataError as error:
        raise DataError(f"{file}: {error}") from error


async def _import(
    target: str,
    records: list[sheet.Record],
    base: list[sheet.Record] | None,
    cause: str,
    *,
    dry_run: bool,
) -> Plan:
    async with opened(target) as store:
        plan = Planner(await store.snapshot(), base, cause).read(records)
        if plan.problems or not plan.commands:
            return plan
        whole = Many(commands=tuple(one for _, one in plan.commands), all_or_nothing=True)
        command = DryRun(command=whole) if dry_run else whole
        commit = await store.run([command], system_clock(), FOREVER)
    plan.problems += _refusals(plan, commit.answers[0])
    return plan


def _refusals(plan: Plan, answer: Answer) -> list[Problem]:
    if not isinstance(answer, Refused):
        return []
    return [
        Problem(number, "stock" if isinstance(command, Count) else "", row["message"])
        for (number, command), row in zip(plan.commands, answer.detail["rows"], strict=True)
        if "refused" in row
    ]


def _in_words(plan: Plan, *, dry_run: bool) -> list[str]:
    if plan.problems:
        problems = sorted(plan.problems, key=lambda one: one.row)
        lines = [
            f"  row {one.row}{', ' if one.column else ''}{one.column}: {one.text}"
            for one in problems[:SHOWN]
        ]
        if len(problems) > SHOWN:
            lines.append(f"  … and {len(problems) - SHOWN} more")
        return [f"{counted(len(problems), 'problem')}; nothing was changed.", *lines]
    lines = [
        f"  {one.product_id} {one.size} {one.column}: {one.before or '–'} → {one.after or '–'}"
        for one in plan.changes[:SHOWN]
    ]
    if len(plan.changes) > SHOWN:
        lines.append(f"  … and {len(plan.changes) - SHOWN} more")
    words = [
        counted(len(plan.new_products), "new product"),
        counted(len(plan.new_sizes), "new size"),
        f"{counted(len(plan.changes), 'cell')} changed",
        f"{counted(plan.unchanged, 'row')} unchanged",
    ]
    how = "A dry run, nothing was changed. It would be: " if dry_run else ""
    return [*lines, f"{how}{joined(words)}."]
