"""`fancymonkey transfer`, on a store of its own and through a running server."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fancymonkey import examples
from fancymonkey.core.locations.edit import AddLocation
from fancymonkey.core.locations.locations import Location
from tests.cli.conftest import Run, Write
from tests.support.server import Server

SIZE = "prod_hoodie_001/M"
PASSWORD = "correct horse"
Do = Callable[..., dict[str, Any]]


@pytest.fixture
def do(cli: Run, shop: str, write: Write) -> Do:
    """Runs a step and returns the transfer afterwards."""
    write(AddLocation(location=Location("berlin", "Berlin", priority=2)))

    def run(*arguments: str) -> dict[str, Any]:
        result = cli("transfer", *arguments, "--data", shop, "--json")
        assert result.exit_code == 0, result.output
        transfer: dict[str, Any] = json.loads(result.output)["transfer"]
        return transfer

    return run


def planned(do: Do, units: int = 5, *more: str) -> str:
    way = ("--from", "main", "--to", "berlin")
    made = do("create", *way, "--line", f"{SIZE}={units}", *more)
    assert made["status"] == "draft"
    id_: str = made["id"]
    return id_


def test_a_transfer_from_plan_to_receipt(cli: Run, shop: str, do: Do) -> None:
    id_ = planned(do, 5, "--expected", "2020-01-31")
    assert do("send", id_, "--tracking", "1Z")["trackingNumber"] == "1Z"
    listed = cli("transfer", "list", "--data", shop)
    assert "in_transit" in listed.output
    assert "days overdue" in listed.output
    got = do("receive", id_, "--line", f"{SIZE}=3", "--rejected", f"{SIZE}=1")
    assert got["status"] == "partly_received"
    assert do("undo-receipt", id_)["status"] == "in_transit"
    got = do("receive", id_, "--line", f"{SIZE}=4")
    closed = do("close", id_, "--outcome", "lost", "--reason", "not in the box")
    assert (closed["status"], closed["lines"][0]["lost"]) == ("closed_short", 1)
    rows = json.loads(cli("transfer", "list", "--data", shop, "--json").output)["transfers"]
    assert rows == []
    assert cli("verify", "--data", shop).exit_code == 0


def test_a_transfer_is_shown_and_changed(cli: Run, shop: str, do: Do) -> None:
    id_ = planned(do, 5)
    edited = do("edit", id_, "--line", f"{SIZE}=2", "--note", "fragile", "--expected", "2020-01-31")
    assert [line["quantity"] for line in edited["lines"]] == [2]
    assert (edited["note"], edited["expectedAt"][:10]) == ("fragile", "2020-01-31")
    assert do("edit", id_, "--expected", "")["expectedAt"] is None
    assert do("edit", id_, "--tracking", "1Z", "--expected", "2020-01-31")["note"] == "fragile"
    do("send", id_)
    do("receive", id_, "--line", f"{SIZE}=1")
    refused = cli("transfer", "edit", id_, "--line", f"{SIZE}=1", "--data", shop)
    assert (refused.exit_code, len(refused.output.splitlines())) == (1, 1)
    text = cli("transfer", "show", id_, "--data", shop).output.splitlines()
    assert text[0] == "Transfer 1: Main → Berlin, partly received"
    assert f"  {'tracking':<10}1Z" in text
    assert f"  {SIZE}: 2 planned, 2 sent, 1 accepted, 1 on the way" in text
    assert text[-1].endswith(f"{SIZE} 1 accepted, 0 rejected")
    by_number = cli("transfer", "show", "1", "--data", shop, "--json")
    assert json.loads(by_number.output)["transfer"]["id"] == id_
    unknown = cli("transfer", "show", "9", "--data", shop)
    assert (unknown.exit_code, unknown.output) == (1, "Error: There is no transfer 9.\n")
    bad = cli("transfer", "edit", id_, "--expected", "soon", "--data", shop)
    assert bad.exit_code == 2


def test_a_refusal_is_one_line(cli: Run, shop: str, do: Do) -> None:
    id_ = planned(do, 1_000_000)
    for arguments in (("send", id_), ("send", "tr_nothing"), ("receive", id_)):
        result = cli("transfer", *arguments, "--data", shop)
        assert result.exit_code == 1
        assert len(result.output.splitlines()) == 1
    assert do("cancel", id_)["status"] == "cancelled"


def test_a_line_that_is_not_valid_is_refused(cli: Run, shop: str) -> None:
    way = ("--from", "main", "--to", "berlin", "--data", shop)
    for line in ("M=1", "prod/M", "prod/M=x", "prod/M=-1"):
        result = cli("transfer", "create", *way, "--line", line)
        assert result.exit_code == 2
        assert "prod_hoodie_001/M=10" in result.output
    assert cli("transfer", "create", *way, "--expected", "soon").exit_code == 2


def test_a_running_server_gets_the_request(
    cli: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "products.json").write_bytes(examples.products_json())
    with Server(data=tmp_path, env={"ADMIN_PASSWORD": PASSWORD}) as server:
        monkeypatch.setenv("ADMIN_PASSWORD", PASSWORD)
        monkeypatch.setenv("PORT", str(server.port))
        way = ("--from", "main", "--to", "nowhere", "--line", f"{SIZE}=1")
        refused = cli("transfer", "create", *way, "--data", tmp_path)
        assert refused.exit_code == 1
        assert "There is no location nowhere." in refused.output
