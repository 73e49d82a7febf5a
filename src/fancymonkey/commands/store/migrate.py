"""`fancymonkey migrate`: copies any store to any empty store."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from fancymonkey.commands.common import emit, json_option, opened, progress, run
from fancymonkey.commands.store.migrate_live import move_live
from fancymonkey.commands.store.verify import as_data, in_words
from fancymonkey.engine.clock import system_clock
from fancymonkey.engine.migration.markers import COPY, MOVED, MovedTo, copy_of, moved, write_marker
from fancymonkey.errors import DataError, StoreLocked
from fancymonkey.settings.settings import without_password
from fancymonkey.store.contract import Store
from fancymonkey.store.copy import compare, copy, is_empty
from fancymonkey.store.open import empty_store
from fancymonkey.store.verify import Verification, verify_store
from fancymonkey.text import counted


@dataclass
class MigrationReport:
    """The result of a migration and of its verification."""

    copied: dict[str, int]
    differences: list[str]
    audit: Verification
    audit_milliseconds: int
    milliseconds: int = 0

    @property
    def clean(self) -> bool:
        """Whether the target equals the source and adds up."""
        return not self.differences and self.audit.clean


@click.command()
@click.option("--from", "source", metavar="DIR_OR_URL", help="The store to copy.")
@click.option("--to", "target", metavar="DIR_OR_URL", help="An empty store.")
@click.option("--live", is_flag=True, help="Migrate the running server while it sells.")
@click.option(
    "--url", metavar="URL", help="With --live: URL of the server. [the address of `serve`]"
)
@click.option("--reopen", metavar="DIR_OR_URL", help="Reopen a store that the shop has moved from.")
@json_option
def migrate(
    source: str | None,
    target: str | None,
    live: bool,
    url: str | None,
    reopen: str | None,
    as_json: bool,
) -> None:
    """Copy a store into an empty one of any kind, and verify that both are equal.

    Products, stock, holds, answers, events and the whole ledger. The source is only read. Without
    --live its servers have to be stopped first; with it the running server does it itself and goes
    on in the new store. Exit code 1 where the proof fails.
    """
    if reopen is not None:
        run(_reopen(reopen))
        click.echo(f"{without_password(reopen)} is open again, in the state when the shop moved.")
        return
    if target is None or (source is None) is not live:
        raise click.UsageError("Give --from and --to, --live and --to, or --reopen.")
    if live:
        move_live(target, url, as_json=as_json)
        return
    assert source is not None
    if _place(source) == _place(target):
        raise click.UsageError("--from and --to name the same store.")
    started = system_clock()
    report = run(_migrate(source, target, quiet=as_json))
    report.milliseconds = system_clock() - started
    if as_json:
        emit(_as_data(report))
    else:
        click.echo(_in_words(report, without_password(source), without_password(target)))
    if not report.clean:
        raise SystemExit(1)


def _place(name: str) -> str:
    return name if "://" in name else str(Path(name).resolve())


async def _reopen(target: str) -> None:
    async with opened(target, read_only=True) as looked_at:
        if await moved(looked_at) is None:
            raise DataError(f"The shop has not moved from {without_password(target)}.")
    async with opened(target, home=False) as store:
        await write_marker(store, MOVED, None, system_clock())


async def _migrate(source: str, target: str, *, quiet: bool) -> MigrationReport:
    async with opened(
        source, read_only=True
    ) as looked_at:  # read-only: creates no store by mistake
        if await is_empty(looked_at):
            raise DataError(f"{without_password(source)} is empty: nothing to copy.")
        gone = await moved(looked_at)
    if gone is not None:
        return await _finish(gone, target)
    try:
        # As its writer, so that nothing is sold from the source while it is copied.
        async with opened(source) as origin:
            return await _copy_and_prove(origin, target, quiet=quiet)
    except StoreLocked as error:
        raise StoreLocked(f"{error} A copy made while stock moves would be out of date.") from error


async def _finish(gone: MovedTo, target: str) -> MigrationReport:
    """Opens the new store of a shop whose migration stopped between its last two steps."""
    async with opened(target, home=False) as arrived:
        unfinished = await copy_of(arrived)
        if unfinished is None or (unfinished.move, unfinished.whole) != (gone.move, True):
            raise DataError(f"The shop has already moved to {gone.to}: start it there.")
        started = system_clock()
        await write_marker(arrived, COPY, None, started)
        return MigrationReport(
            {"entry": 0}, [], await verify_store(arrived), system_clock() - started
        )


async def _copy_and_prove(origin: Store, target: str, *, quiet: bool) -> MigrationReport:
    store = empty_store(target)
    await store.open(system_clock())
    try:
        if await copy_of(store) is not None:  # of an earlier attempt: nothing was ever sold from it
            await store.clear()
    finally:
        await store.close()
    async with opened(target) as fresh:
        with progress("Copying  ", hidden=quiet) as show:
            copied = await copy(origin, fresh, show)
    # Opened again, so that the stored data is compared.
    async with opened(target, read_only=True) as stored:
        with progress("Comparing", hidden=quiet) as show:
            differences = await compare(origin, stored, show)
        with progress("Verifying", hidden=quiet) as show:
            started = system_clock()
            verification = await verify_store(stored, show)
            return MigrationReport(copied, differences, verification, system_clock() - started)


def _as_data(report: MigrationReport) -> dict[str, Any]:
    return {
        "clean": report.clean,
        "copied": report.copied,
        "differences": report.differences,
        "verify": as_data(report.audit),
        "milliseconds": report.milliseconds,
    }


def _in_words(report: MigrationReport, source: str, target: str) -> str:
    rows = sum(report.copied.values()) - report.copied["entry"]
    entries = counted(report.copied["entry"], "ledger entry", "ledger entries")
    seconds = f"{report.milliseconds / 1000:.2f} s"
    lines = [
        f"{counted(rows, 'row')} and {entries} copied from {source} to {target} in {seconds}.",
        *(f"  {number:>9} {table}" for table, number in report.copied.items() if number),
        *(f"  differs: {difference}" for difference in report.differences),
        f"{target}: {in_words(report.audit, report.audit_milliseconds)}",
    ]
    if report.clean:
        setting = f"DATABASE_URL={target}" if "://" in target else f"--data {target}"
        lines.append(f"Both stores are equal. The shop can use the new store: {setting}")
    else:
        lines.append("The copy has errors: do not use it. The source is unchanged.")
    return "\n".join(lines)
