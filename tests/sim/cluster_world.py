"""Three servers on one database, of which one decides, and a check of every single operation.

Each operation leaves its mark in the ledger at most once. The database notes when each entry was
committed. So an operation is linearizable if its entry was committed between its start and its
answer; and a refusal, if the stock was insufficient at some moment in between.
"""

import asyncio
import logging
import random
from bisect import bisect_right
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from fancymonkey.core.command import Command
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.outcomes import Accepted, Answer
from fancymonkey.core.stock.adjust import Adjust
from fancymonkey.engine.cluster.cluster import Cluster
from fancymonkey.engine.engine import Engine
from fancymonkey.errors import StoreError
from fancymonkey.store.contract import Commit
from tests.core.builders import upsert
from tests.sim.cluster_network import SimNetwork
from tests.sim.database import QUIET, Database, Faults, SimStore
from tests.sim.loop import virtual_loop
from tests.sim.world import START, _Alarm

SKUS = ("a/S", "a/M", "b/S", "b/M")
STOCK = 6
LATE_SECONDS = 1.5
"""No operation takes effect later than this after its caller got the answer "unknown"."""
CLIENTS = 8
OPERATIONS = 80


class TimedDatabase(Database):
    """Notes when each entry was committed."""

    def __init__(self, chance: random.Random, faults: Faults) -> None:
        super().__init__(chance, faults)
        self.times: list[float] = []
        self.revisions: dict[str, int] = {}
        self.after: dict[str, list[tuple[float, int]]] = {sku: [] for sku in SKUS}

    def _commit(self, commands: Sequence[Command], now: int, after: int) -> Commit:
        count = len(self.entries)
        commit = super()._commit(commands, now, after)
        at = virtual_loop().time()
        for entry in self.entries[count:]:
            self.times.append(at)
            self.revisions[entry.cause] = entry.revision
            if entry.sku in self.after:
                self.after[entry.sku].append((at, entry.on_hand_after))
        return commit


@dataclass
class Operation:
    """One request. `answer` is None if its outcome was reported as unknown."""

    command: Adjust
    cause: str
    started: float
    ended: float = 0.0
    answer: Answer | None = None


class Node:
    """A server with its part of the cluster."""

    def __init__(self, world: "ClusterWorld", name: str, machine: int) -> None:
        self.world, self.name, self.machine = world, name, f"machine {machine}"
        self._ahead = 1000.0 * machine
        """Seconds by which the clock of its machine is ahead."""
        self.unread = name != "server 0"
        """Whether it gets commits later than others, because it counts no client as a reader."""
        self.engine: Engine | None = None
        self.store: SimStore | None = None
        self.cluster: Cluster | None = None

    def _time(self) -> float:
        return virtual_loop().time() + self._ahead

    async def start(self) -> None:
        while True:
            store = SimStore(self.world.db)
            engine = Engine(store, lambda: START + int(virtual_loop().time() * 1000))
            try:
                await engine.open()
            except StoreError:
                self._kill(engine, store)
                await asyncio.sleep(0.2)
                continue
            if self.unread:
                engine.feed.requests = int
            self.engine, self.store = engine, store
            access = partial(self.world.network.access, self.name)
            self.cluster = Cluster(engine, access(self.machine), self._time, access(""))
            self.cluster.start()
            return

    def _count(self) -> None:
        if self.cluster is not None:
            self.world.forwarded += self.cluster.forwarded

    def crash(self) -> None:
        """Dies between two instructions. Statements that it has sent to the database still run."""
        engine, store, cluster = self.engine, self.store, self.cluster
        self._count()
        self.engine = self.store = self.cluster = None
        if engine is None or store is None or cluster is None:
            return
        self._kill(engine, store)
        decider = cluster._decider
        for task in (cluster._task, *(() if decider is None else decider._tasks)):
            if task is not None:
                task.cancel()
        self.world.network.cut(self.name)

    def _kill(self, engine: Engine, store: SimStore) -> None:
        store.cut()
        engine.feed.close()
        engine._closing = True
        for task in (*engine._tasks, engine.batcher._task):
            if task is not None:
                task.cancel()

    async def stop(self) -> None:
        engine, cluster = self.engine, self.cluster
        self._count()
        self.engine = self.cluster = None
        if engine is not None and cluster is not None:
            await cluster.close()
            await engine.close()


