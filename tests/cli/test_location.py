"""`fancymonkey location`: in a stopped store, or through the running server."""

import json
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from fancymonkey import examples
from fancymonkey.core.holds.reserve import Reserve
from fancymonkey.core.locations.routing import Destination, Routing
from fancymonkey.core.model import Line
from fancymonkey.core.stock.adjust import Adjust
from tests.cli.conftest import Run, Write
from tests.support.server import Server

DATA = "--data"
HOODIE_M = {"productId": "prod_hoodie_001", "size": "M"}
PASSWORD = "correct horse"


def location(cli: Run, *words: object) -> str:
    result = cli("location", *map(str, words))
    assert result.exit_code == 0, result.output
    return str(result.output)


def test_locations_of_a_stopped_store(cli: Run, shop: str) -> None:
    added = ("add", "berlin", "--name", "Studio", "--country", "de", "--latitude", 52.5)
    text = location(cli, *added, "--longitude", 13.4, "--pickup", "--json", DATA, shop)
    row = json.loads(text)["location"]
    assert (row["id"], row["country"], row["latitude"], row["priority"]) == (
        "berlin",
        "DE",
        52.5,
        2,
    )
    assert (row["pickup"], row["pickupLeadDays"], row["sellsOnline"]) == (True, None, True)
    row = json.loads(
        location(cli, "edit", "berlin", "--pickup-lead-days", 2, "--json", DATA, shop)
    )["location"]
    assert row["pickupLeadDays"] == 2
    assert location(cli, "edit", "berlin", "--name", "Shop", DATA, shop) == "Shop was changed.\n"
    assert location(cli, "close", "berlin", DATA, shop) == "Shop is closed.\n"
    listed = location(cli, "list", DATA, shop)
    assert listed == f"{'main':<20}Main\n{'berlin':<20}{'Shop':<30}DE  closed\n"
    assert location(cli, "edit", "berlin", "--reopen", DATA, shop) == "Shop was changed.\n"
    rows = json.loads(location(cli, "list", "--json", DATA, shop))["locations"]
    assert [(row["id"], row["active"]) for row in rows] == [("main", True), ("berlin", True)]


def test_explain_has_the_reasons_for_a_location(cli: Run, shop: str, write: Write) -> None:
    """In words and as JSON; the price of the alternative is in parcels and kilometres."""
    location(
        cli,
        "add",
        "berlin",
        "--name",
        "Berlin",
        "--latitude",
        52.52,
        "--longitude",
        13.4,
        DATA,
        shop,
    )
    location(
        cli, "add", "paris", "--name", "Paris", "--latitude", 48.86, "--longitude", 2.35, DATA, shop
    )
    rome = Destination("IT", Decimal("41.9"), Decimal("12.5"))
    write(
        Adjust(sku="prod_hoodie_001/M", location="main", delta=-20),
        *(Adjust(sku="prod_hoodie_001/M", location=id_, delta=2) for id_ in ("berlin", "paris")),
        Reserve(
            reservation_id="res_1",
            session_id="s1",
            lines=(Line("prod_hoodie_001/M", 1),),
            location="main",
            ttl=10**10,
            routing=Routing(destination=rome),
        ),
    )
    text = cli("explain", "prod_hoodie_001", "M", DATA, shop).output
    assert "      Paris has all of it.\n" in text
    assert "      Chosen: Paris, 1 parcel, 1106 km.\n" in text
    assert "      Instead: Berlin, 1 parcel, 1183 km.\n" in text
    rows = json.loads(cli("explain", "prod_hoodie_001", "M", "--json", DATA, shop).output)
    (route,) = [row["route"] for row in rows["entries"] if "route" in row]
    assert route["chosen"] == {"locations": ["paris"], "parcels": 1, "km": 1106}
    assert route["alternatives"] == [{"locations": ["berlin"], "parcels": 1, "km": 1183}]


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("add", "main"), "already exists"),
        (("add", "Berlin"), "id must be"),
        (("add", "berlin", "--country", "ZZ"), "ISO 3166"),
        (("edit", "paris", "--name", "x"), "no location paris"),
        (("close", "paris"), "no location paris"),
        (("close", "main"), "main"),
    ],
)
def test_a_refusal_is_one_line(cli: Run, shop: str, words: tuple[str, ...], text: str) -> None:
    result = cli("location", *words, DATA, shop)
    assert result.exit_code == 1
    assert text.lower() in result.output.lower()
    assert len(result.output.splitlines()) == 1


