"""`fancymonkey key`, and users that are limited to locations."""

import json

import pytest

from tests.cli.conftest import Run
from tests.cli.test_user import NEW, accounts_cli, user

__all__ = ["accounts_cli"]  # the fixture


def key(cli: Run, *words: object) -> str:
    result = cli("key", *words)
    assert result.exit_code == 0, result.output
    return str(result.output)


@pytest.fixture
def berlin(accounts_cli: Run, shop: str) -> str:
    assert accounts_cli("location", "add", "berlin", "--data", shop).exit_code == 0
    return shop


def test_keys_of_a_stopped_store(accounts_cli: Run, berlin: str) -> None:
    data = ("--data", berlin)
    assert key(accounts_cli, "list", *data) == ""
    secret = key(
        accounts_cli, "make", "till", "--right", "stock", "--location", "berlin", *data
    ).strip()
    assert secret.startswith("fmk_")
    text = key(accounts_cli, "make", "sheet", "--days", "30", "--json", *data)
    made = json.loads(text)
    assert (made["key"]["right"], made["key"]["madeBy"]) == ("read", "admin")
    assert made["key"]["endsAt"] is not None
    rows = json.loads(key(accounts_cli, "list", "--json", *data))["keys"]
    assert {row["label"]: row.get("locations") for row in rows} == {
        "till": ["berlin"],
        "sheet": None,
    }
    listed = key(accounts_cli, "list", *data)
    assert "till" in listed
    assert "berlin, no end" in listed
    assert secret not in listed
    id_ = next(row["id"] for row in rows if row["label"] == "till")
    assert key(accounts_cli, "revoke", id_, *data) == "till was revoked.\n"
    refused = accounts_cli("key", "revoke", id_, *data)
    assert (refused.exit_code, refused.output) == (1, "Error: No such key.\n")


def test_a_user_is_limited_and_no_longer(accounts_cli: Run, berlin: str) -> None:
    data = ("--data", berlin)
    user(accounts_cli, "add", "ana", "--location", "berlin", *data, stdin=f"{NEW}\n")
    assert f"{'ana':<30}staff   at berlin\n" in user(accounts_cli, "list", *data)
    assert user(accounts_cli, "limit", "ana", *data) == "ana now has the whole shop.\n"
    assert "berlin" not in user(accounts_cli, "list", *data)
    words = ("limit", "ana", "--location", "berlin", "--location", "main")
    assert user(accounts_cli, *words, *data) == "ana now has berlin and main.\n"
    rows = json.loads(user(accounts_cli, "list", "--json", *data))["users"]
    assert rows[0]["locations"] == ["berlin", "main"]


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("key", "make", "till", "--location", "atlantis"), "There is no location atlantis."),
        (("key", "make", "x", "--right", "admin", "--location", "berlin"), "An owner cannot"),
        (("user", "limit", "owner", "--location", "berlin"), "An owner cannot"),
        (("user", "limit", "nobody"), "No such user"),
    ],
)
def test_a_limit_that_is_not_possible_is_refused(
    accounts_cli: Run, berlin: str, words: tuple[str, ...], text: str
) -> None:
    user(accounts_cli, "list", "--data", berlin)
    result = accounts_cli(*words, "--data", berlin)
    assert result.exit_code == 1
    assert text in result.output
