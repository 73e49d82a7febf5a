"""API keys: shown once, stored as digests, limited, and revoked at once."""

from typing import Any

import pytest

from tests.accounts.client import Visitor, accounts, made
from tests.web.client import Answer
from tests.web.shops import HOODIE, PASSWORD, Shop

MAKE, REVOKE, KEYS = "/api/admin/keys/make", "/api/admin/keys/revoke", "/api/admin/keys"
ME = "/api/admin/me"
ROWS = {"updates": [{"productId": HOODIE, "size": "M", "stock": 30}]}


async def key(owner: Visitor, right: str = "stock", **more: Any) -> dict[str, Any]:
    answer = await owner.post(MAKE, {"label": "Sheet", "right": right, **more})
    assert answer.status == 200, answer.json
    body: dict[str, Any] = answer.json
    return body


async def use(visitor: Visitor, secret: str, path: str = ME, body: Any = None) -> Answer:
    headers = {"Authorization": f"Bearer {secret}"}
    if body is None:
        return await visitor.client.get(path, headers)
    return await visitor.client.post(path, body, headers)


async def test_a_key_is_shown_once_and_kept_as_a_digest(shop: Shop, visitor: Visitor) -> None:
    made_ = await key(await visitor.logged_in(), days=90)
    assert made_["secret"].startswith(made_["key"]["begins"])
    assert made_["key"]["endsAt"] == "2026-01-05T12:00:00.000Z"
    secret = made_["secret"].rpartition("_")[2]
    assert secret not in await shop.stored_text()
    assert secret not in (await visitor.get(KEYS)).body.decode()
    assert len(secret) == 48, "192 random bits"


@pytest.mark.parametrize(
    ("right", "reads", "changes", "manages"),
    [("read", 200, 403, 403), ("stock", 200, 200, 403), ("admin", 200, 200, 200)],
)
async def test_a_key_may_do_what_it_was_made_for(
    visitor: Visitor, right: str, reads: int, changes: int, manages: int
) -> None:
    secret = (await key(await visitor.logged_in(), right))["secret"]
    assert (await use(visitor, secret)).status == reads
    assert (await use(visitor, secret, "/api/inventory/update", ROWS)).status == changes
    assert (await use(visitor, secret, "/api/admin/users")).status == manages


async def test_a_revoked_key_opens_nothing_from_that_moment(shop: Shop, visitor: Visitor) -> None:
    made_ = await key(await visitor.logged_in())
    assert (await use(visitor, made_["secret"])).status == 200
    assert (await visitor.post(REVOKE, {"keyId": made_["key"]["id"]})).status == 200
    assert (await use(visitor, made_["secret"])).status == 401
    assert (await visitor.post(REVOKE, {"keyId": made_["key"]["id"]})).code == "unknown_account"
    assert (await visitor.get(KEYS)).json["keys"] == []


async def test_a_key_ends_on_its_day(shop: Shop, visitor: Visitor) -> None:
    made_ = await key(await visitor.logged_in(), days=1)
    shop.clock.forward(86_399)
    assert (await use(visitor, made_["secret"])).status == 200
    shop.clock.forward(1)
    assert (await use(visitor, made_["secret"])).status == 401
    (left,) = await accounts(shop).keys.all()
    assert left.key_id == made_["key"]["id"]


async def test_a_key_opens_nothing_once_its_maker_may_not(shop: Shop, visitor: Visitor) -> None:
    password = await made(shop, "bob", "owner")
    bob = await visitor.elsewhere("198.51.100.4").logged_in("bob", password)
    secret = (await key(bob, "admin"))["secret"]
    assert (await use(visitor, secret)).status == 200
    owner = await visitor.logged_in()
    await owner.post("/api/admin/users/role", {"name": "bob", "role": "staff"})
    assert (await use(visitor, secret)).status == 401
    await owner.post("/api/admin/users/remove", {"name": "bob"})
    assert (await use(visitor, secret)).status == 401


async def test_a_key_does_not_come_back_with_its_makers_name(shop: Shop, visitor: Visitor) -> None:
    password = await made(shop, "bob", "owner")
    bob = await visitor.elsewhere("198.51.100.4").logged_in("bob", password)
    secret = (await key(bob, "admin"))["secret"]
    await (await visitor.logged_in()).post("/api/admin/users/remove", {"name": "bob"})
    shop.clock.forward(1)
    await made(shop, "bob", "owner")
    assert (await use(visitor, secret)).status == 401


async def test_a_key_cannot_create_keys(visitor: Visitor) -> None:
    secret = (await key(await visitor.logged_in(), "admin"))["secret"]
    answer = await use(visitor, secret, MAKE, {"label": "Child"})
    assert (answer.status, answer.code) == (403, "not_allowed")
    by_password = await use(visitor, PASSWORD, MAKE, {"label": "Sheet"})
    assert by_password.status == 200
    assert (await use(visitor, by_password.json["secret"])).status == 200


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"label": ""},
        {"label": "  "},
        {"label": "a\nb"},
        {"label": "x" * 81},
        {"label": "x", "right": "owner"},
        {"label": "x", "days": 0},
        {"label": "x", "days": 3651},
        {"label": "x", "days": 1.5},
    ],
)
async def test_impossible_options_are_refused(visitor: Visitor, body: dict[str, Any]) -> None:
    await visitor.logged_in()
    assert (await visitor.post(MAKE, body)).code == "invalid_request"


async def test_without_a_right_a_key_may_only_read(visitor: Visitor) -> None:
    await visitor.logged_in()
    assert (await visitor.post(MAKE, {"label": "Sheet"})).json["key"]["right"] == "read"


@pytest.mark.parametrize(
    "secret", ["fmk_", "fmk_x", "fmk__", "fmk_../x_y", "fmk_é_é", "fmk_" + "a" * 9000]
)
async def test_an_invalid_key_is_not_a_key(visitor: Visitor, secret: str) -> None:
    headers = {"Authorization": b"Bearer " + secret.encode()}
    assert (await visitor.client.get(ME, headers)).status == 401


async def test_guessing_keys_has_to_wait(visitor: Visitor) -> None:
    made_ = await key(await visitor.logged_in())
    begins = made_["key"]["begins"]
    statuses = [(await use(visitor, f"{begins}_{n:048}")).status for n in range(25)]
    assert statuses.count(401) == 15
    assert statuses[-1] == 429
    assert (await use(visitor.elsewhere("198.51.100.4"), made_["secret"])).status == 200
