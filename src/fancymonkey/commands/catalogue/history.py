"""`fancymonkey history`: lists and restores versions of products.json."""

from dataclasses import asdict
from pathlib import Path

import click

from fancymonkey.backup.catalogue_history import require_folder, roll_back
from fancymonkey.backup.git_repository import Repository
from fancymonkey.commands.common import (
    data_option,
    emit,
    json_option,
    opened,
    run,
    store_target,
)
from fancymonkey.commands.numbers import WholeNumber
from fancymonkey.errors import BackupError, StoreLocked
from fancymonkey.settings.settings import Settings


@click.group()
def history() -> None:
    """List or restore versions of products.json. They are kept with BACKUP_GIT=on."""


@history.command("list")
@data_option
@click.option("--limit", type=WholeNumber(1, 10_000), default=20, show_default=True)
@json_option
def list_versions(data: str | None, limit: int, as_json: bool) -> None:
    """List the latest versions: name, time and summary."""
    versions = run(Repository(require_folder(store_target(data))).versions(limit))
    if as_json:
        emit({"versions": [asdict(version) for version in versions]})
        return
    for version in versions:
        click.echo(f"{version.name}  {version.at}  {version.subject}")


@history.command()
@click.argument("version")
@data_option
def show(version: str, data: str | None) -> None:
    """Show the changes of a version and their author."""
    click.echo(run(Repository(require_folder(store_target(data))).show(version)), nl=False)


@history.command()
@click.argument("version")
@data_option
@click.option("--stock", is_flag=True, help="Restore the stock too. This ignores sales since then.")
def rollback(version: str, data: str | None, stock: bool) -> None:
    """Restore the catalogue of a version: names, prices, sizes, thresholds.

    It is an edit of products.json like any by hand: the ledger gets new entries and loses none.
    A running server takes it in within a second. The stock stays what it is now, unless --stock.
    """
    folder = require_folder(store_target(data))
    click.echo(run(_roll_back(folder, version, stock=stock)))


async def _roll_back(folder: Path, version: str, *, stock: bool) -> str:
    await roll_back(folder, version, stock=stock)
    try:
        async with opened(str(folder)) as store:
            problems = await store.health_problems()
    except StoreLocked:
        return f"products.json is restored to {version}. The running server imports it now."
    if problems:
        raise BackupError(f"The version was restored, except for: {' '.join(problems)}")
    return f"The catalogue is restored to {version}. The ledger lists the changes."


@history.command()
@data_option
def push(data: str | None) -> None:
    """Push all versions to BACKUP_GIT_REMOTE now."""
    folder = require_folder(store_target(data))
    remote = Settings.load().backup.backup_git_remote
    if remote is None:
        raise BackupError("No remote is configured. Set BACKUP_GIT_REMOTE.")
    repository = Repository(folder)
    run(_push(repository, remote))
    click.echo("All versions were pushed.")


async def _push(repository: Repository, remote: str) -> None:
    await repository.versions(1)
    await repository.push(remote)
