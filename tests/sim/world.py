"""Servers on one database that crash and restart, and the invariants that must hold."""

import asyncio
import logging
import random
from collections import Counter

from fancymonkey.core.answers import stored
from fancymonkey.core.command import Command
from fancymonkey.core.execute import DryRun
from fancymonkey.core.model import Cursor, Level, Reservation, Status, TurnedAway
from fancymonkey.core.outcomes import Accepted, Answer
from fancymonkey.core.planning.daily_demand import CURSOR, DailyDemand, units_sold
from fancymonkey.engine.demand.daily_demand import DemandKeeper
from fancymonkey.engine.engine import Engine
from fancymonkey.errors import StoreError
from fancymonkey.store.demand_check import DemandCheck
from tests.core.builders import upsert
from tests.sim.database import QUIET, Database, Faults, SimStore
from tests.sim.loop import virtual_loop
from tests.sim.replay import Replay

START = 1_000_000_000_000
SKUS = ("a/S", "a/M", "b/S", "b/M")
STOCK = 12
LATE = 6000
"""The longest time in ms that a hold may exist after its deadline, because of retries, restarts
and different clocks."""
PATIENCE = 120.0
"""A client without an answer after this many virtual seconds never gets one."""


class SimServer:
    """A process with an engine and its own clock, which may end at any time."""

    def __init__(self, world: "World", name: str, skew: int) -> None:
        self.world, self.name, self.skew = world, name, skew
        self.engine: Engine | None = None
        self.store: SimStore | None = None
        self.starts = 0

    def clock(self) -> int:
        return START + int(virtual_loop().time() * 1000) + self.skew

    async def start(self) -> None:
        """Opens an engine, however often that takes."""
        while True:
            store = SimStore(self.world.db)
            engine = Engine(store, self.clock)
            try:
                await engine.open()
            except StoreError:
                self._kill(engine, store)
                await asyncio.sleep(0.2)
                continue
            self.engine, self.store = engine, store
            self.starts += 1
            # Every server follows the ledger, as if no lease kept all but one from it.
            engine._start(DemandKeeper(engine).run(), "daily demand")
            return

    def crash(self) -> None:
        """Ends between two instructions. Its sent statements still run in the database."""
        engine, store = self.engine, self.store
        self.engine = self.store = None
        if engine is not None and store is not None:
            self._kill(engine, store)

    def _kill(self, engine: Engine, store: SimStore) -> None:
        store.cut()
        engine.feed.close()
        engine._closing = True
        for task in (*engine._tasks, engine.batcher._task):
            if task is not None:
                task.cancel()

    async def stop(self) -> None:
        """Shuts down in an orderly way."""
        engine, self.engine = self.engine, None
        if engine is not None:
            await asyncio.wait_for(engine.close(), PATIENCE)


