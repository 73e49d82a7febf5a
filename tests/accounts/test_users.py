"""Only an owner can add, change and remove accounts."""

import asyncio
from typing import Any

import pytest

from tests.accounts.client import Visitor, accounts, made
from tests.web.client import Answer
from tests.web.shops import HOODIE, PASSWORD, Shop

USERS = "/api/admin/users"
ME = "/api/admin/me"
NEW = "nine old clocks tick"


async def add(owner: Visitor, name: str, role: str = "staff", password: str = NEW) -> Answer:
    return await owner.post(f"{USERS}/add", {"name": name, "role": role, "password": password})


async def rows(owner: Visitor) -> dict[str, Any]:
    return {row["name"]: row for row in (await owner.get(USERS)).json["users"]}


async def test_an_account_from_its_making_to_its_end(shop: Shop, visitor: Visitor) -> None:
    owner = await visitor.logged_in()
    answer = await add(owner, "Ada@Shop.Example ")
    assert answer.status == 200
    assert answer.json["user"] == {
        "name": "ada@shop.example",
        "role": "staff",
        "createdAt": "2025-10-07T12:00:00.000Z",
        "secondFactor": False,
        "recoveryCodesLeft": 0,
    }
    ada = await owner.elsewhere("198.51.100.4").logged_in("ADA@shop.example", NEW)
    users = await rows(owner)
    assert [(user["role"], user["sessions"]) for user in users.values()] == [
        ("staff", 1),
        ("owner", 1),
    ]
    assert users["ada@shop.example"]["seenAt"] == "2025-10-07T12:00:00.000Z"
    role = {"name": "ada@shop.example", "role": "viewer"}
    assert (await owner.post(f"{USERS}/role", role)).json["user"]["role"] == "viewer"
    assert (await ada.get(ME)).code == "no_session", "what it may do has changed"
    await ada.logged_in("ada@shop.example", NEW)
    update = {"updates": [{"productId": HOODIE, "size": "M", "stock": 30}]}
    assert (await ada.post("/api/inventory/update", update)).code == "not_allowed"
    assert (await owner.post(f"{USERS}/remove", {"name": "ada@shop.example"})).status == 200
    assert (await ada.get(ME)).code == "no_session"
    ada.csrf = ""
    assert (await ada.log_in("ada@shop.example", NEW)).code == "wrong_credentials"
    assert list(await rows(owner)) == ["owner"]


async def test_another_account_of_the_same_name_is_another(shop: Shop, visitor: Visitor) -> None:
    owner = await visitor.logged_in()
    await add(owner, "ada")
    ada = await owner.elsewhere("198.51.100.4").logged_in("ada", NEW)
    device = ada.cookies["fm_device"]
    await owner.post(f"{USERS}/remove", {"name": "ada"})
    await add(owner, "ada", role="owner")
    assert (await ada.get(ME)).code == "no_session"
    assert (await ada.post("/api/admin/refresh")).code == "no_session"
    user = await accounts(shop).users.get("ada")
    assert await accounts(shop).login._device(device, user) is None


async def test_an_owner_gives_a_new_password_to_another_user(shop: Shop, visitor: Visitor) -> None:
    owner = await visitor.logged_in()
    old = await made(shop, "ada", "staff")
    ada = await owner.elsewhere("198.51.100.4").logged_in("ada", old)
    assert (await owner.post(f"{USERS}/password", {"name": "ada", "password": NEW})).status == 200
    assert (await ada.get(ME)).code == "no_session"
    assert (await ada.log_in("ada", old)).status == 401
    assert (await ada.log_in("ada", NEW)).status == 200
    own = {"name": "owner", "password": NEW}
    assert (await owner.post(f"{USERS}/password", own)).code == "invalid_request"


@pytest.mark.parametrize(
    "name", ["", " ", "a b", "admin", "ADMIN", "a\tb", "a\u202eb", "\u0000", "x" * 201, "a\nb"]
)
async def test_names_that_cannot_be_one(visitor: Visitor, name: str) -> None:
    owner = await visitor.logged_in()
    assert (await add(owner, name)).code == "invalid_request"
    assert list(await rows(owner)) == ["owner"]


@pytest.mark.parametrize(
    "password",
    [
        *("short", "12345678901", "a" * 11, "aaaaaaaaaaaaaaaa", "password1234", "fancymonkey2024"),
        *("Passw0rdP4ssword!", "1q2w3e4r5t6y", "qwertyuiop123", "F4ncyM0nkey2024!"),
        *("asdfghjkl123", "1qaz2wsx3edc4rfv", "iloveyou12345", "ada@shop.example"),
        *("123456789123456789", "qwertyqwerty1", "p@$$w0rd12345"),
        *("x" * 1025, "fancymonkeyfancymonkey1"),
    ],
)
async def test_passwords_that_are_easy_to_guess(visitor: Visitor, password: str) -> None:
    owner = await visitor.logged_in()
    answer = await add(owner, "ada@shop.example", "staff", password)
    assert answer.code in ("weak_password", "invalid_request")
    assert list(await rows(owner)) == ["owner"]


@pytest.mark.parametrize(
    "password",
    [
        "six blue owls sing",
        "ünïcödé wörter hier",
        "p" * 3 + "🐒🍌🌴🥥" * 3,
        "aB3$x" * 30,
        " q w e r t 9 8 ",
    ],
)
async def test_passwords_of_any_letters_are_taken_as_they_are(
    visitor: Visitor, password: str
) -> None:
    owner = await visitor.logged_in()
    assert (await add(owner, "ada", "staff", password)).status == 200
    other = owner.elsewhere("198.51.100.4")
    assert (await other.log_in("ada", password[:-1])).status == 401
    assert (await other.log_in("ada", password.swapcase())).status in (401, 200)
    assert (await other.log_in("ada", password)).status == 200


