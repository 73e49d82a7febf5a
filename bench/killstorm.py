"""`python -m bench.killstorm --store STORE --kills N`: kill -9 the real server under load, again
and again, and check that every acknowledged change is in the store.

After each kill the server starts again, the store is read beside it, the interrupted requests are
sent again, and then every level must exactly equal the records of the clients.
"""

import argparse
import asyncio
import os
import random
import time
from collections import Counter
from dataclasses import dataclass, field

from bench.buyers import Books, Crowd
from bench.client import Client
from bench.shops import STORES, BenchShop, Places, large
from fancymonkey.core.model import split_sku
from fancymonkey.engine.clock import system_clock
from fancymonkey.store.open import open_store
from tests.support.program import run
from tests.support.server import Server

SKUS, UNITS = 24, 60
ENVIRONMENT = {"RESERVATION_TTL_SECONDS": "86400"}
LOAD_SECONDS = (0.02, 0.5)
KILLED_WHILE_STARTING = 0.1
"""One kill in this many hits a server that has not answered yet."""


class Lost(AssertionError):
    """An acknowledged change is missing, or there is a change without a request."""


@dataclass(slots=True)
class Storm:
    """Kills on one shop, and the records of its clients."""

    shop: BenchShop
    seed: int
    verify_every: int = 1
    kills: int = 0
    starts: list[float] = field(default_factory=list)
    unknown: int = 0
    chance: random.Random = field(init=False)
    crowd: Crowd = field(init=False)
    server: Server = field(init=False)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.crowd = Crowd(asyncio.run(books_of(self.shop)), self.chance)
        self.server = self.shop.server(env=ENVIRONMENT)

    def run(self, kills: int, report: bool = False) -> None:
        """This many kills, a check after each. Raises Lost, Unexpected."""
        try:
            self.start()
            while self.kills < kills:
                self.kills += 1
                if self.chance.random() < KILLED_WHILE_STARTING:
                    self.kill_starting()
                else:
                    asyncio.run(self.kill_trading())
                self.start()
                asyncio.run(self.check())
                if self.kills % self.verify_every == 0 or self.kills == kills:
                    verify(self.shop)
                if report:
                    print(self.summary(), flush=True)
        except BaseException as error:
            error.add_note(f"seed {self.seed}, kill {self.kills}; the server's log:")
            error.add_note(self.server.log[-3000:])
            raise
        finally:
            self.server.close()

    def summary(self) -> str:
        """The progress, in a line."""
        answers = ", ".join(f"{kind} {n}" for kind, n in sorted(self.crowd.books.answers.items()))
        slowest = max(self.starts)
        return (
            f"{self.shop.name} kill {self.kills}: {answers}; {self.unknown} broke off; "
            f"start-up {self.starts[-1]:.2f} s (slowest {slowest:.2f})"
        )

    def start(self) -> None:
        """Starts the server and notes how long that takes."""
        started = time.monotonic()
        self.server.start()
        self.starts.append(time.monotonic() - started)

    def kill_starting(self) -> None:
        """Kills it while it starts."""
        self.server.kill()
        self.server.launch()
        time.sleep(self.chance.uniform(0, max(self.starts[-3:])))
        self.server.kill()

    async def kill_trading(self) -> None:
        """Kills it while its clients trade."""
        trading = asyncio.create_task(self.crowd.trade(self.server.port))
        await self.crowd.trade_for(self.chance.uniform(*LOAD_SECONDS))
        await asyncio.to_thread(self.server.kill)
        await trading
        self.unknown += len(self.crowd.unknown)

    async def check(self) -> None:
        """Everything answered is stored; an interrupted change is complete or absent; levels are
        exact.
        """
        books = self.crowd.books
        await check_holds(self.shop, self.crowd)
        await self.crowd.settle(self.server.port)
        books.touched.clear()
        await check_levels(books, self.server.port)


async def books_of(shop: BenchShop) -> Books:
    store = open_store(shop.target, read_only=True)
    await store.open(system_clock())
    try:
        levels = (await store.snapshot()).levels
    finally:
        await store.close()
    return Books(Counter({split_sku(level.sku): level.on_hand for level in levels}))


async def check_holds(shop: BenchShop, crowd: Crowd) -> None:
    """Reads the store beside the server, before anything is sent again."""
    open_wishes = {
        attempt.hold.session: attempt for attempt in crowd.unknown if attempt.hold is not None
    }
    store = open_store(shop.target, read_only=True)
    await store.open(system_clock())
    try:
        for session in crowd.books.touched:
            reservation = await store.reservation(session)
            recorded = crowd.books.holds.get(session)
            attempt = open_wishes.get(session)
            hold = recorded or (attempt.hold if attempt else None)
            if reservation is None or hold is None:
                if recorded is not None:
                    raise Lost(f"{recorded} was acknowledged and is not stored")
                if reservation is not None:
                    raise Lost(f"{reservation} is stored, and its request was refused")
                continue
            lines = {split_sku(line.sku): line.quantity for line in reservation.lines}
            if lines != hold.lines:
                raise Lost(f"{reservation} does not hold all lines of {hold}")
            ends = {"release": "released", "payment": "captured"}
            may = {hold.status, ends.get(attempt.kind, "held")} if attempt else {hold.status}
            if str(reservation.status) not in may or (
                recorded and reservation.reservation_id != recorded.id
            ):
                raise Lost(f"{reservation} must be {' or '.join(sorted(may))}: {hold}")
    finally:
        await store.close()


async def check_levels(books: Books, port: int) -> None:
    """The stock that a server shows is exactly that of the records. Raises Lost."""
    reserved = books.reserved()
    with Client(port) as client:
        shown = (await client.get("/api/inventory/get")).json["inventory"]
    for product in shown:
        for size in product["sizes"]:
            key = (product["productId"], size["size"])
            shown_stock = size["stock"], size["reserved"]
            meant = books.on_hand[key], reserved[key]
            if shown_stock != meant:
                raise Lost(f"{key}: (stock, reserved) is {shown_stock}, must be {meant}")


def verify(shop: BenchShop) -> None:
    """Runs `fancymonkey verify` beside the server. Raises Lost if it finds anything."""
    environment = {**os.environ, **shop.environment()}
    done = run(["verify"], environment=environment, directory="/")
    if done.returncode != 0:
        raise Lost(f"verify ended with {done.returncode}:\n{done.stdout}{done.stderr}")


def storm(places: Places, name: str, seed: int, verify_every: int = 1) -> Storm:
    """A storm on a new store of this kind."""
    return Storm(places.shop(name, large(SKUS, UNITS)), seed, verify_every)


def main() -> None:
    """Storms on each store that is named."""
    parser = argparse.ArgumentParser(prog="python -m bench.killstorm", description=__doc__)
    parser.add_argument("--store", action="append", choices=STORES, help="again: several; else all")
    parser.add_argument("--kills", type=int, default=10, help="on each store")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(32))
    parser.add_argument("--verify-every", type=int, default=25, metavar="KILLS")
    given = parser.parse_args()
    with Places() as places:
        for name in given.store or STORES:
            started = time.monotonic()
            storm_run = storm(places, name, given.seed, given.verify_every)
            storm_run.run(given.kills, report=True)
            answers = sum(storm_run.crowd.books.answers.values())
            spent = time.monotonic() - started
            print(
                f"{name}: {storm_run.kills} kills (seed {given.seed}), {answers} answers,"
                f" {storm_run.unknown} broke off, nothing lost, in {spent:.0f} s",
                flush=True,
            )


if __name__ == "__main__":
    main()
