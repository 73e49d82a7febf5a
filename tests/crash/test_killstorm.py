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
"""On each store. A thousand over all three is `CRASH_KILLS=334`."""


def test_answered_commands_survive_kill_9(places: Places, name: str) -> None:
    one = storm(places, name, seed=KILLS, verify_every=25)
    one.run(KILLS)
    assert one.kills == KILLS
    assert sum(one.crowd.books.answers.values()) > KILLS


@pytest.mark.json
def test_the_storm_notices_lost_answers(places: Places, tmp_path: Path) -> None:
    """A store that forgets its last answers, as one does that does not sync: it must be found."""
    one = storm(places, "json", seed=1)
    try:
        one.start()
        asyncio.run(one.kill_trading())
        shutil.copytree(one.shop.target, tmp_path / "before")
        one.start()
        asyncio.run(one.check())
        asyncio.run(one.kill_trading())
        shutil.rmtree(one.shop.target)
        shutil.copytree(tmp_path / "before", one.shop.target)
        one.start()
        with pytest.raises(Lost):
            asyncio.run(one.check())
    finally:
        one.server.close()
