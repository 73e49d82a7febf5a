"""Random networks of locations and transfers: no unit is lost or added.

The expected sums come from a second, simpler record of units that came in, were found, or were
lost. Holds come and go.
"""

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from fancymonkey.core.catalogue.products import NewItem, UpsertProduct
from fancymonkey.core.command import Command
from fancymonkey.core.holds.reserve import Reserve
from fancymonkey.core.locations.accounts import StockState
from fancymonkey.core.locations.edit import AddLocation
from fancymonkey.core.locations.locations import Location
from fancymonkey.core.model import Item, Kind, Level, Line, Product
from fancymonkey.core.stock.adjust import Adjust
from fancymonkey.core.stock.move import MoveStock
from fancymonkey.core.transfers.edit import CreateTransfer
from fancymonkey.core.transfers.finish import CancelTransfer, CloseTransfer
from fancymonkey.core.transfers.receive import ReceivedLine, ReceiveTransfer
from fancymonkey.core.transfers.send import SendTransfer
from fancymonkey.core.transfers.transfer import Missing, RejectTo, Transfer
from fancymonkey.core.transfers.undo_receipt import UndoReceipt
from fancymonkey.store.contract import Store
from fancymonkey.store.in_memory.store import MemoryStore
from fancymonkey.store.verify import verify_store

SKUS = ("a/S", "a/M", "a/L")
STATES = (None, StockState.DAMAGED, StockState.QUARANTINE, StockState.RETURNED)


