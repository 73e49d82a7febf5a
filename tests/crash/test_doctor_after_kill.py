"""After a kill -9 during sales the doctor and `verify` find nothing."""

import json
import os
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.store.conftest import target
from tests.support.program import run
from tests.support.server import Server

__all__ = ["target"]

PASSWORD = "four words without sense"
CLIENTS = 4
ANSWERS = 60
SECONDS = 90.0


class Trading:
    """Buyers who hold and release units, and an owner who restocks, until a kill."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.answered = 0
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._trade, args=(n,)) for n in range(CLIENTS)]

    def __enter__(self) -> "Trading":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _trade(self, number: int) -> None:
        row = {"productId": "prod_hoodie_001", "size": "M"}
        with suppress(httpx.HTTPError), httpx.Client(base_url=self._url, timeout=30) as client:
            turn = 0
            while not self._over.is_set():
                turn += 1
                session = f"cs_{number}_{turn}"
                hold = {**row, "quantity": 1, "sessionId": session}
                client.post("/api/inventory/reserve", json=hold)
                client.post("/api/inventory/release", json={"sessionId": session})
                more = {"updates": [{**row, "adjustStock": 1}], "password": PASSWORD}
                assert client.post("/api/inventory/update", json=more).status_code == 200
                self.answered += 1


def fancymonkey(*arguments: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    env["ADMIN_PASSWORD"] = PASSWORD
    return run(arguments, environment=env)


@pytest.mark.crash
@pytest.mark.slow
def test_both_find_nothing_before_the_next_start_and_after_it(target: str, tmp_path: Path) -> None:
    if target == "memory://":
        pytest.skip("memory forgets")
    made = fancymonkey("init", "--data", target)
    assert made.returncode == 0, made
    stored = {"database_url": target} if "://" in target else {"data": target}
    with Server(**stored, env={"ADMIN_PASSWORD": PASSWORD}) as server:
        with Trading(server.url) as sales:
            deadline = time.monotonic() + SECONDS
            while sales.answered < ANSWERS:
                assert time.monotonic() < deadline, sales.answered
                time.sleep(0.01)
            server.kill()
        for started in (False, True):
            if started:
                server.start()
            verified = fancymonkey("verify", "--data", target)
            assert verified.returncode == 0, verified
            seen = fancymonkey("doctor", "--data", target, "--json", "--url", server.url)
            report = json.loads(seen.stdout)
            assert seen.returncode == 0, seen.stdout
            kinds = {finding["id"].partition(".")[0] for finding in report["findings"]}
            assert not kinds & {"ledger", "store", "database", "journal", "products"}, report
