"""A running shop gets its second location with one command, and nothing else changes."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.conftest import Run, written
from tests.support.server import Server
from tests.web.shops import HOODIE, PASSWORD, catalogue

OWNER = {"authorization": f"Bearer {PASSWORD}"}
ENV = {"ADMIN_PASSWORD": PASSWORD, "RATE_LIMIT": "off"}
PATHS = (
    "/api/inventory/get",
    "/api/inventory/get?lowStockOnly=true",
    f"/api/inventory/get?productId={HOODIE}",
    "/api/shop",
    "/api/admin/inventory",
    "/api/admin/holds",
    "/api/admin/orders",
)

MOMENT = ("revision", "lastUpdated", "lastChanged", "serverTime")
"""Fields that change at any moment: buyers reserve and release in between."""
BY_LOCATION = ("locations", "allocations")
"""Fields that the owner's answers have in a shop with several locations."""


@pytest.fixture(params=["json", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The name of an empty store of each kind that a server can have."""
    match request.param:
        case "json":
            return str(tmp_path)
        case "sqlite":
            return f"sqlite:///{tmp_path}/shop.db"
        case _:
            return str(request.getfixturevalue("migrated_url"))


def server_of(store: str) -> Server:
    if "://" in store:
        return Server(database_url=store, env=ENV)
    return Server(data=store, env=ENV)


def lasting(value: Any) -> Any:
    """A part of an answer without the fields of `MOMENT` and `BY_LOCATION`."""
    if isinstance(value, dict):
        left_out = MOMENT + BY_LOCATION
        return {name: lasting(part) for name, part in value.items() if name not in left_out}
    return list(map(lasting, value)) if isinstance(value, list) else value


def answers(client: httpx.Client) -> dict[str, Any]:
    """The answers of the shop by path."""
    parts = {}
    for path in PATHS:
        answer = client.get(path, headers=OWNER)
        assert answer.status_code == 200, (path, answer.text)
        parts[path] = lasting(answer.json())
    return parts


def wait_for_location(client: httpx.Client, location: str) -> None:
    """Returns when the server knows the location: another process may have added it."""
    for _ in range(2000):
        rows = client.get("/api/admin/locations", headers=OWNER).json()["locations"]
        if location in [row["id"] for row in rows]:
            return
    pytest.fail(f"the server does not know {location}")


def reserve(client: httpx.Client, buyer: str, size: str) -> httpx.Response:
    body = {"productId": HOODIE, "size": size, "quantity": 1, "sessionId": buyer}
    return client.post("/api/inventory/reserve", json=body)


class LoopingBuyer(threading.Thread):
    """Reserves and releases a unit of the size S until it is stopped; keeps every status."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url, self.statuses = url, list[int]()
        self.over, self.has_begun = threading.Event(), threading.Event()

    def run(self) -> None:
        with httpx.Client(base_url=self.url) as client:
            while not self.over.is_set():
                self.statuses.append(reserve(client, "walker", "S").status_code)
                body = {"sessionId": "walker"}
                answer = client.post("/api/inventory/release", json=body)
                self.statuses.append(answer.status_code)
                self.has_begun.set()

    def stop(self) -> None:
        self.over.set()
        self.join()


def test_a_running_shop_gets_its_second_location(
    cli: Run, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Buyers reserve while the command runs, in the store or through its server."""
    asyncio.run(written(store, catalogue(), 0))
    monkeypatch.setenv("ADMIN_PASSWORD", PASSWORD)
    with server_of(store) as server, httpx.Client(base_url=server.url) as client:
        monkeypatch.setenv("PORT", str(server.port))
        assert reserve(client, "early", "M").status_code == 200
        before = answers(client)
        buyer = LoopingBuyer(server.url)
        buyer.start()
        try:
            assert buyer.has_begun.wait(30)
            added = cli("location", "add", "berlin", "--name", "Studio", "--data", store)
            assert (added.exit_code, added.output) == (0, "Studio was added.\n")
        finally:
            buyer.stop()
        assert set(buyer.statuses) == {200}
        wait_for_location(client, "berlin")
        assert "locations" not in client.get("/api/inventory/get").text
        assert answers(client) == before
        body = {"sessionId": "early"}
        assert client.post("/api/inventory/release", json=body).status_code == 200
        update = [{"productId": HOODIE, "size": "M", "stock": 5, "location": "berlin"}]
        sent = {"password": PASSWORD, "updates": update}
        assert client.post("/api/inventory/update", json=sent).json()["success"]
        sizes = client.get(f"/api/inventory/get?productId={HOODIE}").json()["inventory"][0]["sizes"]
        assert [(row["size"], row["stock"]) for row in sizes] == [
            ("S", 3),
            ("M", 25),
            ("L", 58),
            ("XL", 0),
        ]
