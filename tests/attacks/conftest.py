"""A running shop, attacked by the tests of a file one after the other."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attacks.flood import products
from tests.support.server import Server

PASSWORD = "correct-horse-battery"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A small shop."""
    yield from _serving(tmp_path_factory.mktemp("shop"), 1)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A shop of 6,000 sizes."""
    yield from _serving(tmp_path_factory.mktemp("large"), 2000)


def _serving(folder: Path, count: int) -> Iterator[Server]:
    products(folder, count)
    with Server(data=folder, env={"ADMIN_PASSWORD": PASSWORD}) as running:
        yield running
