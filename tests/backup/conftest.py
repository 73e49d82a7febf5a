"""A filled store of each kind, an empty one of the same kind, and PostgreSQL's own programs."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import sku_of
from fancymonkey.core.stock.adjust import Count
from fancymonkey.store.contract import Store
from fancymonkey.store.open import open_store
from tests.cli.conftest import cli
from tests.store.scripts import PRODUCTS, SIZES, batches, catalogue, script
from tests.support.postgres import PostgresServer

__all__ = ["cli"]

NAMES = ("json", "sqlite", "postgres")
Fresh = Callable[[str], str]


@pytest.fixture
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Fresh:
    """Names an empty store of a kind, a new one each time."""
    made: list[str] = []

    def name(kind: str) -> str:
        made.append(kind)
        if kind == "json":
            return str(tmp_path / f"shop{len(made)}")
        if kind == "sqlite":
            return f"sqlite:///{tmp_path}/shop{len(made)}.db"
        server: PostgresServer = request.getfixturevalue("postgres_server")
        return server.start().create_database()

    return name


@pytest.fixture(params=[pytest.param(name, marks=getattr(pytest.mark, name)) for name in NAMES])
def kind(request: pytest.FixtureRequest) -> str:
    """Each kind of store that keeps anything."""
    return str(request.param)


@pytest.fixture(autouse=True)
def _programs(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Backups of the tests' PostgreSQL are made with its own programs, where it has them."""
    if request.node.get_closest_marker("postgres") is not None:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        if (server.binaries / "pg_dump").exists():
            monkeypatch.setenv("PG_BIN", str(server.binaries))


@pytest.fixture
def target(kind: str, fresh: Fresh) -> str:
    """The name of an empty store of each kind."""
    return fresh(kind)


@pytest.fixture
async def store(target: str) -> AsyncIterator[Store]:
    """A filled store of each kind, open as a server has it."""
    store = open_store(target)
    await store.open(0)
    await fill(store)
    yield store
    await store.close()


async def fill(store: Store, seed: int = 5, length: int = 70) -> None:
    """Sells at random."""
    await store.run(catalogue(), 1, 0)
    for commands, now in batches(seed, script(seed, length)):
        await store.run(commands, now, 0)


async def go_on(store: Store, times: int = 5) -> None:
    """Moves some stock, as a shop does that stays open."""
    for units in range(times):
        count = Count(
            sku=sku_of(PRODUCTS[0], SIZES[0]),
            location=DEFAULT_LOCATION,
            quantity=100 + units,
            actor="test",
        )
        await store.run([count], 10_000_000 + units, 0)
