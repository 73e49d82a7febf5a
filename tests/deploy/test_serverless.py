"""The service on a serverless platform: `fancymonkey.asgi:app`, jobs by its scheduler."""

import asyncio
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from fancymonkey import examples
from fancymonkey.store.in_memory.store import MemoryStore
from fancymonkey.store.open import open_store
from tests.support.ports import free_port
from tests.support.processes import kill_family
from tests.web.shops import running

CONFIG = Path(__file__).parents[2] / "vercel.json"


def start(env: dict[str, str], *arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "uvicorn", "fancymonkey.asgi:app", *arguments]
    return subprocess.Popen(
        command,
        env={**os.environ, "VERCEL": "1", **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


@pytest.mark.parametrize(
    ("env", "words"),
    [
        ({"DATA_DIR": "data"}, "set DATABASE_URL to a PostgreSQL database"),
        ({"DATABASE_URL": "sqlite:///shop.db"}, "set DATABASE_URL to a PostgreSQL database"),
        ({"DATABASE_URL": "postgresql://shop@db/shop", "DEMO": "on"}, "Switch DEMO off"),
    ],
)
def test_unsupported_settings_are_refused(env: dict[str, str], words: str) -> None:
    process = start(env)
    output, _ = process.communicate(timeout=60)
    assert process.returncode != 0
    assert words in output


def crons() -> list[dict[str, str]]:
    crons: list[dict[str, str]] = json.loads(CONFIG.read_text())["crons"]
    return crons


async def test_its_crons_ask_for_jobs_that_there_are() -> None:
    async with running(MemoryStore(), stripe_secret_key="sk_test_1") as shop:
        for cron in crons():
            # The smallest plan takes two, each once a day.
            assert re.fullmatch(r"\d+ \d+ \* \* \*", cron["schedule"])
            without = await shop.client.get(cron["path"])
            assert without.status == 401, cron
            job = cron["path"].rpartition("/")[2]
            assert job in shop.client.app._shop.jobs.jobs
    assert len(crons()) <= 2


async def answers(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/readyz")).status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.postgres
async def test_it_sells_on_postgresql(postgres_url: str) -> None:
    store = open_store(postgres_url)
    await store.open(0)
    await store.run(examples.commands(), 0, 0)
    await store.close()
    port = free_port("127.0.0.1")
    process = start({"DATABASE_URL": postgres_url}, "--port", str(port))
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            async with asyncio.timeout(60):
                while not await answers(client):
                    assert process.poll() is None
                    await asyncio.sleep(0.05)
            line = {"productId": "prod_hoodie_001", "size": "M", "quantity": 1, "sessionId": "b"}
            assert (await client.post("/api/inventory/reserve", json=line)).status_code == 200
    finally:
        kill_family(process.pid)
        process.communicate()