class ClusterWorld:
    """The database, the servers, every operation, and the violations."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(f"cluster {seed}")
        rough = self.chance.random() < 0.7
        faults = Faults(0.01, 0.01, 0.01, 0.03) if rough else QUIET
        self.db = TimedDatabase(self.chance, faults)
        self.network = SimNetwork(self.chance)
        self.nodes = [Node(self, f"server {number}", number // 2) for number in range(3)]
        self.operations: list[Operation] = []
        self.problems: list[str] = []
        self.forwarded = 0
        self._alarm = _Alarm(self.problems)

    def problem(self, text: str) -> None:
        self.problems.append(f"at {virtual_loop().time():.3f} s: {text}")

    async def run(self) -> None:
        """A day: clients work while servers crash, stop and lose their connections."""
        async with self.open():
            trouble = asyncio.create_task(self._chaos())
            await asyncio.gather(*[self._client(number) for number in range(CLIENTS)])
            trouble.cancel()
            await asyncio.wait([trouble])

    async def frozen_decider(self) -> None:
        """A decider is stopped for three seconds while commands are on their way to it."""
        async with self.open():
            decider, follower = await self.pair()
            assert decider.cluster is not None
            assert decider.cluster._task is not None
            decider.cluster._task.cancel()  # as a stopped process, it does not look at the lease
            self.network.frozen.add(decider.name)
            asks = [
                self._ask(follower, f"while frozen {number}", number % 2) for number in range(6)
            ]
            await asyncio.gather(*asks)
            await asyncio.sleep(2)
            self.network.frozen.clear()
            await asyncio.sleep(1)
            self.db.faults = QUIET
            decider.crash()

    async def leaving_decider(self) -> None:
        """Commands arrive at a decider that takes no more."""
        async with self.open():
            decider, follower = await self.pair()
            assert decider.cluster is not None
            assert decider.cluster._decider is not None
            decider.cluster._decider._leaving = True
            await asyncio.gather(*[self._ask(follower, f"returned {n}") for n in range(6)])

    async def pair(self) -> tuple[Node, Engine]:
        """The decider and a server that follows it."""
        self.db.faults = QUIET
        await asyncio.sleep(5)
        clusters = [(node, node.cluster, node.engine) for node in self.nodes]
        (decider,) = (node for node, cluster, _ in clusters if cluster and cluster.decides_for == 2)
        follower = next(engine for _, cluster, engine in clusters if cluster and cluster.follows)
        assert follower is not None
        return decider, follower

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Fills the shop and starts the servers; checks everything at the end."""
        logger = logging.getLogger("fancymonkey")
        logger.addHandler(self._alarm)
        try:
            self.db._commit([upsert("a", 0, STOCK), upsert("b", 1, STOCK)], START, 0)
            for node in self.nodes:
                await node.start()
            yield
            await self._rest()
        finally:
            logger.removeHandler(self._alarm)

    async def _rest(self) -> None:
        self.network.frozen.clear()
        self.db.faults = QUIET
        for node in self.nodes:
            if node.engine is None:
                await node.start()
        await asyncio.sleep(20)
        self._check()
        for node in self.nodes:
            await node.stop()

    async def _chaos(self) -> None:
        while True:
            await asyncio.sleep(self.chance.uniform(0.1, 0.8))
            node = self.chance.choice(self.nodes)
            match self.chance.choice(("crash", "stop", "stop", "freeze", "cut")):
                case "crash":
                    node.crash()
                    await asyncio.sleep(self.chance.uniform(0, 0.5))
                    await node.start()
                case "stop":
                    await node.stop()
                    await node.start()
                case "freeze":
                    self.network.frozen.add(node.name)
                    await asyncio.sleep(self.chance.uniform(0.1, 4))
                    self.network.frozen.discard(node.name)
                case "cut":
                    for _, _, first, _ in self.network.channels[-2:]:
                        first.abort()

    async def _client(self, number: int) -> None:
        for count in range(OPERATIONS):
            await asyncio.sleep(self.chance.uniform(0, 0.1))
            node = self.chance.choice(self.nodes)
            if node.engine is not None:
                self._read(node.engine)
                await self._ask(node.engine, f"client {number} operation {count}")

    async def _ask(self, engine: Engine, cause: str, known: float | None = None) -> None:
        """One operation; `known`: the chance that the store recognises a repetition of it."""
        id_ = cause if self.chance.random() < (0.3 if known is None else known) else None
        delta = self.chance.choice((-3, -2, -1, 1, 1, 2))
        sku = self.chance.choice(SKUS)
        command = Adjust(
            sku=sku, location=DEFAULT_LOCATION, delta=delta, cause=cause, command_id=id_
        )
        operation = Operation(command, cause, virtual_loop().time())
        self.operations.append(operation)
        try:
            async with asyncio.timeout(60):
                operation.answer = await engine.submit(command)
        except StoreError:
            pass
        except TimeoutError:
            self.problem(f"no answer to {command}")
        operation.ended = virtual_loop().time()
        if isinstance(operation.answer, Accepted):
            self._read(engine)
            if self.db.revisions.get(cause, engine.view.revision + 1) > engine.view.revision:
                self.problem(f"{cause} was answered, and the view does not show it")

    def _read(self, engine: Engine) -> None:
        """A server shows the state of the ledger at its shown revision."""
        revision = engine.view.revision
        for sku in SKUS:
            stock = 0
            for entry in reversed(self.db.entries[:revision]):
                if entry.sku == sku:
                    stock = entry.on_hand_after
                    break
            if engine.view.level(sku, DEFAULT_LOCATION).on_hand != stock:
                self.problem(f"a view at {revision} does not show {stock} of {sku}")

    def _check(self) -> None:
        self.problems += self.db.problems
        revisions = [entry.revision for entry in self.db.entries]
        if revisions != list(range(1, len(revisions) + 1)):
            self.problem("the revisions have a gap")
        done = Counter(entry.cause for entry in self.db.entries)
        at = {entry.cause: time for entry, time in zip(self.db.entries, self.db.times, strict=True)}
        for operation in self.operations:
            self._check_operation(operation, done[operation.cause], at.get(operation.cause))
        for node in self.nodes:
            assert node.engine is not None
            self._read(node.engine)
            if node.engine.view.revision != len(revisions):
                self.problem(f"{node.name} stays at {node.engine.view.revision}")

    def _check_operation(self, operation: Operation, count: int, at: float | None) -> None:
        cause, answer = operation.cause, operation.answer
        if count > 1:
            self.problem(f"{cause} was run {count} times")
        elif answer is None:
            if at is not None and at > operation.ended + LATE_SECONDS:
                self.problem(
                    f"{cause} was given up at {operation.ended:.3f} s, and run at {at:.3f}"
                )
        elif isinstance(answer, Accepted):
            if at is None or not operation.started <= at <= operation.ended:
                self.problem(f"{cause} was accepted by {operation.ended:.3f} s, committed at {at}")
        elif count:
            self.problem(f"{cause} was refused, and run")
        elif self._lowest(operation) < -operation.command.delta:
            return
        else:
            self.problem(f"{cause} was refused, and the stock was never too low: {answer}")

    def _lowest(self, operation: Operation) -> int:
        """The smallest stock between the start and the end of an operation."""
        changes = self.db.after[operation.command.sku]
        first = bisect_right(changes, (operation.started, -1)) - 1
        values = [
            stock
            for place, (time, stock) in enumerate(changes)
            if place >= first and time <= operation.ended
        ]
        return min(values)
