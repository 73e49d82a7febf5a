"""A shop with the sample catalogue in each kind of store that needs no server; the program."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fancymonkey import examples
from fancymonkey.cli import program
from fancymonkey.core.command import Command
from fancymonkey.store.contract import Store
from fancymonkey.store.open import open_store

Run = Callable[..., Result]
Write = Callable[..., None]


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs the program in an empty directory, without the developer's settings."""
    monkeypatch.chdir(tmp_path)
    for name in ("DATABASE_URL", "DATA_DIR"):
        # Set and deleted, so that what a command itself sets there is undone after the test.
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)

    def run(*arguments: str | Path, input: str | None = None) -> Result:
        result = CliRunner().invoke(program, [str(argument) for argument in arguments], input=input)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.output
        return result

    return run


@pytest.fixture(params=["json", "sqlite"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The name of an empty store."""
    if request.param == "json":
        (tmp_path / "shop").mkdir()
        return str(tmp_path / "shop")
    return f"sqlite:///{tmp_path}/shop.db"


@pytest.fixture
def write(target: str) -> Write:
    """Runs commands on the store, as a server that ends afterwards."""

    def run(*commands: Command, at: int = 0) -> None:
        asyncio.run(written(target, commands, at))

    return run


async def written(target: str, commands: Sequence[Command], at: int) -> None:
    store = open_store(target)
    await store.open(at)
    try:
        await store.run(commands, at, 0)
    finally:
        await store.close()


@pytest.fixture
def shop(target: str, write: Write) -> str:
    """The name of a store with the sample catalogue, written at the time 0."""
    write(*examples.commands())
    return target


async def held(target: str) -> Store:
    """The store as a running server has it: open for writing."""
    store = open_store(target)
    await store.open(0)
    return store
