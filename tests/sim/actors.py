"""The users of the simulated shop: buyers, a payment provider, an owner, listeners."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from fancymonkey.core.changes.bulk import Change, chain
from fancymonkey.core.command import Command
from fancymonkey.core.execute import CommandGroup, DryRun, RecordEvent
from fancymonkey.core.holds.attach import Attach
from fancymonkey.core.holds.end import Capture, Expire, Release
from fancymonkey.core.holds.reserve import Reserve
from fancymonkey.core.holds.set_reserved import SetReserved
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Kind, Line, Product
from fancymonkey.core.outcomes import Accepted, Answer
from fancymonkey.core.stock.adjust import Adjust, Count, Return, SetItem
from tests.core.builders import upsert
from tests.sim.world import SKUS, SimServer, World

MANY_TRIES = 200


class Buyer:
    """Fills a basket, changes it, and pays, pays late, pays twice, or leaves."""

    def __init__(self, world: World, number: int) -> None:
        self.world, self.chance = world, world.chance
        self.name = f"s{number}"
        self.made = 0

    async def run(self) -> None:
        for _ in range(self.chance.randrange(1, 4)):
            await asyncio.sleep(self.chance.uniform(0, 4))
            await self._visit()

    async def _visit(self) -> None:
        answer = await self._reserve()
        if self.chance.random() < 0.4:
            await asyncio.sleep(self.chance.uniform(0, 2))
            answer = await self._reserve() or answer
        if not isinstance(answer, Accepted):
            return
        hold = str(answer.data.reservation_id)
        ending = self.chance.random()
        if ending < 0.2:
            await self._release(hold)
        elif ending < 0.8:
            await self._pay(hold)
        if self.chance.random() < 0.2:
            await self._release(hold)

    async def _release(self, hold: str) -> None:
        await self.world.ask(Release(ref=self.chance.choice((hold, self.name))), 5)

    async def _reserve(self) -> Answer | None:
        self.made += 1
        some = self.chance.sample(SKUS, self.chance.choice((1, 1, 1, 2, 3)))
        command = Reserve(
            reservation_id=f"{self.name}-{self.made}",
            location=DEFAULT_LOCATION,
            session_id=self.name,
            lines=tuple(Line(sku, self.chance.randrange(1, 5)) for sku in some),
            ttl=self.chance.choice((400, 2000, 5000, 15_000)),
        )
        return await self.world.ask(keyed(self.world, command, 0.3), 2)

    async def _pay(self, hold: str) -> None:
        cs = f"cs-{hold}"
        until = self.world.servers[0].clock() + self.chance.choice((500, 3000, 9000))
        expires_at = until if self.chance.random() < 0.5 else None
        attach = Attach(ref=hold, session_id=cs, expires_at=expires_at)
        if self.chance.random() < 0.8:
            await self.world.ask(attach, 3)
        await asyncio.sleep(self.chance.choice((0.1, 1, 4, 10)) * self.chance.random())
        if cs in self.world.payments:
            return
        if self.chance.random() < 0.2:
            abandoned = RecordEvent(
                event_id=f"evt-gone-{cs}", type="expired", object_id=cs, effect=Release(ref=hold)
            )
            await deliver(self.world, abandoned)
        else:
            self.world.payments[cs] = hold
            await pay(self.world, cs, hold)


async def pay(world: World, cs: str, hold: str) -> None:
    """The provider reports a payment: more than once, out of order, until it is accepted."""
    paid = Capture(ref=hold, payment_id=cs)
    refusals = [
        RecordEvent(event_id=f"evt-{cs}", type="completed", object_id=cs, effect=paid)
        for _ in range(world.chance.choice((1, 1, 2, 3)))
    ]
    if world.chance.random() < 0.3:
        refusals.append(
            replace(refusals[0], event_id=f"evt-async-{cs}", type="async_payment_succeeded")
        )
    if world.chance.random() < 0.2:
        gone = Release(ref=hold)
        refusals.append(replace(refusals[0], event_id=f"evt-exp-{cs}", type="expired", effect=gone))
    if world.chance.random() < 0.3:
        world.returns[f"refund-{cs}"] += 1
        back = Return(
            sku="a/M", location=DEFAULT_LOCATION, quantity=1, reason="refund", cause=f"refund-{cs}"
        )
        refund = replace(refusals[0], event_id=f"evt-refund-{cs}", type="refunded", effect=back)
        refusals += [refund, refund]
    world.chance.shuffle(refusals)
    await asyncio.gather(*[deliver(world, event) for event in refusals])


async def deliver(world: World, event: RecordEvent) -> None:
    """One delivery, repeated until it is acknowledged."""
    await asyncio.sleep(world.chance.choice((0, 0.1, 2)) * world.chance.random())
    if not isinstance(await world.ask(event, MANY_TRIES), Accepted):
        world.problem(f"never delivered: {event}")


def keyed(world: World, command: Command, likelihood: float) -> Command:
    """Perhaps the command with an id of its own, watched by the world."""
    if world.chance.random() >= likelihood:
        return command
    key = f"key-{len(world.keyed)}"
    command = replace(command, command_id=key, digest="d", cause=key)
    world.keyed[key] = (command, False)
    return command


async def owner(world: World) -> None:
    """Counts, corrects, restocks, edits; sends some of it twice."""
    for _ in range(world.chance.randrange(4, 10)):
        await asyncio.sleep(world.chance.uniform(0, 3))
        for command in await _deeds(world):
            command = keyed(world, command, 0.7)
            twice = world.chance.random() < 0.3 and command.command_id is not None
            answers = await asyncio.gather(
                *[world.ask(command, 3 if command.command_id else 1) for _ in range(1 + twice)]
            )
            if command.command_id is not None:
                done = any(isinstance(answer, Accepted) for answer in answers)
                world.keyed[command.command_id] = (command, done)


async def _deeds(world: World) -> Sequence[Command]:
    chance = world.chance
    sku, some = chance.choice(SKUS), chance.sample(SKUS, 2)
    match chance.randrange(12):
        case 0:
            return [
                Adjust(
                    sku=sku,
                    location=DEFAULT_LOCATION,
                    delta=chance.randrange(-4, 5),
                    reason="shelf",
                )
            ]
        case 1:
            return [
                Adjust(
                    sku=sku,
                    location=DEFAULT_LOCATION,
                    delta=chance.randrange(1, 6),
                    kind=Kind.RECEIVED,
                )
            ]
        case 2 | 9 | 10:
            return await _count(world, sku)
        case 3:
            return [SetReserved(sku=sku, location=DEFAULT_LOCATION, quantity=chance.randrange(5))]
        case 4:
            change = Change(count=chance.randrange(3, 12), low_stock_threshold=chance.randrange(9))
            return [
                CommandGroup(
                    commands=tuple(
                        chain(command, change, location=DEFAULT_LOCATION) for command in some
                    )
                )
            ]
        case 5:
            change = Change(adjust=-3, reserved=chance.randrange(3))
            many = CommandGroup(
                commands=tuple(
                    chain(command, change, location=DEFAULT_LOCATION) for command in some
                )
            )
            return [DryRun(command=many), many]
        case 6:
            change = Change(count=chance.randrange(9), reserved=chance.randrange(9))
            return [chain(sku, change, location=DEFAULT_LOCATION)]
        case 7:
            return [
                SetItem(sku=sku, location=DEFAULT_LOCATION, sold_out=True),
                SetItem(sku=sku, location=DEFAULT_LOCATION, sold_out=False),
            ]
        case 8:
            name = f"Product {chance.randrange(99)}"
            return [replace(upsert("a"), product=Product("a", name, "hoodies"))]
        case _:
            return [Expire(actor="owner")]


async def _count(world: World, sku: str) -> Sequence[Command]:
    """Reads, counts for a while, and sets the counted units if nothing has changed since."""
    server = world.server()
    if server is None or server.engine is None:
        return []
    seen = server.engine.view.stock(sku).on_hand
    await asyncio.sleep(world.chance.uniform(0, 3))
    return [
        Count(
            sku=sku, location=DEFAULT_LOCATION, quantity=world.chance.randrange(10), expected=seen
        )
    ]


class Listener:
    """A browser: keeps the received state, is slow at times, and resumes at its last revision."""

    def __init__(self, world: World) -> None:
        self.world, self.chance = world, world.chance
        self.since: int | None = None
        self.known: dict[str, tuple[int, int]] = {}

    async def run(self) -> None:
        while True:
            server = self.world.server()
            if server is not None and server.engine is not None:
                await self._listen(server)
            await asyncio.sleep(self.chance.uniform(0, 0.5))

    async def _listen(self, server: SimServer) -> None:
        engine = server.engine
        assert engine is not None
        if self.since is not None and engine.view.revision < self.since:
            return  # that server does not have it yet; try again or at another one
        subscription = await engine.subscribe(self.since)
        try:
            for _ in range(self.chance.randrange(1, 20)):
                change = await subscription.next()
                if change is None:
                    return
                if self.since is not None and change.revision < self.since:
                    self.world.problem(f"got {change.revision} after {self.since}")
                self.since = change.revision
                for sku in SKUS if change.fresh else change.skus & set(SKUS):
                    level = engine.view.levels[(sku, "main")]
                    self.known[sku] = (level.on_hand, level.reserved)
                if self.chance.random() < 0.3:
                    await asyncio.sleep(self.chance.uniform(0, 2))
        finally:
            subscription.close()

    def check(self) -> None:
        """All work has ended: the browser has the current stock."""
        rows = self.world.db.image.snapshot().levels
        stored = {level.sku: (level.on_hand, level.reserved) for level in rows}
        if self.known != stored:
            self.world.problem(f"a listener believes {self.known}, stored is {stored}")


async def echo(world: World) -> None:
    """A client that repeats a request which was answered long ago."""
    while True:
        await asyncio.sleep(world.chance.uniform(0.5, 4))
        done = [command for command, acknowledged in world.keyed.values() if acknowledged]
        if done:
            await world.ask(world.chance.choice(done))


async def chaos(world: World) -> None:
    """Servers are killed, shut down and started again."""
    while True:
        await asyncio.sleep(world.chance.uniform(1, 8))
        server = world.chance.choice(world.servers)
        if server.engine is None:
            continue
        if world.chance.random() < 0.7:
            server.crash()
        else:
            await server.stop()
        await asyncio.sleep(world.chance.uniform(0, 1.5))
        await server.start()


async def inspector(world: World) -> None:
    """Reads all the time."""
    while not world.problems:
        await asyncio.sleep(world.chance.uniform(0, 0.4))
        world.check_now()
        for server in world.servers:
            if server.engine is not None and world.chance.random() < 0.1:
                server.engine.expire_view()
