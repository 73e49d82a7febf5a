"""`fancymonkey init`: the sample catalogue for an empty store."""

import os
from pathlib import Path

import click

from fancymonkey import examples
from fancymonkey.commands.common import data_option, opened, run, store_target
from fancymonkey.engine.clock import system_clock
from fancymonkey.errors import ConfigError, DataError
from fancymonkey.settings.settings import without_password
from fancymonkey.store.shared.files import Disk


@click.command()
@data_option
def init(data: str | None) -> None:
    """Write the sample catalogue of 16 products into an empty store."""
    target = store_target(data)
    shown = without_password(target)
    if not run(fill_empty(target)):
        raise DataError(
            f"{shown} is not empty and was not changed. Choose another directory with --data DIR."
        )
    click.echo(f"{shown} now has the sample catalogue of 16 products. Next: fancymonkey serve")


async def fill_empty(target: str) -> bool:
    """Fills an empty store and returns True; returns False, without a change, if it is not empty.

    Raises StoreError if the store is not writable, for example StoreLocked beside a server,
    and ConfigError for memory://, which cannot be filled from outside.
    """
    if target.startswith("memory:"):
        raise ConfigError(
            "memory:// keeps nothing after the command. Choose a directory with --data DIR."
        )
    if "://" not in target:
        if _is_new(Path(target)):
            _write_file(Path(target) / examples.NAME)
            return True
        if _has_products(Path(target)):  # found without opening a large shop twice
            return False
    async with opened(target) as store:
        if await store.entries_after(0, 1):
            return False
        await store.run(examples.commands(), system_clock(), 0)
    return True


def _is_new(directory: Path) -> bool:
    """Whether the folder has never been a JSON store; it may have other files."""
    return not (directory / examples.NAME).exists() and not (directory / "logs").exists()


def _has_products(directory: Path) -> bool:
    """Whether the owner's file has any products."""
    file = directory / examples.NAME
    return file.exists() and file.read_bytes().strip() not in (b"", b"[]")


def _write_file(path: Path) -> None:
    Disk().make_folder(path.parent)
    with path.open("xb") as file:
        file.write(examples.products_json())
        file.flush()
        os.fsync(file.fileno())