class TransferNetwork:
    """Locations with stock, and random steps of transfers between them."""

    def __init__(self, store: Store, seed: int) -> None:
        self.store = store
        self.chance = random.Random(seed)
        self.locations = ["main", *(f"p{number}" for number in range(self.chance.randrange(1, 5)))]
        self.units: Counter[str] = Counter()
        self.ids: list[str] = []
        self.holds = 0

    async def begin(self) -> None:
        items = tuple(NewItem(Item(sku, "a", sku[2:]), 20) for sku in SKUS)
        commands: list[Command] = [
            UpsertProduct(product=Product("a", "A"), location="main", items=items)
        ]
        commands += [AddLocation(location=Location(id_, id_)) for id_ in self.locations[1:]]
        commands += [
            Adjust(sku=sku, location=id_, delta=10, kind=Kind.RECEIVED)
            for sku in SKUS
            for id_ in self.locations[1:]
        ]
        await self.store.run(commands, 1, 0)
        self.units.update(dict.fromkeys(SKUS, 10 + 10 * len(self.locations)))

    async def step(self, now: int) -> None:
        """A batch of random commands, and their effect in the second record."""
        steps: list[Callable[[], tuple[Command, ...]]] = [
            *(self._create, self._send, self._receive, self._receive, self._close),
            *(self._cancel, self._undo, self._move, self._hold),
        ]
        batch = [
            command
            for _ in range(self.chance.choice((1, 1, 3)))
            for command in self.chance.choice(steps)()
        ]
        before = {id_: await self.store.find(Transfer, id_) for id_ in self.ids}
        await self.store.run(batch, now, 0)
        for id_ in self.ids:
            await self._account(before.get(id_), await self.store.find(Transfer, id_))

    async def _account(self, before: Transfer | None, after: Transfer | None) -> None:
        for line in () if after is None else after.lines:
            was = None if before is None else before.line(line.sku)
            surplus = line.found - (0 if was is None else was.found)
            lost = line.lost - (0 if was is None else was.lost)
            self.units[line.sku] += surplus - lost

    def _create(self) -> tuple[Command, ...]:
        self.ids.append(f"t{len(self.ids)}")
        source, destination = self.chance.choices(self.locations, k=2)
        skus = self.chance.sample(SKUS, self.chance.randrange(1, 4))
        lines = tuple(Line(sku, self.chance.randrange(1, 12)) for sku in skus)
        create = CreateTransfer(
            transfer_id=self.ids[-1],
            from_location=source,
            to_location=destination,
            lines=lines,
        )
        return (create, SendTransfer(transfer_id=self.ids[-1]))

    def _any(self) -> str:
        return self.chance.choice(self.ids[-6:] or ["t0"])

    def _send(self) -> tuple[Command, ...]:
        return (SendTransfer(transfer_id=self._any()),)

    def _receive(self) -> tuple[Command, ...]:
        lines = tuple(
            ReceivedLine(
                sku,
                self.chance.randrange(0, 8),
                self.chance.randrange(0, 3),
                self.chance.choice(list(RejectTo)),
            )
            for sku in self.chance.sample(SKUS, self.chance.randrange(1, 4))
        )
        reason = self.chance.choice(("", "counted twice"))
        return (ReceiveTransfer(transfer_id=self._any(), lines=lines, reason=reason),)

    def _close(self) -> tuple[Command, ...]:
        lines = None
        if self.chance.random() < 0.5:
            lines = (Line(self.chance.choice(SKUS), self.chance.randrange(1, 5)),)
        outcome = self.chance.choice(list(Missing))
        return (CloseTransfer(transfer_id=self._any(), outcome=outcome, reason="?", lines=lines),)

    def _cancel(self) -> tuple[Command, ...]:
        outcome = self.chance.choice((None, Missing.LOST, Missing.CAME_BACK))
        return (CancelTransfer(transfer_id=self._any(), outcome=outcome),)

    def _undo(self) -> tuple[Command, ...]:
        return (UndoReceipt(transfer_id=self._any()),)

    def _move(self) -> tuple[Command, ...]:
        fields: dict[str, Any] = {
            "from_location": self.chance.choice(self.locations),
            "to_location": self.chance.choice(self.locations),
            "from_state": self.chance.choice(STATES),
            "to_state": self.chance.choice(STATES),
        }
        quantity = self.chance.randrange(1, 5)
        return (MoveStock(sku=self.chance.choice(SKUS), quantity=quantity, reason="?", **fields),)

    def _hold(self) -> tuple[Command, ...]:
        self.holds += 1
        hold = Reserve(
            reservation_id=f"r{self.holds}",
            session_id=f"s{self.holds}",
            lines=(Line(self.chance.choice(SKUS), self.chance.randrange(1, 4)),),
            location=self.chance.choice(self.locations),
            ttl=20,
        )
        return (hold,)

    async def check(self) -> None:
        """No number is below zero, the sums are those of the second record, and `verify` finds
        nothing.
        """
        levels = [row async for row in self.store.scan(Level)]
        sums: Counter[str] = Counter()
        for level in levels:
            assert min(level.on_hand, level.reserved, level.backordered) >= 0
            sums[level.sku] += level.on_hand
        assert sums == self.units
        verification = await verify_store(self.store)
        assert verification.findings == []
        async for transfer in self.store.scan(Transfer):
            assert all(line.in_transit >= 0 for line in transfer.lines)


@pytest.mark.parametrize("seed", range(40))
async def test_no_unit_vanishes_in_any_network(seed: int) -> None:
    network = TransferNetwork(MemoryStore(), seed)
    await network.begin()
    for now in range(2, 80):
        await network.step(now)
    await network.check()
    entries = await network.store.entries_after(0, 100_000)
    assert Kind.TRANSFERRED_IN in {entry.kind for entry in entries}  # the steps have an effect


@pytest.mark.parametrize("seed", range(100, 102))
async def test_every_store_ends_like_the_reference(store: Store, seed: int) -> None:
    reference = TransferNetwork(MemoryStore(), seed)
    network = TransferNetwork(store, seed)
    await reference.begin()
    await network.begin()
    for now in range(2, 60):
        await reference.step(now)
        await network.step(now)
    await network.check()
    for kind in (Level, Transfer):
        expected = [row async for row in reference.store.scan(kind)]
        assert [row async for row in store.scan(kind)] == expected
