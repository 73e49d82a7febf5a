"""`fancymonkey order`."""

import json
from pathlib import Path
from typing import Any

import pytest

from fancymonkey import examples
from fancymonkey.core.holds.end import Capture
from fancymonkey.core.holds.reserve import Reserve
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Line
from tests.cli.conftest import Run, Write
from tests.support.server import Server

SKU = "prod_hoodie_001/M"
SALE = (
    Reserve(
        reservation_id="h1",
        session_id="s1",
        lines=(Line(SKU, 2),),
        location=DEFAULT_LOCATION,
        ttl=60_000,
    ),
    Capture(ref="s1", payment_id="cs_1"),
)


def order_of(output: str) -> Any:
    return json.loads(output)["order"]


def test_an_order_is_listed_shown_shipped_and_returned(cli: Run, shop: str, write: Write) -> None:
    write(*SALE, at=1)
    (row,) = json.loads(cli("order", "list", "--data", shop, "--json").output)["orders"]
    assert (row["number"], row["status"]) == (1, "to_ship")
    listed = cli("order", "list", "--data", shop, "--status", "to_ship").output
    assert listed.startswith("#1")
    assert cli("order", "list", "--data", shop, "--status", "shipped").output == ""
    some = ("--line", f"{SKU}=1", "--carrier", "DHL", "--tracking", "JD1")
    shipped = cli("order", "ship", "1", "--data", shop, *some, "--json")
    assert order_of(shipped.output)["status"] == "partly_shipped"
    cancelled = cli("order", "cancel", "#1", "--data", shop, "--json")
    assert order_of(cancelled.output)["status"] == "shipped"
    back = ("--state", "damaged", "--reason", "torn", "--json")
    assert order_of(cli("order", "return", "cs_1", "--data", shop, *back).output)["status"] == (
        "returned"
    )
    text = cli("order", "show", "h1", "--data", shop).output
    assert "Order #1  returned" in text
    assert "DHL JD1" in text
    assert "torn" in text
    assert cli("verify", "--data", shop).exit_code == 0


def test_a_shipment_that_did_not_leave_is_cancelled(cli: Run, shop: str, write: Write) -> None:
    write(*SALE, at=1)
    cli("order", "ship", "1", "--data", shop, "--carrier", "DHL")
    again = cli("order", "unship", "1", "1", "--data", shop, "--reason", "still here", "--json")
    order = order_of(again.output)
    assert (order["status"], order["shipments"]) == ("to_ship", [])
    assert order["history"][-1]["text"].endswith(": still here")
    twice = cli("order", "unship", "1", "1", "--data", shop)
    assert (twice.exit_code, "no such shipment" in twice.output) == (1, True)
    assert cli("verify", "--data", shop).exit_code == 0


def test_a_refused_change_is_one_line(cli: Run, shop: str, write: Write) -> None:
    write(*SALE, at=1)
    for arguments, words in (
        (("ship", "9"), "does not exist"),
        (("show", "9"), "does not exist"),
        (("return", "1"), "No unit of this order can be returned"),
        (("move", "1", "nowhere"), "no location nowhere"),
        (("ship", "1", "--line", "hoodie"), "PRODUCT/SIZE=N"),
        (("ship", "1", "--line", f"{SKU}=5"), "fewer units"),
    ):
        result = cli("order", *arguments, "--data", shop)
        assert result.exit_code == 1, arguments
        assert words in result.output
        assert len(result.output.splitlines()) == 1


def test_a_running_server_is_asked(
    cli: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "products.json").write_bytes(examples.products_json())
    monkeypatch.setenv("ADMIN_PASSWORD", "correct horse")
    with Server(data=tmp_path, env={"ADMIN_PASSWORD": "correct horse"}) as server:
        monkeypatch.setenv("PORT", str(server.port))
        assert cli("order", "list", "--data", tmp_path).output == ""
        assert "does not exist" in cli("order", "ship", "1", "--data", tmp_path).output
