"""A drill against real servers: correct servers pass, and manipulated servers fail."""

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from fancymonkey.settings.fields import PUBLISHED_PASSWORD
from tests.support.ports import free_port
from tests.support.program import PROGRAM, run
from tests.support.server import Server

pytestmark = pytest.mark.slow

STOCK = 17
SECONDS = 120


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A shop in demo mode; only the drill compares its payments, however long it takes."""
    place = tmp_path_factory.mktemp("drill")
    env = {"RUN_JOBS": "off"}
    with Server(data=place / "data", env=env, arguments=["--demo", "--init"]) as server:
        yield server


def begin(shop: Server, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*PROGRAM, *_words(shop, *options)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=shop.env,
    )


def _words(shop: Server, *options: str) -> list[str]:
    crowd = ["--buyers", "60", "--stock", str(STOCK), "--seed", "3", "--json"]
    return ["drill", "--url", shop.url, *crowd, *options]


def drill(shop: Server, *options: str) -> tuple[int, dict[str, Any]]:
    """Its exit code and its certificate."""
    done = run(_words(shop, *options), environment=shop.env, timeout=SECONDS)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def first_size(shop: Server) -> dict[str, Any]:
    product = httpx.get(f"{shop.url}/api/inventory/get").json()["inventory"][0]
    return {"productId": product["productId"], **product["sizes"][0]}


def test_an_honest_shop_gets_its_certificate(shop: Server) -> None:
    before = first_size(shop)
    options = ["--duplicate", "0.3", "--lose", "0.3", "--shuffle", "--late", "0.2"]
    code, report = drill(shop, *options)
    assert code == 0, report
    assert (report["oversold"], report["lost"], report["booksBalance"]) == (0, 0, True)
    assert (report["held"], report["faults"]) == (0, [])
    assert report["sold"] - report["backordered"] + report["left"] == STOCK
    assert report["sold"] >= STOCK / 2
    assert report["late"] > 0
    assert report["corrected"] > 0
    assert set(report["reserveMs"]) == set(report["checkoutMs"]) == {"p50", "p95", "p99"}
    after = first_size(shop)
    assert (after["stock"], after["reserved"]) == (before["stock"], 0)


def test_a_drop_from_three_locations_and_through_a_bundle(tmp_path: Path) -> None:
    with Server(data=tmp_path, env={"RUN_JOBS": "off"}, arguments=["--demo", "--init"]) as server:
        options = [
            "--locations",
            "3",
            "--bundle",
            "--late",
            "0.1",
            "--lose",
            "0.2",
            "--buyers",
            "40",
        ]
        code, report = drill(server, *options)
        assert code == 0, report
        assert (report["oversold"], report["lost"], report["booksBalance"]) == (0, 0, True)
        assert {id_: sales["before"] for id_, sales in report["locations"].items()} == {
            "main": 6,
            "drill-2": 6,
            "drill-3": 5,
        }
        sold = sum(sales["sold"] for sales in report["locations"].values())
        assert sold == report["sold"] - report["backordered"]
        listed = httpx.get(f"{server.url}/api/inventory/get").json()["inventory"]
        assert not [row for row in listed if row["productId"].startswith("drill_")]
        again, report = drill(server, "--locations", "3", "--buyers", "5")
        assert (again, list(report["locations"])) == (0, ["main", "drill-2", "drill-3"])


def test_a_location_whose_stock_moves_is_found(tmp_path: Path) -> None:
    with Server(data=tmp_path, env={"RUN_JOBS": "off"}, arguments=["--demo", "--init"]) as server:
        assert drill(server, "--locations", "2", "--buyers", "1")[0] == 0
        program = begin(server, "--locations", "2", "--lose", "0", "--late", "0", "--buyers", "40")
        size = first_size(server)
        while size["stock"] != STOCK:
            assert program.poll() is None
            time.sleep(0.01)
            size = first_size(server)
        which = {"productId": size["productId"], "size": size["size"], "location": "drill-2"}
        for change in (
            {**which, "adjustStock": 1},
            {**which, "location": "main", "adjustStock": -1},
        ):
            body = {"password": PUBLISHED_PASSWORD, "updates": [change]}
            assert httpx.post(f"{server.url}/api/inventory/update", json=body).json()["success"]
        out, _ = program.communicate(timeout=SECONDS)
        report = json.loads(out)
        assert (program.returncode, report["booksBalance"]) == (1, False)
        assert [text.partition(":")[0] for text in report["faults"]] == ["main", "drill-2"]


def test_a_certificate_for_people(shop: Server) -> None:
    words = ["drill", "--url", shop.url, "--buyers", "3", "--stock", "2"]
    done = run(words, environment=shop.env, timeout=SECONDS)
    assert done.returncode == 0
    text = done.stdout
    assert text.startswith("3 buyers wanted 2 units.")
    assert text.endswith("PASSED\n")
    for word in ("sold", "held", "backordered", "oversold", "lost", "books balance", "p99"):
        assert word in text


def test_lost_events_without_reconciliation_are_lost_payments(shop: Server) -> None:
    code, report = drill(shop, "--lose", "1", "--late", "0", "--no-reconcile")
    assert code == 1
    assert report["passed"] is False
    assert report["lost"] > 0
    assert report["lost"] == len([text for text in report["faults"] if "was paid, and" in text])
    answer = httpx.post(
        f"{shop.url}/api/payments/reconcile",
        headers={"Authorization": f"Bearer {PUBLISHED_PASSWORD}"},
    )
    assert answer.json()["report"]["outcome"] == "corrected"


@pytest.mark.parametrize("change", [1, -1])
def test_stock_that_moves_during_the_drill_is_found(shop: Server, change: int) -> None:
    program = begin(shop)
    size = first_size(shop)
    while size["stock"] != STOCK:
        assert program.poll() is None
        time.sleep(0.01)
        size = first_size(shop)
    row = {"productId": size["productId"], "size": size["size"], "adjustStock": change}
    body = {"password": PUBLISHED_PASSWORD, "updates": [row]}
    assert httpx.post(f"{shop.url}/api/inventory/update", json=body).json()["success"]
    out, _ = program.communicate(timeout=SECONDS)
    report = json.loads(out)
    assert program.returncode == 1
    assert report["booksBalance"] is False
    assert len(report["faults"]) == 1
    assert f"of {STOCK} units, " in report["faults"][0]


def test_it_refuses_a_shop_with_a_key_of_stripe(tmp_path: Path) -> None:
    env = {
        "STRIPE_SECRET_KEY": "sk_test_x",
        "STRIPE_WEBHOOK_SECRET": "whsec_x",
        "LOG_LEVEL": "info",
    }
    with Server(data=tmp_path, env=env, arguments=["--init"]) as server:
        before = first_size(server)
        program = begin(server)
        out, err = program.communicate(timeout=SECONDS)
        assert (program.returncode, out) == (1, "")
        assert "is not in demo mode, so real money could move" in err
        assert first_size(server) == before


def test_an_address_without_a_service(shop: Server) -> None:
    program = begin(shop, "--url", f"http://127.0.0.1:{free_port()}")
    _, err = program.communicate(timeout=SECONDS)
    assert program.returncode == 1
    assert err.startswith("Error: No shop responds at http://127.0.0.1:")
    assert "serve --init --demo" in err
