"""The audit log has every admin request, with any caller and outcome, and no secret."""

import csv
import io
from typing import Any

import pytest

from tests.accounts.client import Visitor, accounts, made
from tests.web.shops import CRON, HOODIE, PASSWORD, Shop

RECORD = "/api/admin/audit-log"
UPDATE = "/api/inventory/update"
ROWS = {"updates": [{"productId": HOODIE, "size": "M", "stock": 30}]}


async def latest(owner: Visitor) -> dict[str, Any]:
    entry: dict[str, Any] = (await owner.get(f"{RECORD}?limit=1")).json["entries"][0]
    return entry


async def test_an_entry_has_actor_time_address_action_and_result(
    shop: Shop, visitor: Visitor
) -> None:
    owner = await visitor.logged_in()
    shop.clock.forward(1)
    body = {"name": "ada", "role": "staff", "password": "nine old clocks tick"}
    await owner.post("/api/admin/users/add", body)
    assert {**(await latest(owner)), "id": ""} == {
        "id": "",
        "at": "2025-10-07T12:00:01.000Z",
        "actor": "owner",
        "address": "203.0.113.7",
        "what": "POST /api/admin/users/add",
        "status": 200,
        "about": "ada: role staff",
        "count": 1,
    }


async def test_by_session_by_key_by_password_and_refused(shop: Shop, visitor: Visitor) -> None:
    owner = await visitor.logged_in()
    other = visitor.client.elsewhere("198.51.100.4")
    secret = (await owner.post("/api/admin/keys/make", {"label": "Sheet"})).json["secret"]
    viewer = visitor.elsewhere("198.51.100.5")
    await viewer.logged_in("vic", await made(shop, "vic", "viewer"))
    bearer = {"Authorization": f"Bearer {secret}"}

    async def expect(actor: str, status: int, answer: Any) -> None:
        assert answer.status == status
        entries = await latest(owner)
        assert (entries["actor"], entries["status"], entries["what"]) == (
            actor,
            status,
            f"POST {UPDATE}",
        )
        shop.clock.forward(1)

    shop.clock.forward(1)
    await expect("owner", 200, await owner.post(UPDATE, ROWS))
    await expect("key Sheet", 403, await other.post(UPDATE, ROWS, bearer))
    await expect("admin", 200, await other.post(UPDATE, {"password": PASSWORD, **ROWS}))
    await expect("somebody", 401, await other.post(UPDATE, {"password": "guess", **ROWS}))
    await expect("somebody", 401, await other.post(UPDATE, ROWS, {"Authorization": "Bearer no"}))
    await expect("vic", 403, await viewer.post(UPDATE, ROWS))
    await expect("owner", 403, await owner.post(UPDATE, ROWS, {"X-CSRF-Token": "no"}))


async def test_manual_job_runs_are_in_the_audit_log(shop: Shop, visitor: Visitor) -> None:
    owner = await visitor.logged_in()
    admin = {"Authorization": f"Bearer {PASSWORD}"}
    for method, path in (
        ("POST", "/api/cron/release-expired"),
        ("GET", "/api/cron/release-expired"),
    ):
        shop.clock.forward(1)
        assert (await visitor.client.request(method, path, headers=admin)).status == 200
        entries = await latest(owner)
        assert (entries["actor"], entries["what"]) == ("admin", f"{method} {path}")
    before = await latest(owner)
    schedule = {"Authorization": f"Bearer {CRON}"}
    assert (await visitor.client.get("/api/cron/release-expired", schedule)).status == 200
    assert await latest(owner) == before, "what a scheduler runs has a record of its own"


async def test_pages_follow_one_another_without_a_gap(shop: Shop, visitor: Visitor) -> None:
    owner = await visitor.logged_in()
    for number in range(25):
        shop.clock.forward(1)
        await accounts(shop).audit_log.record(f"user{number % 2}", "203.0.113.9", f"act {number}")
    seen: list[str] = []
    before = ""
    while True:
        page = (await owner.get(f"{RECORD}?limit=10&before={before}")).json
        seen += [act["what"] for act in page["entries"]]
        before = page["next"]
        if before is None:
            break
    assert seen == [*(f"act {number}" for number in reversed(range(25))), "POST /api/admin/login"]
    entries = (await owner.get(f"{RECORD}?actor=user1")).json["entries"]
    assert [act["what"] for act in entries] == [f"act {n}" for n in range(23, 0, -2)]


async def test_the_file_is_safe_to_open(shop: Shop, visitor: Visitor) -> None:
    owner = await visitor.logged_in()
    shop.clock.forward(1)
    await accounts(shop).audit_log.record("=cmd|' /C calc'!A0", "203.0.113.9", "x", 200, "@SUM(1)")
    answer = await owner.get(f"{RECORD}?format=csv")
    assert answer.header("content-disposition") == 'attachment; filename="audit-log.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.body.decode())))
    assert [(row["actor"], row["about"]) for row in rows] == [
        ("'=cmd|' /C calc'!A0", "'@SUM(1)"),
        ("owner", ""),
    ]


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "format=xml", "actor=%00"])
async def test_invalid_requests(visitor: Visitor, query: str) -> None:
    await visitor.logged_in()
    assert (await visitor.get(f"{RECORD}?{query}")).code == "invalid_request"


async def test_nothing_secret_is_on_it(shop: Shop, visitor: Visitor) -> None:
    owner = await visitor.logged_in()
    new = "nine old clocks tick"
    await owner.post("/api/admin/users/add", {"name": "ada", "role": "staff", "password": new})
    await owner.post("/api/admin/users/password", {"name": "ada", "password": new[::-1]})
    await owner.post("/api/admin/password", {"old": PASSWORD, "new": new})
    made_ = (await owner.post("/api/admin/keys/make", {"label": "Sheet"})).json["secret"]
    entries = repr(await accounts(shop).audit_log.latest(100))
    for secret in (new, new[::-1], PASSWORD, made_, owner.csrf, *owner.cookies.values()):
        assert secret not in entries


async def test_there_is_no_way_to_change_it(shop: Shop, visitor: Visitor) -> None:
    owner = await visitor.logged_in()
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert (await owner.send(method, RECORD)).status == 405
