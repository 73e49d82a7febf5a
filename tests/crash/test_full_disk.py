"""PostgreSQL with a full disk: not ready while it cannot write, and ready again afterwards.

The whole cluster, with its log, is on its own file system, which is filled completely.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from fancymonkey.examples import products_json
from tests.support.postgres import PostgresServer
from tests.support.program import run
from tests.support.server import Server

PASSWORD = "four words without sense"
SIZE = "160m"
CHUNK = bytes(1 << 20)
ROW = {"productId": "prod_hoodie_001", "size": "M"}
SECONDS = 60.0


class SmallDisk(PostgresServer):
    """A cluster on a file system of a few megabytes."""

    def _make_directory(self) -> Path:
        directory = super()._make_directory()
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", directory],
            capture_output=True,
            check=False,
        )
        if done.returncode != 0:
            shutil.rmtree(directory)
            pytest.skip("no file system can be mounted here")
        if self.user:
            shutil.chown(directory, self.user)
        return directory

    def close(self) -> None:
        with suppress(OSError, subprocess.SubprocessError):
            self.stop()
        subprocess.run(["umount", self.directory], capture_output=True, check=False)
        super().close()

    def fill_up(self) -> Path:
        """Fills the file system; returns the file to remove."""
        ballast = self.directory / "ballast"
        fd = os.open(ballast, os.O_WRONLY | os.O_CREAT)
        try:
            for size in (len(CHUNK), 4096):
                with suppress(OSError):
                    while True:
                        os.write(fd, CHUNK[:size])
        finally:
            os.close(fd)
        return ballast


@pytest.fixture
def postgres() -> Iterator[SmallDisk]:
    if os.geteuid() != 0:
        pytest.skip("only root can mount a file system")
    with SmallDisk(max_connections=30, max_wal_size="64MB", min_wal_size="32MB") as server:
        yield server


def stock(server: Server) -> int:
    """The numbers that the shop shows."""
    url = f"{server.url}/api/inventory/get?productId={ROW['productId']}"
    (product,) = httpx.get(url, timeout=30).json()["inventory"]
    return next(int(size["stock"]) for size in product["sizes"] if size["size"] == ROW["size"])


def add_one(server: Server) -> int:
    """The owner adds a unit; the status of the answer."""
    body = {"updates": [{**ROW, "adjustStock": 1}], "password": PASSWORD}
    return httpx.post(f"{server.url}/api/inventory/update", json=body, timeout=30).status_code


def wait_for(check: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not check():
        assert time.monotonic() < deadline
        time.sleep(0.2)


@pytest.mark.crash
@pytest.mark.slow
@pytest.mark.postgres
def test_it_is_not_ready_while_the_disk_is_full_and_ready_by_itself_afterwards(
    postgres: SmallDisk, tmp_path: Path
) -> None:
    url = postgres.create_database()
    (tmp_path / "products.json").write_bytes(products_json())
    filled = run(["migrate", "--from", tmp_path, "--to", url])
    assert filled.returncode == 0, filled
    with Server(database_url=url, env={"ADMIN_PASSWORD": PASSWORD}) as server:

        def ready() -> int:
            return httpx.get(f"{server.url}/readyz", timeout=30).status_code

        before = stock(server)
        assert (add_one(server), ready()) == (200, 200)
        ballast = postgres.fill_up()
        added = 1
        status = 200
        while status == 200 and added < 20_000:
            status = add_one(server)
            added += status == 200
        assert status == 503
        assert ready() == 503
        assert stock(server) == before + added  # reads continue
        assert postgres.running
        ballast.unlink()
        wait_for(lambda: ready() == 200)
        assert add_one(server) == 200
        assert stock(server) == before + added + 1
        checked = run(["verify"], environment={**os.environ, "DATABASE_URL": url})
        assert checked.returncode == 0, checked
