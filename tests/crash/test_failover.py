"""Two servers on two machines lose their database, and sell again on its synchronous standby.

These are the steps of docs/how-to/run-two-servers.md.
"""

import asyncio
import time

import pytest

from bench.shops import BenchShop, sample
from tests.crash.test_deciders import DECIDES, FOLLOWS, Buyers, check, several, until, until_crowded
from tests.support.postgres import PostgresServer
from tests.support.standby import PRIMARY, Standby, both

pytestmark = [pytest.mark.crash, pytest.mark.postgres]
SELL_SECONDS = 2.0
"""Seconds until both servers sell again after the standby has become the primary."""


def test_two_servers_sell_again_when_the_standby_takes_over() -> None:
    """No answered hold is lost, no unit is sold twice, and one of the servers decides again."""
    with PostgresServer(wal_level="replica") as primary:
        url = primary.create_database()
        with Standby(primary) as standby:
            primary.stop()
            primary.settings |= PRIMARY
            primary.start()
            target = both(primary, standby, url)
            shop = BenchShop("postgres", target, program=None)
            shop.fill(sample())
            with several(shop, 2, apart=True) as servers:
                buyers = Buyers(servers)
                try:
                    until(lambda: buyers.sold_since(0, (0, 1)))
                    with buyers.crowding():
                        until_crowded()
                        usual = _both_sell(buyers, time.monotonic())
                        primary.kill()
                        standby.promote()
                        promoted = time.monotonic()
                        waited = _both_sell(buyers, promoted)
                    decides = [server.log.count(DECIDES) for server in servers]
                    until(lambda: buyers.sold_since(time.monotonic() - 1, (0, 1)))
                finally:
                    buyers.stop()
                follows = [server.log.count(FOLLOWS) for server in servers]
                print(f"sold again after {waited:.2f} s (usually {usual:.2f})", decides, follows)
            assert waited < SELL_SECONDS + 2 * usual
            asyncio.run(check(target, buyers))


def _both_sell(buyers: Buyers, since: float) -> float:
    """Seconds from a moment until both servers have sold something."""
    until(lambda: buyers.sold_since(since, (0, 1)))
    firsts = [
        min(at for at, place, _ in buyers.accepted if at > since and place == p) for p in (0, 1)
    ]
    return max(firsts) - since