def test_a_location_with_units_is_not_closed(cli: Run, shop: str, write: Write) -> None:
    location(cli, "add", "berlin", DATA, shop)
    write(Adjust(sku="prod_hoodie_001/M", location="berlin", delta=1))
    result = cli("location", "close", "berlin", DATA, shop)
    assert (result.exit_code, result.output) == (
        1,
        "Error: berlin still has 1 level. Sell, move or correct them first.\n",
    )


def test_locations_of_a_running_server(
    cli: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "products.json").write_bytes(examples.products_json())
    monkeypatch.setenv("ADMIN_PASSWORD", "correct horse")
    with Server(data=tmp_path, env={"ADMIN_PASSWORD": "correct horse"}) as server:
        monkeypatch.setenv("PORT", str(server.port))
        at = (DATA, tmp_path)
        location(cli, "add", "berlin", "--name", "Studio Berlin", *at)
        location(cli, "edit", "berlin", "--time-zone", "Europe/Berlin", "--no-sells-online", *at)
        location(cli, "edit", "berlin", "--pickup-lead-days", 3, *at)
        row = json.loads(location(cli, "list", "--json", *at))["locations"][1]
        shown = (row["name"], row["timeZone"], row["sellsOnline"], row["pickupLeadDays"])
        assert shown == ("Studio Berlin", "Europe/Berlin", False, 3)
        assert location(cli, "close", "berlin", *at) == "Studio Berlin is closed.\n"


ROWS = (
    "DE\t10115\tBerlin\t\t\t\t\t\t\t52.53\t13.38\t6\nDE\t53111\tBonn\t\t\t\t\t\t\t50.73\t7.1\t6\n"
)


def test_postal_codes_are_imported(cli: Run, shop: str, tmp_path: Path) -> None:
    file = tmp_path / "DE.txt"
    file.write_text(ROWS)
    result = location(cli, "import-postal-codes", file, DATA, shop)
    assert result == "10 entries of DE imported.\n"
    text = location(cli, "import-postal-codes", file, "--json", DATA, shop)  # again: replaced
    assert json.loads(text) == {"countries": ["DE"], "codes": 10}
    file.write_bytes(b"PK\x03\x04\xff\xfe")
    refused = cli("location", "import-postal-codes", file, DATA, shop)
    assert (refused.exit_code, len(refused.output.splitlines())) == (1, 1)


def test_postal_codes_are_imported_through_the_running_server(
    cli: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "products.json").write_bytes(examples.products_json())
    file = tmp_path / "DE.txt"
    file.write_text(ROWS)
    monkeypatch.setenv("ADMIN_PASSWORD", "correct horse")
    with Server(data=tmp_path, env={"ADMIN_PASSWORD": "correct horse"}) as server:
        monkeypatch.setenv("PORT", str(server.port))
        location(cli, "import-postal-codes", file, DATA, tmp_path)
        bonn = ("--latitude", 50.7, "--longitude", 7.1, "--name", "Bonn", DATA, tmp_path)
        location(cli, "add", "bonn", *bonn)
        body = {"updates": [{**HOODIE_M, "stock": 5, "location": "bonn"}], "password": PASSWORD}
        assert httpx.post(f"{server.url}/api/inventory/update", json=body).json()["success"]
        near = {"country": "DE", "postalCode": "53115"}
        wanted = {**HOODIE_M, "quantity": 1, "sessionId": "s", "shipTo": near}
        answer = httpx.post(f"{server.url}/api/inventory/reserve", json=wanted).json()
        assert answer["reservation"]["allocations"][0]["location"] == "bonn"
