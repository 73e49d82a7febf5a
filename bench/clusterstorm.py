"""`python -m bench.clusterstorm --kills N`: kills servers that share one PostgreSQL.

Two of the three are on one machine and use its sockets, the third is reached over TCP. Clients
trade with all of them. A server, often the one that decides, is killed (-9) under load, sometimes
after it was stopped for a while (SIGSTOP); the others continue. After each kill it is started
again, requests without an answer are sent again, and every level must equal the clients' records.
"""

import argparse
import asyncio
import random
import re
import signal
import tempfile
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field

from bench.buyers import Crowd
from bench.client import Client
from bench.killstorm import (
    ENVIRONMENT,
    SKUS,
    UNITS,
    Lost,
    books_of,
    check_holds,
    check_levels,
    verify,
)
from bench.shops import BenchShop, Places, large
from tests.support.server import Server

SERVERS = 3
BEFORE_SECONDS, AFTER_SECONDS = (0.05, 0.6), (0.2, 0.8)
STOPPED_SECONDS = (0.1, 1.2)
STOPPED_FIRST = 0.3
"""The share of the victims that are stopped for a while before they are killed."""
THE_DECIDER = 0.5
"""The share of the kills that hit the server that decides, wherever it is."""
AGREE_SECONDS = 20.0
ROLE = re.compile(rb'^fancymonkey_decider_role\{role="decides"\} 1', re.MULTILINE)


@dataclass(slots=True)
class ClusterStorm:
    """Kills among three servers on one shop, and the records of their clients."""

    shop: BenchShop
    seed: int
    verify_every: int = 25
    kills: int = 0
    deciders: int = 0
    """The number of kills that hit the server that decided."""
    unknown: int = 0
    chance: random.Random = field(init=False)
    crowd: Crowd = field(init=False)
    servers: list[Server] = field(init=False)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.crowd = Crowd(asyncio.run(books_of(self.shop)), self.chance)

    def run(self, kills: int, report: bool = False) -> None:
        """Kills a server this many times, with a check after each. Raises Lost, Unexpected."""
        with ExitStack() as stack:
            self.servers = [self._server(stack, place) for place in range(SERVERS)]
            try:
                for server in self.servers:
                    server.start()
                while self.kills < kills:
                    self.kills += 1
                    asyncio.run(self._kill_trading())
                    asyncio.run(self._check())
                    if self.kills % self.verify_every == 0 or self.kills == kills:
                        verify(self.shop)
                    if report and self.kills % 10 == 0:
                        print(self.summary(), flush=True)
            except BaseException as error:
                error.add_note(f"seed {self.seed}, kill {self.kills}; the servers' logs:")
                for server in self.servers:
                    error.add_note(server.log[-1500:])
                raise

    def summary(self) -> str:
        """The sums so far, in a line."""
        answers = sum(self.crowd.books.answers.values())
        return (
            f"{self.kills} kills ({self.deciders} of the server that decided), {answers} answers,"
            f" {self.unknown} without an answer, nothing lost"
        )

    def _server(self, stack: ExitStack, place: int) -> Server:
        env = {**ENVIRONMENT, "CLUSTER_ADDRESS": "127.0.0.1", "LOG_LEVEL": "info"}
        if place == SERVERS - 1:  # as if on a machine of its own: it cannot see the others' sockets
            folder = tempfile.TemporaryDirectory(dir="/tmp")
            env["XDG_RUNTIME_DIR"] = stack.enter_context(folder)
        server = self.shop.server(env=env)
        stack.callback(server.close)
        return server

    async def _kill_trading(self) -> None:
        """Kills one while clients trade with all of them, and starts it again."""
        victim = await self._victim()
        trading = [asyncio.create_task(self.crowd.trade(server.port)) for server in self.servers]
        await asyncio.sleep(self.chance.uniform(*BEFORE_SECONDS))
        if self.chance.random() < STOPPED_FIRST:
            victim.send_signal(signal.SIGSTOP)
            await asyncio.sleep(self.chance.uniform(*STOPPED_SECONDS))
        await asyncio.to_thread(victim.kill)
        await asyncio.sleep(self.chance.uniform(*AFTER_SECONDS))
        self.crowd.stop()
        await asyncio.gather(*trading)
        self.unknown += len(self.crowd.unknown)
        await asyncio.to_thread(victim.start)

    async def _victim(self) -> Server:
        """The server that decides, or any."""
        deciders = [server for server in self.servers if await _decides(server)]
        if deciders and self.chance.random() < THE_DECIDER:
            victim = deciders[0]
        else:
            victim = self.chance.choice(self.servers)
        self.deciders += victim in deciders
        return victim

    async def _check(self) -> None:
        """Everything answered is stored; the levels of every server are those of the records."""
        await check_holds(self.shop, self.crowd)
        await self.crowd.settle(self.chance.choice(self.servers).port)
        self.crowd.books.touched.clear()
        for server in self.servers:
            deadline = time.monotonic() + AGREE_SECONDS
            while True:
                try:
                    await check_levels(self.crowd.books, server.port)
                    break
                except Lost:  # another server's latest commit may be on its way
                    if time.monotonic() > deadline:
                        raise
                await asyncio.sleep(0.05)


async def _decides(server: Server) -> bool:
    with Client(server.port) as client, suppress(ConnectionError):
        return ROLE.search((await client.get("/metrics")).body) is not None
    return False


def clusterstorm(places: Places, seed: int, verify_every: int = 25) -> ClusterStorm:
    """A storm on a new database."""
    return ClusterStorm(places.shop("postgres", large(SKUS, UNITS)), seed, verify_every)


def main() -> None:
    """Runs a storm, and prints its sums."""
    parser = argparse.ArgumentParser(prog="python -m bench.clusterstorm", description=__doc__)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(32))
    parser.add_argument("--verify-every", type=int, default=25, metavar="KILLS")
    given = parser.parse_args()
    started = time.monotonic()
    with Places(["postgres"], program=None) as places:
        storm = clusterstorm(places, given.seed, given.verify_every)
        storm.run(given.kills, report=True)
    spent = time.monotonic() - started
    print(f"{storm.summary()} (seed {given.seed}), in {spent:.0f} s", flush=True)


if __name__ == "__main__":
    main()
