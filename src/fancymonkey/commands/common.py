"""Shared by all commands: choosing and opening the store, and printing JSON."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar

import click
import msgspec

from fancymonkey.engine.clock import system_clock
from fancymonkey.engine.migration.markers import check_not_moved
from fancymonkey.settings.settings import Settings
from fancymonkey.store.contract import Store
from fancymonkey.store.open import open_store, require_existing

T = TypeVar("T")

data_option = click.option(
    "--data",
    metavar="DIR",
    help="Directory of the JSON store, or a URL. Overrides DATABASE_URL and DATA_DIR.",
)

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def choose_store(data: str | None) -> None:
    """Makes `--data` override the environment, for this process and its children."""
    if data is None:
        return
    url = data if "://" in data else ""
    os.environ["DATABASE_URL"] = url  # empty hides the one in .env
    if not url:
        os.environ["DATA_DIR"] = data


def store_target(data: str | None) -> str:
    """The store of `--data`, DATABASE_URL or DATA_DIR, in this order."""
    choose_store(data)
    return Settings.load().target


def run(work: Coroutine[Any, Any, T]) -> T:
    """Runs the work of a command to its end."""
    return asyncio.run(work)


@asynccontextmanager
async def opened(
    target: str, *, read_only: bool = False, home: bool = True
) -> AsyncIterator[Store]:
    """Opens the store for the length of a block. Raises the errors of `Store.open`.

    Reading creates nothing: the directory must exist. A writer is let in only if the shop
    lives there, unless `home` is False.
    """
    if read_only:
        require_existing(target)
    store = open_store(target, read_only=read_only)
    try:
        await store.open(system_clock())
        if home and not read_only:
            await check_not_moved(store)
        yield store
    finally:
        await store.close()


def emit(value: Any) -> None:
    """Prints a value as JSON on stdout, with a line end."""
    click.echo(msgspec.json.encode(value))


@contextmanager
def progress(label: str, *, hidden: bool = False) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on stderr, on a terminal only: call it with steps done and all steps."""
    if hidden or not sys.stderr.isatty():
        yield lambda done, total: None
        return
    with click.progressbar(length=1, label=label, file=sys.stderr) as bar:

        def show(done: int, total: int) -> None:
            bar.length = max(total, 1)
            bar.update(done - bar.pos)

        yield show