async def test_a_name_is_there_once_however_it_is_written(visitor: Visitor) -> None:
    owner = await visitor.logged_in()
    assert (await add(owner, "ada")).status == 200
    for name in ("ada", "ADA", " ada", "ａｄａ"):
        assert (await add(owner, name)).code == "account_exists"


async def test_the_last_owner_stays(visitor: Visitor) -> None:
    owner = await visitor.logged_in()
    demoted = {"name": "owner", "role": "staff"}
    assert (await owner.post(f"{USERS}/role", demoted)).code == "last_owner"
    assert (await owner.post(f"{USERS}/remove", {"name": "owner"})).code == "last_owner"
    assert (await owner.get(ME)).status == 200


async def test_two_owners_who_remove_each_other_at_once_leave_one(any_shop: Shop) -> None:
    first = await Visitor(any_shop.client).logged_in()
    await add(first, "bob", "owner")
    two = await first.elsewhere("198.51.100.4").logged_in("bob", NEW)
    answers = await asyncio.gather(
        first.post(f"{USERS}/remove", {"name": "bob"}),
        two.post(f"{USERS}/role", {"name": "owner", "role": "viewer"}),
    )
    assert sorted(answer.status for answer in answers) in ([200, 401], [200, 409], [200, 403])
    left = [user.role for user in await accounts(any_shop).users.all()]
    assert left.count("owner") == 1


@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("role", {"role": "staff"}),
        ("password", {"password": NEW}),
        ("remove", {}),
        ("reset-factor", {}),
    ],
)
async def test_an_account_that_does_not_exist(
    visitor: Visitor, path: str, more: dict[str, str]
) -> None:
    owner = await visitor.logged_in()
    body = {"name": "nobody", **more}
    assert (await owner.post(f"{USERS}/{path}", body)).code == "unknown_account"


async def test_the_own_password_needs_the_old_one(shop: Shop, visitor: Visitor) -> None:
    owner = await visitor.logged_in()
    other = await owner.elsewhere("198.51.100.4").logged_in()
    wrong = {"old": "wrong", "new": NEW}
    assert (await owner.post("/api/admin/password", wrong)).code == "not_proven"
    weak = {"old": PASSWORD, "new": "short"}
    assert (await owner.post("/api/admin/password", weak)).code == "weak_password"
    assert (await other.get(ME)).status == 200
    right = {"old": PASSWORD, "new": NEW}
    assert (await owner.post("/api/admin/password", right)).status == 200
    assert (await owner.get(ME)).status == 200, "this browser goes on"
    assert (await other.get(ME)).code == "no_session"
    assert (await other.log_in()).status == 401
    assert (await other.log_in("owner", NEW)).status == 200
    assert NEW not in await shop.stored_text()


async def test_a_stolen_session_cannot_guess_the_password(visitor: Visitor) -> None:
    owner = await visitor.logged_in()
    codes = [
        (await owner.post("/api/admin/password", {"old": f"guess {n}", "new": NEW})).code
        for n in range(25)
    ]
    assert codes.count("not_proven") == 15
    assert codes[-1] == "too_many_attempts"


async def test_a_key_or_the_admin_password_has_no_password_to_change(visitor: Visitor) -> None:
    headers = {"Authorization": f"Bearer {PASSWORD}"}
    for path, body in (
        ("password", {"old": PASSWORD, "new": NEW}),
        ("factor/begin", {"password": PASSWORD}),
        ("factor/confirm", {"code": "123456"}),
        ("factor/off", {"password": PASSWORD}),
        ("factor/codes", {"password": PASSWORD}),
    ):
        answer = await visitor.client.post(f"/api/admin/{path}", body, headers)
        assert (answer.status, answer.code) == (403, "not_allowed")


async def test_the_admin_password_may_manage_accounts(visitor: Visitor) -> None:
    headers = {"Authorization": f"Bearer {PASSWORD}"}
    body = {"name": "ada", "role": "owner", "password": NEW}
    assert (await visitor.client.post(f"{USERS}/add", body, headers)).status == 200
    assert (await visitor.log_in("ada", NEW)).status == 200


async def test_fields_that_are_not_meant_change_nothing(visitor: Visitor) -> None:
    """A user who may change one field of an account changes no other field with it."""
    owner = await visitor.logged_in()
    more = {
        "factor": "x",
        "stamp": 9,
        "createdAt": 1,
        "codes": [],
        "right": "admin",
        "user": "owner",
    }
    body = {"name": "ada", "role": "viewer", "password": NEW}
    for name, value in more.items():
        refused = await owner.post(f"{USERS}/add", {**body, name: value})
        assert (refused.code, refused.json["field"]) == ("unknown_field", name)
    assert (await owner.post(f"{USERS}/add", body)).json["user"] == {
        "name": "ada",
        "role": "viewer",
        "createdAt": "2025-10-07T12:00:00.000Z",
        "secondFactor": False,
        "recoveryCodesLeft": 0,
    }
    ada = await owner.elsewhere("198.51.100.4").logged_in("ada", NEW)
    own = {"old": NEW, "new": f"{NEW}!"}
    for name in ("role", "name"):
        refused = await ada.post("/api/admin/password", {**own, name: "owner"})
        assert (refused.code, refused.json["field"]) == ("unknown_field", name)
    assert (await ada.post("/api/admin/password", own)).json["user"]["role"] == "viewer"
    assert (await owner.get(ME)).status == 200
