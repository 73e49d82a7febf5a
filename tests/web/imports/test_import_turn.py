"""Two processes with the same import at once: the later one waits and repeats nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from fancymonkey.core.changes.change_set import ChangeSet
from fancymonkey.services.imports import import_turn
from fancymonkey.store.in_memory.store import MemoryStore
from tests.web.imports.test_import import apply, counts, exported, many, take
from tests.web.shops import Shop, running

ROWS = 100
KEY = {"Idempotency_Key": "delivery-8"}


@asynccontextmanager
async def two() -> AsyncIterator[tuple[Shop, Shop]]:
    """Two processes on one store."""
    store = MemoryStore()
    async with running(store) as first:
        await many(first, ROWS)
        async with running(store, fill=False) as second:
            for shop in (first, second):
                shop.client.app._shop.jobs.alone = False
            yield first, second


def held(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> tuple[asyncio.Event, asyncio.Event]:
    """Stops the first import of a process at its change: events for its arrival and its end."""
    submit, there, go = shop.engine.submit, asyncio.Event(), asyncio.Event()

    async def waiting(command: Any) -> Any:
        if type(command) is ChangeSet:
            there.set()
            await go.wait()
        return await submit(command)

    monkeypatch.setattr(shop.engine, "submit", waiting)
    return there, go


@pytest.mark.parametrize("key", [{}, KEY])
async def test_the_later_import_waits(monkeypatch: pytest.MonkeyPatch, key: dict[str, str]) -> None:
    monkeypatch.setattr(import_turn, "LOOK_SECONDS", 0.01)
    async with two() as (first, second):
        text = (await exported(first, "?q=p00")).replace(",10,0,10,", ",12,0,10,")
        there, go = held(first, monkeypatch)
        task = asyncio.create_task(apply(first, text, **key))
        await there.wait()
        other = asyncio.create_task(apply(second, text, **key))
        done, _ = await asyncio.wait([other], timeout=0.2)
        assert not done
        go.set()
        answers = [await task, await other]
        assert [answer.status for answer in answers] == [200, 200], answers
        assert counts(answers[0])["changed"] == ROWS
        if key:
            assert answers[1].body == answers[0].body
        else:
            assert counts(answers[1])["unchanged"] == ROWS
        await second.engine._on_remote_commit(first.engine.view.revision)
        await first.check()


async def test_an_import_that_waits_too_long_reports_the_other_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(import_turn, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(import_turn, "WAIT_SECONDS", 0.05)
    async with two() as (first, second):
        text = (await exported(first, "?q=p00")).replace(",10,0,10,", ",12,0,10,")
        there, go = held(first, monkeypatch)
        task = asyncio.create_task(apply(first, text))
        await there.wait()
        answer = await apply(second, text)
        assert (answer.status, answer.code) == (409, "import_running")
        assert "Another import is running" in answer.json["detail"]
        go.set()
        assert (await task).status == 200
        assert (await apply(second, text)).status == 200  # the turn was released


async def test_a_preview_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    async with two() as (first, second):
        text = (await exported(first, "?q=p00")).replace(",10,0,10,", ",12,0,10,")
        there, go = held(first, monkeypatch)
        task = asyncio.create_task(apply(first, text))
        await there.wait()
        assert (await take(second, text)).status == 200
        go.set()
        await task
