"""A stolen API key with the right `admin`: its effects end when it is revoked."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from fancymonkey.store.in_memory.store import MemoryStore
from tests.accounts.client import Visitor, accounts, made
from tests.support.ports import free_port
from tests.support.server import Server
from tests.web.shops import PASSWORD, Shop, running

LASTING: dict[str, dict[str, Any]] = {
    "/api/admin/users/add": {"name": "eve", "role": "owner", "password": "nine old clocks tick"},
    "/api/admin/users/role": {"name": "bob", "role": "owner"},
    "/api/admin/users/password": {"name": "owner", "password": "nine old clocks tick"},
    "/api/admin/users/reset-factor": {"name": "owner"},
    "/api/admin/users/remove": {"name": "bob"},
    "/api/admin/keys/make": {"label": "child", "right": "read"},
    "/api/admin/keys/revoke": {"keyId": "whatever"},
    "/api/admin/webhooks": {"url": "https://thief.example/", "events": ["stock.changed"]},
    "/api/admin/webhooks/change": {"id": "whk_1", "url": "https://thief.example/"},
    "/api/admin/webhooks/rotate": {"id": "whk_1"},
    "/api/admin/webhooks/remove": {"id": "whk_1"},
    "/api/admin/migrate": {"to": "/srv/shop"},
    "/api/admin/password": {"old": PASSWORD, "new": "nine old clocks tick"},
    "/api/admin/factor/begin": {"password": PASSWORD},
    "/api/admin/factor/off": {"password": PASSWORD},
}


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    targets = ("/srv/shop", f"{tmp_path}/next", "postgresql://u:secret@127.0.0.1:1/x?a=b")
    async with running(MemoryStore(), migration_targets=targets) as shop:
        yield shop


async def key(shop: Shop) -> dict[str, str]:
    _, secret = await accounts(shop).keys.make("sheet", "admin", "owner", None)
    return {"Authorization": f"Bearer {secret}"}


@pytest.mark.parametrize("path", LASTING)
async def test_a_key_makes_nothing_that_outlives_it(shop: Shop, path: str) -> None:
    await made(shop, "bob", "staff")
    headers = await key(shop)
    before = await accounts(shop).users.all()
    answer = await shop.client.post(path, LASTING[path], headers)
    assert (answer.status, answer.code) == (403, "not_allowed")
    assert await accounts(shop).users.all() == before
    assert [key.label for key in await accounts(shop).keys.all()] == ["sheet"]
    assert await shop.client.app._shop.alerts.webhooks.all() == []
    assert shop.engine.moved_to is None


async def test_a_key_still_does_the_daily_work(shop: Shop) -> None:
    headers = await key(shop)
    for path in ("users", "keys", "audit-log", "inventory", "webhooks", "sessions"):
        assert (await shop.client.get(f"/api/admin/{path}", headers)).status == 200


async def test_people_and_the_password_still_can(shop: Shop) -> None:
    owner = await Visitor(shop.client).logged_in()
    add = {"name": "ada", "role": "staff", "password": "nine old clocks tick"}
    assert (await owner.post("/api/admin/users/add", add)).status == 200
    password = {"Authorization": f"Bearer {PASSWORD}"}
    remove = await shop.client.post("/api/admin/users/remove", {"name": "ada"}, password)
    assert remove.status == 200


@pytest.mark.parametrize(
    "to",
    [
        "postgresql://thief.example/db",
        "sqlite:////tmp/thief.db",
        "/srv/shop/../elsewhere",
        "/srv/shop2",
        "memory://",
        "postgresql://u@127.0.0.1:1/y",
    ],
)
async def test_the_shop_moves_only_to_targets_of_the_settings(shop: Shop, to: str) -> None:
    password = {"Authorization": f"Bearer {PASSWORD}"}
    answer = await shop.client.post("/api/admin/migrate", {"to": to}, password)
    assert (answer.status, answer.code) == (403, "target_not_allowed")


async def test_a_target_is_named_by_its_place_without_its_password(
    shop: Shop, tmp_path: Path
) -> None:
    password = {"Authorization": f"Bearer {PASSWORD}"}
    for to in ("postgresql://u@127.0.0.1:1/x", f"{tmp_path}/other/../next"):
        answer = await shop.client.post("/api/admin/migrate", {"to": to}, password)
        assert answer.status == 200
        assert b"secret" not in answer.body
    assert shop.engine.moved_to == f"{tmp_path}/next"


def test_without_targets_nothing_moves_over_the_network(tmp_path: Path) -> None:
    env = {"ADMIN_PASSWORD": "four words without sense"}
    with Server(data=tmp_path / "data", env=env) as server:
        answer = httpx.post(
            f"{server.url}/api/admin/migrate",
            json={"to": f"sqlite:///{tmp_path}/thief.db"},
            headers={"Authorization": f"Bearer {env['ADMIN_PASSWORD']}"},
        )
        assert (answer.status_code, answer.json()["code"]) == (403, "target_not_allowed")
        assert not (tmp_path / "thief.db").exists()


async def test_open_and_closed_ports_are_answered_alike() -> None:
    async def disconnect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_server(disconnect, "127.0.0.1", 0) as something:
        port = something.sockets[0].getsockname()[1]
        targets = (
            f"postgresql://u:p@127.0.0.1:{port}/x",  # open
            f"postgresql://u:p@127.0.0.1:{free_port('127.0.0.1')}/x",  # closed
            "postgresql://u:p@nowhere.invalid/x",
            "/proc/nowhere/x",
            "sqlite:////proc/nowhere/x.db",
        )
        details = [await detail_of_a_move_to(target) for target in targets]
    assert len(set(details)) == 1, details
    assert "127.0.0.1" not in details[0]


async def detail_of_a_move_to(target: str) -> str:
    """The answer to the owner about a target of the settings that cannot be used."""
    async with running(MemoryStore(), migration_targets=(target,)) as shop:
        password = {"Authorization": f"Bearer {PASSWORD}"}
        answer = await shop.client.post("/api/admin/migrate", {"to": target}, password)
        detail: str = msgspec.json.decode(answer.body.splitlines()[-1])["detail"]
        return detail
