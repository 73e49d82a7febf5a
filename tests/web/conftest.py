"""A shop over the memory store for most tests, over every store for the most important ones."""

from collections.abc import AsyncIterator

import pytest

from fancymonkey.store.memory import MemoryStore
from fancymonkey.store.opening import open_store
from tests.store.conftest import target
from tests.web.client import Client
from tests.web.shops import Shop, running

__all__ = ["target"]


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    """A shop over the memory store."""
    async with running(MemoryStore()) as made:
        yield made


@pytest.fixture
async def any_shop(target: str) -> AsyncIterator[Shop]:
    """A shop over each store."""
    async with running(open_store(target)) as made:
        yield made


@pytest.fixture
def client(shop: Shop) -> Client:
    return shop.client
