"""Real servers on real stores."""

from collections.abc import Iterator

import pytest

from bench.shops import STORES, Places


@pytest.fixture(params=[pytest.param(name, marks=getattr(pytest.mark, name)) for name in STORES])
def name(request: pytest.FixtureRequest) -> str:
    """Each kind of store that keeps anything."""
    return str(request.param)


@pytest.fixture
def places(request: pytest.FixtureRequest) -> Iterator[Places]:
    """The place for new stores of any kind; the PostgreSQL is the one of all tests."""
    wanted = request.node.get_closest_marker("postgres") is not None
    postgres = request.getfixturevalue("postgres_server").start() if wanted else None
    with Places(postgres=postgres, program=None) as places:
        yield places
