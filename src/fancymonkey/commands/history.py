"""`fancymonkey history`: the versions of products.json, and the way back to one."""

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
from fancymonkey.commands.numbers import Whole
from fancymonkey.errors import BackupError, StoreLocked
from fancymonkey.settings.settings import Settings


@click.group()
def history() -> None:
    """Show the versions of products.json, or go back to one. They are kept with BACKUP_GIT=on."""


@history.command("list")
@data_option
@click.option("--limit", type=Whole(1, 10_000), default=20, show_default=True)
@json_option
def list_versions(data: str | None, limit: int, as_json: bool) -> None:
    """List the latest versions: name, time, what was changed."""
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
    """Show what was changed in a version, and by whom."""
    click.echo(run(Repository(require_folder(store_target(data))).show(version)), nl=False)


@history.command()
@click.argument("version")
@data_option
@click.option("--stock", is_flag=True, help="Count the stock back as well: sales since are undone.")
def rollback(version: str, data: str | None, stock: bool) -> None:
    """Make the catalogue what it was in a version: names, prices, sizes, thresholds.

    It is an edit of products.json like any by hand: the ledger gets new entries and loses none.
    A running server takes it in within a second. The stock stays what it is now, unless --stock.
    """
    folder = require_folder(store_target(data))
    click.echo(run(_roll_back(folder, version, stock=stock)))


async def _roll_back(folder: Path, version: str, *, stock: bool) -> str:
    await roll_back(folder, version, stock=stock)
    try:
        async with opened(str(folder)) as store:
            trouble = await store.health_problems()
    except StoreLocked:
        return f"products.json is that of {version} again. The running server takes it in now."
    if trouble:
        raise BackupError(f"The version was taken in but for this: {' '.join(trouble)}")
    return f"The catalogue is that of {version} again; the ledger says what changed."


@history.command()
@data_option
def push(data: str | None) -> None:
    """Send all versions to BACKUP_GIT_REMOTE now."""
    folder = require_folder(store_target(data))
    remote = Settings.load().backup.backup_git_remote
    if remote is None:
        raise BackupError("There is no place to send them to. Set BACKUP_GIT_REMOTE.")
    repository = Repository(folder)
    run(_push(repository, remote))
    click.echo("All versions are there.")


async def _push(repository: Repository, remote: str) -> None:
    await repository.versions(1)
    await repository.push(remote)
