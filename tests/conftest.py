"""Fixtures for all tests, and the rules for running them."""

import gc
import inspect
import os
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import settings
from playwright.async_api import Browser

from tests.support.browser import BrowserPage, chromium
from tests.support.hashes import make_hashes_cheap
from tests.support.migrated_databases import MigratedDatabases
from tests.support.missing_modules import search_missing_modules_once
from tests.support.postgres import PostgresServer
from tests.support.scratch import use_memory
from tests.support.tls_contexts import make_certificates_load_once
from tests.support.visitors import visitor

# Collecting thousands of tests makes objects that stay: see pytest_collection_finish.
gc.disable()

# A loaded machine must not fail a test for being slow. The failed example is printed.
settings.register_profile("default", deadline=None, print_blob=True)
settings.register_profile("thorough", deadline=None, print_blob=True, max_examples=2_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

SLOW = frozenset(Path(__file__).with_name("slow.txt").read_text(encoding="utf-8").split())
"""The tests that take long, as scripts/slow_tests.py has measured them."""
BROWSER_FIXTURES = {"browser", "browser_page"}
POSTGRES_FIXTURES = {"postgres_server", "postgres_url", "migrated_url"}


def pytest_configure() -> None:
    """Puts the files of the tests into memory, if there is enough; makes hashes and TLS cheap."""
    use_memory()
    make_hashes_cheap()
    make_certificates_load_once()
    search_missing_modules_once()
    keep_interrupts_simple()


def keep_interrupts_simple() -> None:
    """Makes Ctrl-C raise KeyboardInterrupt by a handler of ours.

    With Python's own handler each `asyncio.run` installs and removes a handler, and both build a
    text of the whole task: a thirtieth of the time of a test.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(
            signal.SIGINT, lambda number, frame: signal.default_int_handler(number, frame)
        )


def skipped(what: str) -> bool:
    """Return whether SKIP_POSTGRES=1 or SKIP_BROWSER=1 is set, and REQUIRE_... (in CI) is not."""
    return os.environ.get(f"SKIP_{what}") == "1" and os.environ.get(f"REQUIRE_{what}") != "1"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by the fixtures they use; give those with a browser the loop in which it lives."""
    for item in items:
        if item.nodeid.partition("[")[0] in SLOW:
            item.add_marker(pytest.mark.slow)
        fixtures = set(getattr(item, "fixturenames", ()))
        if fixtures & POSTGRES_FIXTURES:
            item.add_marker(pytest.mark.postgres)
        if item.get_closest_marker("postgres") and skipped("POSTGRES"):
            item.add_marker(pytest.mark.skip(reason="SKIP_POSTGRES=1"))
        if fixtures & BROWSER_FIXTURES:
            item.add_marker(pytest.mark.browser)
            if inspect.iscoroutinefunction(getattr(item, "function", None)):
                item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)
        if item.get_closest_marker("browser") and skipped("BROWSER"):
            item.add_marker(pytest.mark.skip(reason="SKIP_BROWSER=1"))


def pytest_collection_finish() -> None:
    """Enables garbage collection again, without the modules and the tests."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 100)  # most objects of a test are freed by their counts
    gc.enable()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A real PostgreSQL for this test process (with xdist: one for each worker)."""
    with PostgresServer() as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The URL of a fresh, empty database for one test."""
    postgres_server.start()  # a test before may have left it stopped
    url = postgres_server.create_database()
    yield url
    postgres_server.start().drop_database(url)


@pytest.fixture(scope="session")
def migrated_databases(postgres_server: PostgresServer) -> MigratedDatabases:
    """The databases of this test process that have the schema of this version."""
    return MigratedDatabases(postgres_server)


@pytest.fixture
def migrated_url(
    postgres_server: PostgresServer, migrated_databases: MigratedDatabases
) -> Iterator[str]:
    """The URL of a database for one test, with the schema of this version and without data."""
    postgres_server.start()  # a test before may have left it stopped
    with migrated_databases.lent() as url:
        yield url


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One Chromium for this test process."""
    async with chromium() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def browser_page(browser: Browser) -> AsyncIterator[BrowserPage]:
    """An empty page, whose errors, policy violations and failed requests are recorded."""
    async with visitor(browser) as watched:
        yield watched
