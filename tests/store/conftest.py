"""Fixtures: every store, empty for each test."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from fancymonkey.store.contract import Store
from fancymonkey.store.open import open_store
from tests.store.inline import no_threads
from tests.support.sqlite_files import new_file

__all__ = ["no_threads"]

NAMES = ("memory", "json", "sqlite", "postgres")
OpenStore = Callable[..., Awaitable[Store]]


@pytest.fixture(params=[pytest.param(name, marks=getattr(pytest.mark, name)) for name in NAMES])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The name of an empty store of each kind."""
    match request.param:
        case "memory":
            return "memory://"
        case "json":
            return str(tmp_path / "shop")
        case "sqlite":
            return f"sqlite:///{new_file(tmp_path / 'shop.db')}"
        case _:
            return str(request.getfixturevalue("migrated_url"))


@pytest.fixture
async def store(target: str) -> AsyncIterator[Store]:
    """An open, empty store of each kind."""
    store = open_store(target)
    await store.open(0)
    yield store
    await store.close()
