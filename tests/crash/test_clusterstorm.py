"""Kill -9 of one of three servers under load, repeatedly: every answered change is stored."""

import os

import pytest

from bench.clusterstorm import clusterstorm
from bench.shops import Places

pytestmark = [pytest.mark.crash, pytest.mark.postgres]
KILLS = int(os.environ.get("CRASH_KILLS", "4"))


def test_answers_of_three_servers_survive_kill_9(places: Places) -> None:
    storm = clusterstorm(places, seed=KILLS)
    storm.run(KILLS)
    assert storm.kills == KILLS
    assert storm.deciders > 0
    assert sum(storm.crowd.books.answers.values()) > KILLS
