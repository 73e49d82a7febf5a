"""Account names that look like another account, in the ledger, the audit log or to a person."""

import ast
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

import fancymonkey
from fancymonkey.errors import ConfigError
from fancymonkey.settings.account_names import ACTORS, NAME_MAX, RESERVED, account_name
from fancymonkey.settings.settings import Settings
from fancymonkey.store.in_memory.store import MemoryStore
from tests.accounts.client import Visitor, accounts, made
from tests.web.shops import Shop, running

SOURCE = Path(fancymonkey.__file__).parent
ADD = "/api/admin/users/add"
CONSTANTS = ("ACTOR", "JOB")


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with running(MemoryStore()) as shop:
        yield shop


def actors_in_code() -> Iterator[tuple[str, str]]:
    """Every name that the program itself gives as an actor, and the file."""
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            for name in (*_given(node), *_declared(node)):
                yield name, path.relative_to(SOURCE).as_posix()


def _given(node: ast.AST) -> Iterator[str]:
    """`actor="…"` in a call, and the name of an `Actor`; the first argument of a note."""
    if not isinstance(node, ast.Call):
        return
    called = (
        node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    )
    for keyword in node.keywords:
        if keyword.arg == "actor" or (called == "Actor" and keyword.arg == "name"):
            yield from _text(keyword.value)
    if isinstance(node.func, ast.Attribute) and called in ("note", "note_refused") and node.args:
        yield from _text(node.args[0])


def _declared(node: ast.AST) -> Iterator[str]:
    """`actor: str = "…"`, `who = "…"`, and the constants that are passed as an actor."""
    if isinstance(node, ast.AnnAssign) and getattr(node.target, "id", "") == "actor":
        yield from _text(node.value)
    if isinstance(node, ast.Assign):
        names = {getattr(target, "id", "") for target in node.targets}
        if names & {*CONSTANTS, "who"}:
            yield from _text(node.value)


def _text(node: ast.AST | None) -> Iterator[str]:
    for part in ast.walk(node) if node is not None else ():
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            if part.value and " " not in part.value:  # no account has a space in its name
                yield part.value


def test_the_list_of_reserved_actors_is_complete() -> None:
    actors = dict(actors_in_code())
    assert len(actors) >= 12, actors
    assert {name: where for name, where in actors.items() if name not in ACTORS} == {}


@pytest.mark.parametrize("name", sorted(RESERVED))
async def test_no_account_has_the_name_of_an_actor(shop: Shop, name: str) -> None:
    owner = await Visitor(shop.client).logged_in()
    variations = {name, name.upper(), f" {name} ", _cyrillic(name), _wide(name), f"{name}\u200b"}
    for variation in sorted(variations):
        body = {"name": variation, "role": "owner", "password": "nine old clocks tick"}
        answer = await owner.post(ADD, body)
        assert answer.status == 422, (variation, answer.body)
        with pytest.raises(ConfigError):
            Settings.load({"OWNER_EMAIL": variation}, file=Path(os.devnull))


@pytest.mark.parametrize(
    "other",
    [
        "аda@shop.example",  # a Cyrillic a
        "ADA@shop.example",
        "ada@shοp.example",  # a Greek o
        "ａｄａ@shop.example",
        "ada@shop.example\u200d",
        "ada@shop\u2024example",  # a one-dot leader
        "a\u0501a@shop.example",  # a Cyrillic d
    ],
)
async def test_no_account_looks_like_another_one(shop: Shop, other: str) -> None:
    await made(shop, "ada@shop.example", "viewer")
    owner = await Visitor(shop.client).logged_in()
    body = {"name": other, "role": "owner", "password": "nine old clocks tick"}
    answer = await owner.post(ADD, body)
    assert answer.status in (409, 422), answer.body
    names = {user.name for user in await accounts(shop).users.all()}
    assert names == {"owner", "ada@shop.example"}


@pytest.mark.parametrize("length", [NAME_MAX + 1, NAME_MAX + 50, 200])
async def test_a_long_name_is_refused_and_not_cut(shop: Shop, length: int) -> None:
    owner = await Visitor(shop.client).logged_in()
    body = {"name": "x" * length, "role": "viewer", "password": "nine old clocks tick"}
    assert (await owner.post(ADD, body)).code == "invalid_request"
    assert (await owner.post(ADD, {**body, "name": "x" * NAME_MAX})).status == 200
    # A name that is longer than a known one matches no account.
    for path in ("role", "remove"):
        more = {"role": "owner"} if path == "role" else {}
        answer = await owner.post(f"/api/admin/users/{path}", {"name": "x" * length, **more})
        assert answer.code == "unknown_account"
    other = Visitor(shop.client.elsewhere("198.51.100.7"))
    assert (await other.log_in("x" * length, "nine old clocks tick")).status == 401
    assert (await other.log_in("x" * NAME_MAX, "nine old clocks tick")).status == 200


@pytest.mark.parametrize("name", ["ﷺ" * 100, "ß" * 60, "㍿" * 50])
async def test_a_name_that_grows_when_it_is_normalized_is_measured_afterwards(
    shop: Shop, name: str
) -> None:
    owner = await Visitor(shop.client).logged_in()
    body = {"name": name, "role": "viewer", "password": "nine old clocks tick"}
    assert (await owner.post(ADD, body)).status == 422
    assert (await Visitor(shop.client).log_in(name, "nine old clocks tick")).status == 401


@pytest.mark.parametrize(
    "name", ["a\u202eb", "a\u200bb", "a\u2028b", "a\x85b", "a\tb", "a b", "a\u00a0b", "٣", "\u3164"]
)
def test_invisible_characters_and_odd_digits_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        account_name(name)


@pytest.mark.parametrize(
    "name", ["ada@shop.example", "jürgen", "李雷", "алиса", "Δημήτρης", "o'neil"]
)
def test_ordinary_names_are_taken(name: str) -> None:
    assert account_name(name)


async def test_an_account_that_was_made_before_still_opens(shop: Shop) -> None:
    """A name that is reserved only since this version: its account stays as it is."""
    from fancymonkey.accounts.model import Role

    await accounts(shop).users._make("stripe", Role.STAFF, "nine old clocks tick")
    old = Visitor(shop.client.elsewhere("198.51.100.8"))
    assert (await old.log_in("stripe", "nine old clocks tick")).status == 200


def _cyrillic(name: str) -> str:
    return name.translate(str.maketrans("aeopcxyi", "аеорсхуі"))


def _wide(name: str) -> str:
    return "".join(
        chr(ord(character) + 0xFEE0) if "!" <= character <= "~" else character for character in name
    )
