"""A shop over the memory store for most tests, over every store for the most important ones."""

from collections.abc import AsyncIterator

import pytest

from fancymonkey.store.in_memory.store import MemoryStore
from fancymonkey.store.open import open_store
from tests.store.conftest import target
from tests.web.client import Client
from tests.web.fast_path_client import FastPathClient
from tests.web.shops import Shop, running

__all__ = ["target"]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tests of a file with `BOTH_WAYS` run by ASGI and by the short way past it."""
    if getattr(metafunc.module, "BOTH_WAYS", False) and "shop" in metafunc.fixturenames:
        metafunc.parametrize("way", [Client, FastPathClient], ids=["asgi", "express"])


@pytest.fixture
def way() -> type[Client]:
    """The way of requests to the app: by ASGI or by the fast path."""
    return Client


@pytest.fixture
async def shop(way: type[Client]) -> AsyncIterator[Shop]:
    """A shop over the memory store."""
    async with running(MemoryStore(), client=way) as made:
        yield made


@pytest.fixture
async def any_shop(target: str) -> AsyncIterator[Shop]:
    """A shop over each store."""
    async with running(open_store(target)) as made:
        yield made


@pytest.fixture
def client(shop: Shop) -> Client:
    return shop.client
