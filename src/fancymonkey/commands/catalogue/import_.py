"""`fancymonkey import`: imports an edited export, or a new table."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import click

from fancymonkey.commands.common import choose_store, data_option, progress, run
from fancymonkey.errors import DataError
from fancymonkey.services.container import opened_engine
from fancymonkey.services.imports.import_apply import import_plan
from fancymonkey.services.imports.import_read import OnProgress, TableFile, plan_table, read_table
from fancymonkey.services.imports.import_turn import import_turn
from fancymonkey.settings.settings import Settings
from fancymonkey.spreadsheets.imports.import_plan import ImportOptions, ImportPlan
from fancymonkey.text import counted, joined

ACTOR = "import"
SHOWN = 100
readable = click.Path(exists=True, dir_okay=False, path_type=Path)


@dataclass(frozen=True, slots=True)
class _Imported:
    """The result of an import. `change_id` is the id for its undo, None without a change."""

    table: TableFile
    plan: ImportPlan
    change_id: str | None


@click.command("import")
@click.argument("file", type=readable)
@click.option("--dry-run", is_flag=True, help="Show the changes without making them.")
@click.option(
    "--base",
    type=readable,
    metavar="FILE",
    help="The original export, if FILE has no column `exported`.",
)
@click.option("--sheet", metavar="NAME", help="The sheet to read, if the spreadsheet has several.")
@data_option
def import_(
    file: Path, dry_run: bool, base: Path | None, sheet: str | None, data: str | None
) -> None:
    """Import products, sizes, stock and settings from a CSV or XLSX FILE: all or nothing.

    Rows are found by productId and size; columns and rows that are not there change nothing;
    reserved, available and status are not read. With a column `location`, the stock of a row is
    that at its location; without one, it is the total, and `main` takes the difference. With the
    column `exported` in it, or with --base, only cells changed since the export count, and later
    sales stay sold. An import is one change in the history of the dashboard, and can be undone
    there.
    """
    choose_store(data)
    settings = Settings.load()
    with progress("Import") as show:
        done = run(
            _import(settings, file, base, sheet, lambda _, so_far, of: show(so_far, of), dry_run)
        )
    for line in _in_words(done, dry_run=dry_run):
        click.echo(line)
    if done.plan.faults:
        raise SystemExit(1)


async def _read(file: Path, on_progress: OnProgress, sheet: str | None = None) -> TableFile:
    try:
        return await read_table(await asyncio.to_thread(file.read_bytes), on_progress, sheet)
    except DataError as error:
        raise DataError(f"{file}: {error}") from error


async def _import(
    settings: Settings,
    file: Path,
    base: Path | None,
    sheet: str | None,
    on_progress: OnProgress,
    dry_run: bool,
) -> _Imported:
    table = await _read(file, on_progress, sheet)
    original = None if base is None else (await _read(base, on_progress)).records
    options = ImportOptions(actor=ACTOR, reason=file.name[:100], create=True)
    alone = dry_run or not settings.shared
    async with opened_engine(settings) as engine, import_turn(engine, alone=alone):
        plan = await plan_table(engine, table.records, options, on_progress, original)
        change_id = await import_plan(engine, plan, options, on_progress, dry_run=dry_run)
    return _Imported(table, plan, change_id)


def _sheets_in_words(table: TableFile) -> list[str]:
    if table.sheet is None:
        return []
    others = ", ".join(repr(sheet) for sheet in table.sheets if sheet != table.sheet)
    return [f"Sheet {table.sheet!r} was read{f', not {others}' if others else ''}."]


def _in_words(done: _Imported, *, dry_run: bool) -> list[str]:
    plan = done.plan
    lines = [*_sheets_in_words(done.table), *(f"Note: {notice.text}" for notice in plan.notices)]
    if plan.faults:
        lines.append(f"{counted(len(plan.faults), 'problem')}; nothing was changed.")
        lines += [
            f"  row {fault.row}{', ' if fault.column else ''}{fault.column}: {fault.text}"
            for fault in plan.faults[:SHOWN]
        ]
        if len(plan.faults) > SHOWN:
            lines.append(f"  … and {len(plan.faults) - SHOWN} more")
        return lines
    changes = [change for change in plan.changes if change.new is None]
    lines += [
        f"  {change.product_id} {change.size}{f' at {change.location}' if change.location else ''} "
        f"{change.column}: "
        f"{change.now or '–'} → {change.after or '–'}"
        for change in changes[:SHOWN]
    ]
    if len(changes) > SHOWN:
        lines.append(f"  … and {len(changes) - SHOWN} more")
    words = [
        counted(len(plan.new_products), "new product"),
        counted(len(plan.new_sizes), "new size"),
        f"{counted(len(changes), 'cell')} changed",
        f"{counted(plan.count('unchanged'), 'row')} unchanged",
    ]
    how = "Dry run, nothing was changed. Result: " if dry_run else ""
    return [*lines, f"{how}{joined(words)}."]
