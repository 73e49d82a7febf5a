"""Stores that commit 47a2c85 wrote open with this version, with all of their data.

`data/` has a JSON directory, a SQLite file and a PostgreSQL dump. Each has live holds, an open
checkout, a pending payment, a payment issue, accounts, an API key, a webhook and changes that can
be undone; `*.facts.json` is what the old version answered about them.
"""

import json
import tarfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from fancymonkey.core.model import Reservation
from fancymonkey.store.open import open_store
from tests.web.shops import WHSEC, Clock, Shop, running
from tests.web.signing import deliver

DATA = Path(__file__).parent / "data"
PASSWORD = "a-long-password-1"
OWNER = {"Authorization": f"Bearer {PASSWORD}"}


@pytest.fixture(
    params=["json", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)],
)
def kind(request: pytest.FixtureRequest) -> str:
    """The store whose data is opened."""
    return str(request.param)


@pytest.fixture
def facts(kind: str) -> dict[str, Any]:
    """The answers of the old version about its data."""
    return dict(json.loads((DATA / f"{kind}.facts.json").read_text()))


@pytest.fixture
async def target(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A copy of the old data, as the name of a store."""
    if kind == "postgres":
        url = str(request.getfixturevalue("postgres_url"))
        lines = (DATA / "postgres.sql").read_text().splitlines()
        connection = await asyncpg.connect(url)
        try:  # psql's own commands begin with a backslash
            await connection.execute("\n".join(line for line in lines if not line.startswith("\\")))
        finally:
            await connection.close()
        return url
    with tarfile.open(DATA / f"{kind}.tar.gz") as archive:
        archive.extractall(tmp_path / "shop", filter="data")
    return str(tmp_path / "shop") if kind == "json" else f"sqlite:///{tmp_path}/shop/shop.db"


@asynccontextmanager
async def opened(target: str, facts: dict[str, Any]) -> AsyncIterator[Shop]:
    """The shop over the old data, a second after it was written."""
    clock = Clock()
    clock.now = facts["writtenAt"] + 1000
    store = open_store(target)
    async with running(store, clock, fill=False, admin_password=PASSWORD) as shop:
        yield shop


async def test_levels_prices_and_holds_are_as_they_were(target: str, facts: Any) -> None:
    async with opened(target, facts) as shop:
        answer = (await shop.client.get("/api/inventory/get")).json
        levels = {
            f"{product['productId']}/{size['size']}": [
                size["stock"],
                size["reserved"],
                size["available"],
            ]
            for product in answer["inventory"]
            for size in product["sizes"]
        }
        assert levels == facts["levels"]
        assert {p["productId"]: p["price"] for p in answer["inventory"]} == facts["prices"]
        assert answer["revision"] == facts["revision"]
        holds = {
            row.reservation_id: row.status async for row in shop.engine.store.scan(Reservation)
        }
        assert facts["holds"].items() <= holds.items()
        await shop.check()


async def test_live_holds_can_be_released_paid_and_expire(target: str, facts: Any) -> None:
    async with opened(target, facts) as shop:
        assert (await shop.release("buyer-2")).status == 200
        assert (await shop.size("OS", "cap"))["reserved"] == 0
        pending = next(id_ for id_, _ in list(facts["holds"].items())[3:])
        paid = {
            "id": "evt_9",
            "object": "event",
            "type": "checkout.session.async_payment_succeeded",
            "data": {
                "object": {
                    "id": "cs_2",
                    "object": "checkout.session",
                    "payment_status": "paid",
                    "payment_intent": "pi_2",
                    "metadata": {"reservationId": pending},
                }
            },
        }
        assert (await deliver(shop, paid, WHSEC)).status == 200
        assert (await shop.size("OS", "bag"))["stock"] == facts["levels"]["bag/OS"][0] - 2
        shop.clock.forward(3 * 3600)
        assert (await shop.size("M", "tee"))["reserved"] == 0
        await shop.check()


async def test_payment_issues_changes_and_accounts_are_there(target: str, facts: Any) -> None:
    async with opened(target, facts) as shop:
        client = shop.client
        issues = (await client.get("/api/payments/issues", OWNER)).json["issues"]
        assert [[i["payment"], i["concern"], i["progress"]] for i in issues] == facts["issues"]
        changes = (await client.get("/api/admin/changes", OWNER)).json["changes"]
        assert [change["id"] for change in changes] == [id_ for id_, _ in facts["changes"]]
        assert all(change["undoable"] for change in changes)
        users = (await client.get("/api/admin/users", OWNER)).json["users"]
        assert [user["name"] for user in users] == facts["users"]
        webhooks = (await client.get("/api/admin/webhooks", OWNER)).json["webhooks"]
        assert [webhook["url"] for webhook in webhooks] == facts["webhooks"]
        audit_log = (await client.get("/api/admin/audit-log", OWNER)).json["entries"]
        assert len(audit_log) >= facts["auditEntries"]
        key = {"Authorization": f"Bearer {facts['key']}"}
        assert (await client.get("/api/admin/holds", key)).status == 200
        login = await client.post(
            "/api/admin/login",
            {"name": "maria", "password": "correct horse battery"},
            {"Sec-Fetch-Site": "same-origin"},
        )
        assert login.status == 200, login.body


async def test_a_change_is_undone_and_an_issue_is_settled(target: str, facts: Any) -> None:
    async with opened(target, facts) as shop:
        client = shop.client
        change = facts["changes"][0][0]
        undone = await client.post("/api/admin/undo", {"changeId": change}, OWNER)
        assert undone.status == 200, undone.body
        answer = (await client.get("/api/inventory/get")).json
        assert "mug" not in [product["productId"] for product in answer["inventory"]]
        (issue,) = (await client.get("/api/payments/issues", OWNER)).json["issues"]
        settled = await client.post(
            "/api/payments/issues/settle",
            {
                "issueId": issue["id"],
                "then": "done",
                "returned": [{"productId": "tee", "size": "M", "quantity": 3}],
            },
            OWNER,
        )
        assert settled.status == 200, settled.body
        await shop.check()


async def test_the_open_checkout_is_known(target: str, facts: Any) -> None:
    async with opened(target, facts) as shop:
        session = facts["checkout"]["session"]
        answer = await shop.client.get(f"/api/checkout/status?sessionId={session}")
        assert answer.status == 200, answer.body
        assert (
            answer.json["reservation"]["lines"]
            == facts["checkout"]["answer"]["reservation"]["lines"]
        )
