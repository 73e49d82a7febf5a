"""Only an owner can move the running shop over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from fancymonkey.store.in_memory.store import MemoryStore
from fancymonkey.store.open import open_store
from tests.accounts.client import accounts
from tests.web.client import Answer
from tests.web.shops import CRON, PASSWORD, Shop, running

OWNER = {"Authorization": f"Bearer {PASSWORD}"}


async def ask(shop: Shop, to: object, headers: dict[str, str] | None = None) -> Answer:
    return await shop.client.post(
        "/api/admin/migrate", {"to": to}, headers=OWNER if headers is None else headers
    )


def lines(answer: Answer) -> list[dict[str, object]]:
    return [msgspec.json.decode(line) for line in answer.body.splitlines()]


UNREACHABLE = (
    "postgresql://nobody@127.0.0.1:1/x",
    "sqlite:////proc/nowhere/shop.db",
    "/proc/nowhere",
)


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    targets = (f"sqlite:///{tmp_path}/shop.db", f"{tmp_path}/further", *UNREACHABLE)
    async with running(MemoryStore(), migration_targets=targets) as shop:
        yield shop


async def test_a_shop_moves_and_sells_on(shop: Shop, tmp_path: Path) -> None:
    await shop.reserve("before")
    to = f"sqlite:///{tmp_path}/shop.db"
    answer = await ask(shop, to)
    assert answer.status == 200, answer
    steps = lines(answer)
    assert [line["step"] for line in steps][-1] == "done", steps
    assert steps[-1]["skus"] == 7
    acts = await accounts(shop).audit_log.latest(10, "", None)
    moved = [act for act in acts if act.what == "POST /api/admin/migrate"]
    assert [(act.actor, act.status, act.about) for act in moved] == [("admin", 200, f"to {to}")]
    await shop.reserve("after")
    assert (await ask(shop, f"{tmp_path}/further")).code == "already_moving"
    store = open_store(to, read_only=True)
    await store.open(0)
    for session in ("before", "after"):
        assert await store.reservation(session) is not None
    await store.close()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": f"Bearer {CRON}"}, 401),
        ({"Cookie": "fm_access=whatever"}, 401),
    ],
)
async def test_no_other_caller_moves_it(
    shop: Shop, tmp_path: Path, headers: dict[str, str], status: int
) -> None:
    answer = await ask(shop, f"{tmp_path}/stolen", headers)
    assert answer.status == status
    assert not (tmp_path / "stolen").exists()


@pytest.mark.parametrize(
    "to",
    ["", 7, None, "memory://", "a\0b", "a\nb", "ftp://x", "postgresql://[::1", "x" * 2000, [], {}],
)
async def test_malformed_requests_are_refused(shop: Shop, to: object) -> None:
    answer = await ask(shop, to)
    assert answer.status in (400, 403, 422), (
        answer
    )  # a URL that is not a target of the settings: 403
    assert shop.client.app._shop.engine.moved_to is None


@pytest.mark.parametrize("to", UNREACHABLE)
async def test_a_store_that_cannot_be_had_leaves_the_shop_where_it_is(shop: Shop, to: str) -> None:
    answer = await ask(shop, to)
    assert answer.status == 422 or lines(answer)[-1]["step"] == "failed", answer
    await shop.reserve("goes on")
