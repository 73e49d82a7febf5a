"""The bystander measures real reserves, and notices a server that does not answer."""

import json
import signal
import time
from pathlib import Path

from tests.support.bystander import Bystander
from tests.support.server import Server

SHOP = [{"id": "tee", "name": "TEE", "price": 20, "sizes": {"M": {"stock": 5}}}]


def test_a_bystander_measures_reserves_and_gives_the_unit_back(tmp_path: Path) -> None:
    (tmp_path / "products.json").write_text(json.dumps(SHOP))
    with Server(data=tmp_path) as server:
        waits = Bystander(server, "tee", "M").measure(8, pause=0.0)
        assert len(waits.milliseconds) == 8, str(waits)
        assert waits.failures == []
        assert 0 < waits.median <= waits.worst < float("inf")


def test_a_bystander_reports_refusals_and_a_stopped_server(tmp_path: Path) -> None:
    (tmp_path / "products.json").write_text(json.dumps(SHOP))
    with Server(data=tmp_path) as server:
        refused = Bystander(server, "tee", "XXL").measure(1, pause=0.0)
        assert refused.failures != []
        assert refused.worst == float("inf")
        bystander = Bystander(server, "tee", "M")
        with bystander.watching(pause=0.0) as waits:
            bystander.reserve(-1)
            server.send_signal(signal.SIGSTOP)
            time.sleep(0.5)
            server.send_signal(signal.SIGCONT)
        assert waits.worst > 300, str(waits)
