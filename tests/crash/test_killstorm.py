"""Kill -9 of the real server under load: every acknowledged change is in the store."""

import asyncio
import os
import shutil
from pathlib import Path

import pytest

from bench.killstorm import Lost, storm
from bench.shops import Places

pytestmark = pytest.mark.crash

KILLS = int(os.environ.get("CRASH_KILLS", "6"))
"""On each store. `CRASH_KILLS=334` makes a thousand kills over all three."""


def test_answered_commands_survive_kill_9(places: Places, name: str) -> None:
    storm_run = storm(places, name, seed=KILLS, verify_every=25)
    storm_run.run(KILLS)
    assert storm_run.kills == KILLS
    assert sum(storm_run.crowd.books.answers.values()) > KILLS


@pytest.mark.json
def test_the_storm_notices_lost_answers(places: Places, tmp_path: Path) -> None:
    """A store that loses its last answers, as one without syncs does: the check must notice it."""
    storm_run = storm(places, "json", seed=1)
    try:
        storm_run.start()
        asyncio.run(storm_run.kill_trading())
        shutil.copytree(storm_run.shop.target, tmp_path / "before")
        storm_run.start()
        asyncio.run(storm_run.check())
        asyncio.run(storm_run.kill_trading())
        shutil.rmtree(storm_run.shop.target)
        shutil.copytree(tmp_path / "before", storm_run.shop.target)
        storm_run.start()
        with pytest.raises(Lost):
            asyncio.run(storm_run.check())
    finally:
        storm_run.server.close()
