"""The dashboard and the alert rules name existing metrics."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from fancymonkey.core.locations.edit import AddLocation
from fancymonkey.core.locations.locations import Location
from fancymonkey.store.in_memory.store import MemoryStore
from tests.web.shops import CRON, running
from tests.web.signing import deliver, event

DEPLOY = Path(__file__).parents[2] / "deploy"
RULES = DEPLOY / "prometheus" / "alerts.yml"
BOARD = DEPLOY / "grafana" / "fancymonkey.json"
NAME = re.compile(r"\bfancymonkey_\w+")


async def exposed() -> set[str]:
    """The name of every sample of a shop in which everything has happened once."""
    async with running(MemoryStore()) as shop:
        await shop.reserve("buyer")
        await shop.reserve("other", quantity=999)
        await shop.engine.submit(AddLocation(location=Location("berlin", "Berlin")))
        await deliver(shop, event("completed", "cs_1"))
        await shop.client.post(
            "/api/cron/release-expired", b"", {"Authorization": f"Bearer {CRON}"}
        )
        text = (await shop.client.get("/metrics")).body.decode()
    return set(re.findall(r"^(fancymonkey_\w+)", text, re.M))


async def test_every_metric_is_documented_and_none_that_is_gone() -> None:
    page = (DEPLOY.parent / "docs" / "reference" / "metrics.md").read_text()
    documented = set(re.findall(r"^\| `(fancymonkey_\w+)`", page, re.M))
    ends = r"_(bucket|count|sum|created)$"
    names = {re.sub(ends, "", name) for name in await exposed()}
    assert documented == names


async def test_the_alert_rules_name_metrics_that_there_are() -> None:
    named = set(NAME.findall(RULES.read_text()))
    assert named
    assert named <= await exposed()


async def test_the_dashboard_names_metrics_that_there_are() -> None:
    named = {name for panel in board()["panels"] for name in NAME.findall(json.dumps(panel))}
    assert named
    assert named <= await exposed()


def board() -> dict[str, Any]:
    board: dict[str, Any] = json.loads(BOARD.read_text())
    return board


def test_the_dashboards_panels_do_not_overlap() -> None:
    taken: dict[tuple[int, int], str] = {}
    ids = set()
    for panel in board()["panels"]:
        ids.add(panel["id"])
        assert panel["title"]
        assert panel["description"]
        assert panel["targets"]
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert (x, y) not in taken, (panel["title"], taken[x, y])
                taken[x, y] = panel["title"]
    assert len(ids) == len(board()["panels"])


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_prometheus_takes_the_rules() -> None:
    for what, file in (("rules", RULES), ("config", RULES.with_name("prometheus.yml"))):
        done = subprocess.run(
            ["promtool", "check", what, file], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