class World:
    """The database, its servers, the requests and the answers."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(f"world {seed}")
        rough = self.chance.random() < 0.8
        alone = self.chance.random() < 0.25
        faults = Faults(0.02, 0.015, 0 if alone else 0.015, 0.05) if rough else QUIET
        self.db = Database(self.chance, faults, alone=alone)
        skews: tuple[int, ...] = (0, self.chance.choice((0, 0, 5, -40, 300, -700)))
        skews = skews[: 1 if alone else 2]
        self.servers = [SimServer(self, f"server {n}", skew) for n, skew in enumerate(skews)]
        self.problems: list[str] = []
        self.payments: dict[str, str] = {}
        self.returns: Counter[str] = Counter()
        self.keyed: dict[str, tuple[Command, bool]] = {}
        self.asked: Counter[int] = Counter()
        self._alarm = _Alarm(self.problems)

    def problem(self, text: str) -> None:
        self.problems.append(f"at {virtual_loop().time():.3f} s: {text}")

    async def open(self) -> None:
        """Fills the shop and starts the servers."""
        logger = logging.getLogger("fancymonkey")
        logger.addHandler(self._alarm)
        await self.db.run([upsert("a", 0, STOCK), upsert("b", 1, STOCK)], START, 0)
        self.db.replay = Replay(dict.fromkeys(SKUS, STOCK))
        for server in self.servers:
            await server.start()

    def close(self) -> None:
        logging.getLogger("fancymonkey").removeHandler(self._alarm)

    def server(self) -> SimServer | None:
        """A random running server."""
        up = [server for server in self.servers if server.engine is not None]
        return self.chance.choice(up) if up else None

    # Asking -----------------------------------------------------------------------------------

    async def ask(
        self, command: Command, tries: int = 1, on: SimServer | None = None
    ) -> Answer | None:
        """One client's request; None if its outcome is unknown."""
        for _ in range(tries):
            server = on or self.server()
            if server is not None and server.engine is not None:
                self.asked[id(command)] += 1
                answer = await self._ask(server.engine, command)
                if answer is not None:
                    return answer
            await asyncio.sleep(self.chance.uniform(0.05, 0.8))
        return None

    async def _ask(self, engine: Engine, command: Command) -> Answer | None:
        leaves_early = self.chance.random() < 0.03
        patience = self.chance.uniform(0, 0.02) if leaves_early else PATIENCE
        try:
            async with asyncio.timeout(patience):
                if self.chance.random() < 0.5:
                    answer = await engine.pending(command)
                else:
                    answer = await engine.submit(command)
        except StoreError:
            return None
        except TimeoutError:
            if not leaves_early:
                self.problem(f"no answer to {command}")
            return None
        except Exception as error:
            self.problem(f"{command} failed: {error!r}")
            return None
        self._acknowledged(engine, command, answer)
        return answer

    def _acknowledged(self, engine: Engine, command: Command, answer: Answer) -> None:
        if answer not in self.db.applied.get(id(command), ()):
            self.problem(f"acknowledged, not committed: {command}: {answer}")
        data = stored(answer.data) if isinstance(answer, Accepted) else None
        revision = data.get("revision", 0) if isinstance(data, dict) else 0
        if not isinstance(answer, Accepted) or answer.replayed or isinstance(command, DryRun):
            return
        if engine.view.revision < revision:
            self.problem(f"answered {revision}, shown {engine.view.revision}: {command}")

    # Checking ---------------------------------------------------------------------------------

    def check_now(self) -> None:
        """The invariants of every moment."""
        self.problems += self.db.problems
        self.db.problems.clear()
        now = START + int(virtual_loop().time() * 1000)
        for row in self.db.image.rows[Reservation].values():
            if row.status is Status.HELD and row.expires_at is not None:
                if row.expires_at + LATE < now:
                    self.problem(f"outlived its deadline by {now - row.expires_at} ms: {row}")
        for server in self.servers:
            if server.engine is not None and server.engine.view.revision == self.db.image.revision:
                self._check_view(server.name, server.engine)

    def _check_view(self, name: str, engine: Engine) -> None:
        rows = self.db.image.rows
        if engine.view.levels != rows[Level]:
            self.problem(f"{name} shows {engine.view.levels}, stored is {rows[Level]}")
        holds = rows[Reservation].values()
        live = {row.reservation_id: row.expires_at for row in holds if row.status is Status.HELD}
        shown = {id_: hold.until for id_, hold in engine.view.holds.items()}
        if shown != live:
            self.problem(f"{name} shows holds {shown}, stored are {live}")

    def check_end(self) -> None:
        """The invariants after all work has ended."""
        self.check_now()
        self._check_ledger()
        self._check_demand()
        for cs, ref in self.payments.items():
            self._check_payment(cs, ref)
        for cause, units in self.returns.items():
            sold = sum(e.on_hand for e in self.db.entries if e.cause == cause and e.on_hand > 0)
            if sold != units:
                self.problem(f"refund {cause} brought back {sold}, not {units}")
        for command in self.db.kept:
            if 0 < self.asked[id(command)] < len(self.db.applied[id(command)]):
                self.problem(f"asked {self.asked[id(command)]} times, done more often: {command}")
        for key, (command, acknowledged) in self.keyed.items():
            self._check_once(key, command, acknowledged=acknowledged)
        for server in self.servers:
            assert server.engine is not None
            view, snapshot = server.engine.view, self.db.image.snapshot()
            if view.revision != snapshot.revision:
                self.problem(f"{server.name} stays at {view.revision}, not {snapshot.revision}")
            if view.products != {row.product_id: row for row in snapshot.products}:
                self.problem(f"{server.name} shows old products")
            if view.items != {row.sku: row for row in snapshot.items}:
                self.problem(f"{server.name} shows old items")

    def _check_demand(self) -> None:
        """The maintained rows are the sums of the whole ledger."""
        rows = self.db.image.rows
        check = DemandCheck(rows[Cursor].get(CURSOR))
        sold = [entry.revision for entry in self.db.entries if any(units_sold(entry))]
        if sold and check.revision < sold[-1]:
            self.problem(f"the daily demand stays at {check.revision}, not {sold[-1]}")
        for row in rows[DailyDemand].values():
            check.row(row)
        for entry in self.db.entries:
            check.entry(entry)
        for away in rows[TurnedAway].values():
            if away.counted != away.units:
                self.problem(f"{away} is not counted")
            check.turned_away(away)
        for finding in check.findings():
            self.problem(finding.text)

    def _check_ledger(self) -> None:
        """Ledger, levels and holds are consistent."""
        image, held = self.db.image, Counter[str]()
        for row in image.rows[Reservation].values():
            moved = Counter[str]()
            for entry in self.db.entries:
                if entry.reservation_id == row.reservation_id:
                    moved[entry.sku] += entry.reserved
            live = row.status is Status.HELD
            lines = {units.sku: units.quantity for units in row.allocations if live}
            if +moved != lines or -moved:
                self.problem(f"{row} has {dict(moved)} in the ledger")
            held.update(lines)
        for level in image.rows[Level].values():
            entries = [entry for entry in self.db.entries if entry.sku == level.sku]
            sums = (sum(e.on_hand for e in entries), sum(e.reserved for e in entries))
            if sums != (level.on_hand, level.reserved) or level.reserved != held[level.sku]:
                self.problem(f"{level}: the ledger says {sums}, holds {held[level.sku]}")

    def _check_payment(self, cs: str, ref: str) -> None:
        row = self.db.image.reservation(ref)
        sold = Counter[str]()
        for entry in self.db.entries:
            if entry.cause == cs:
                sold[entry.sku] += entry.backordered - entry.on_hand
        if row is None or row.status is not Status.CAPTURED or row.payment_id != cs:
            self.problem(f"{cs} was paid: {row}")
        elif sold != Counter({units.sku: units.quantity for units in row.allocations}):
            self.problem(f"{cs} sold {dict(sold)} for {row}")

    def _check_once(self, key: str, command: Command, *, acknowledged: bool) -> None:
        """A command with a key ran at most once, and at least once if it was confirmed."""
        answers = self.db.applied.get(id(command), [])
        accepted = [
            answer for answer in answers if isinstance(answer, Accepted) and not answer.replayed
        ]
        assert self.db.replay is not None
        idle = {id(answer) for answer in self.db.replay.repeatable}
        real = [answer for answer in accepted if id(answer) not in idle]
        if len(real) > 1 or (acknowledged and not accepted):
            self.problem(f"{key} was run {len(real)} times: {command}")


class _Alarm(logging.Handler):
    """An error in the log of the engine is a failure: none of the faults here should cause one."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._problems = problems

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        error = record.exc_info[1] if record.exc_info else None
        self._problems.append(f"logged: {text} {error!r}")
