"""The random steps of a day of `network_days`."""

from collections import Counter
from dataclasses import replace

from fancymonkey.core.locations.accounts import StockState
from fancymonkey.core.model import Line
from fancymonkey.core.orders.cancel import CancelOrderLine, ReturnOrder
from fancymonkey.core.orders.rows import Order
from fancymonkey.core.orders.ship import MoveOrderAllocation, ShipOrder
from fancymonkey.core.orders.unship import CancelShipment
from fancymonkey.core.outcomes import Accepted
from fancymonkey.core.stock.adjust import Count
from fancymonkey.core.stock.move import MoveStock
from fancymonkey.core.stock.safety_stock import SetSafetyStock
from fancymonkey.core.transfers.edit import CreateTransfer
from fancymonkey.core.transfers.finish import CancelTransfer, CloseTransfer
from fancymonkey.core.transfers.receive import ReceivedLine, ReceiveTransfer
from fancymonkey.core.transfers.send import SendTransfer
from fancymonkey.core.transfers.transfer import Missing, RejectTo
from fancymonkey.store.contract import Store
from tests.sim.network_days import (
    KITS,
    PARTS,
    SELLING,
    SPLIT,
    TOGETHER,
    VERSIONS,
    NetworkShop,
    rows_of,
    sku,
    units_open,
)
from tests.sim.network_model import Key, Shipping

STEPS = 80


class Day(NetworkShop):
    """A day: many steps, each checked."""

    def __init__(self, store: Store, seed: int) -> None:
        super().__init__(store, seed)
        self.made = 0

    async def run(self, steps: int = STEPS) -> None:
        """Runs the steps, and checks after each."""
        try:
            await self.begin()
            await self._steps(steps)
            await self.end()
        finally:
            await self.engine.close()

    async def _steps(self, steps: int) -> None:
        acts = [
            *(self.buy, self.buy, self.buy, self.buy, self.end_hold, self.end_hold),
            *(self.order_step, self.order_step, self.order_step, self.order_step),
            *(self.send, self.send, self.send, *[self.transfer_step] * 5),
            *(self.goods_in, self.move, self.keep_back, self.build, self.redefine, self.hide),
        ]
        for _ in range(steps):
            await self.chance.choice(acts)()
            await self.check()

    def _name(self, word: str) -> str:
        self.made += 1
        return f"{word}{self.made}"

    async def buy(self) -> None:
        kind = self.chance.random()
        if kind < 0.45:
            lines = {self.chance.choice(KITS): self.chance.randrange(1, 4)}
        elif kind < 0.65:  # a kit and a part of it alone: both need the same units
            kit = self.chance.choice((TOGETHER, SPLIT))
            part = self.chance.choice(sorted(self.model.kits[kit].parts))
            names = self.chance.sample((kit, part), 2)
            lines = {name: self.chance.randrange(1, 4) for name in names}
        else:
            names = self.chance.sample(PARTS, self.chance.randrange(1, 3))
            lines = {name: self.chance.randrange(1, 6) for name in names}
        await self.reserve(self._name("h"), lines)

    async def end_hold(self) -> None:
        if self.model.holds:
            name = self.chance.choice(sorted(self.model.holds))
            if self.chance.random() < 0.3:
                await self.release(name)
            else:
                if self.chance.random() < 0.3:  # the definition changes before the payment
                    await self.redefine()
                await self.pay(name, later=self.chance.random() < 0.5)

    async def goods_in(self) -> None:
        await self.receive(
            self.chance.choice(PARTS), self.chance.choice(self.model.locations), 1 + self.made % 4
        )

    async def build(self) -> None:
        await self.assemble(self.chance.choice(SELLING), self.chance.choice((1, 1, 2, -1)))

    async def redefine(self) -> None:
        await self.define(self.chance.randrange(len(VERSIONS)))

    async def keep_back(self) -> None:
        name, location = self.chance.choice(PARTS), self.chance.choice(SELLING)
        units = self.chance.choice((0, 0, 1, 3))
        await self.do(SetSafetyStock(sku=sku(name), location=location, quantity=units))
        self.model.safety[name, location] = units

    async def hide(self) -> None:
        """A count finds fewer units than are promised; those of other locations are for sale."""
        model = self.model
        promised = sorted(
            key for key in model.reserved | model.allocated if key[0] in PARTS and key[1] in SELLING
        )
        promised = [key for key in promised if model.reserved[key] + model.allocated[key]]
        if not promised:
            return
        name, location = self.chance.choice(promised)
        there = model.on_hand[name, location]
        for count in (0, there):
            await self.do(Count(sku=sku(name), location=location, quantity=count))
            model.receive(name, location, count - model.on_hand[name, location])
            await self.check()
            if count == 0 and await self.reserve(self._name("h"), {name: 1}):
                await self.release(f"h{self.made}")

    async def move(self) -> None:
        """Units become damaged, or go to another location."""
        model, name = self.model, self.chance.choice(PARTS)
        source, destination = self.chance.sample(model.locations, 2)
        units, damaged = self.chance.randrange(1, 3), self.chance.random() < 0.5
        to_state = StockState.DAMAGED if damaged else None
        answer = await self.expect(
            MoveStock(
                sku=sku(name),
                quantity=units,
                from_location=source,
                to_location=destination,
                to_state=to_state,
                reason="?",
            ),
            accepted=model.free(name, source) >= units,
        )
        if isinstance(answer, Accepted):
            model.move(name, source, f"{destination}:damaged" if damaged else destination, units)

    # Orders -------------------------------------------------------------------------------------

    async def order_step(self) -> None:
        if not self.model.orders:
            return
        name = self.chance.choice(sorted(self.model.orders))
        await self.chance.choice(
            (
                self.ship,
                self.ship,
                self.unship,
                self.cancel,
                self.take_back,
                self.take_back,
                self.move_order,
            )
        )(name)

    def _some(self, most: dict[str, int]) -> dict[str, int]:
        """Some units, sometimes one more than there are."""
        if not most:
            return {}
        name = self.chance.choice(sorted(most))
        return {name: self.chance.randrange(1, most[name] + 2)}

    def _lines(self, wanted: dict[str, int]) -> tuple[Line, ...]:
        return tuple(Line(sku(name), count) for name, count in wanted.items())

    async def ship(self, name: str) -> None:
        most = units_open(self.model.orders[name])
        wanted, lines = dict(most), ()
        if self.chance.random() < 0.6:
            wanted = self._some(most)
            lines = self._lines(wanted)  # type: ignore[assignment]
        command = ShipOrder(order_id=name, lines=lines, location=None)
        await self.change(name, command, wanted, most, "shipped")

    async def unship(self, name: str) -> None:
        """A shipment is cancelled, unless units of it have come back."""
        order, number = self.model.orders[name], self.chance.choice((1, 1, 2, 9))
        stored = await self.engine.store.find(Order, name)
        assert stored is not None
        parcel: Counter[Key] = Counter()
        for row in stored.shipments:
            if row.shipment == number:
                parcel[row.sku.partition("/")[0], row.location] += row.quantity
        rows = order.rows
        fits = all(rows[key].shipped - rows[key].returned >= parcel[key] for key in parcel)
        command = CancelShipment(order_id=name, shipment=number)
        answer = await self.expect(command, accepted=fits and bool(parcel))
        if isinstance(answer, Accepted):
            for key, count in parcel.items():
                after = replace(rows[key], shipped=rows[key].shipped - count)
                self.model.follow(order, key, after, key[1])
            stored = await self.engine.store.find(Order, name)
            assert stored is not None
            if rows_of(stored) != {key: row for key, row in rows.items() if row.quantity}:
                self.wrong(f"{command}: {rows_of(stored)}, should be {rows}")

    async def cancel(self, name: str) -> None:
        most = units_open(self.model.orders[name])
        wanted = self._some(most) or {self.chance.choice(PARTS): 1}
        command = CancelOrderLine(order_id=name, lines=self._lines(wanted), location=None)
        await self.change(name, command, wanted, most, "cancelled")

    async def take_back(self, name: str) -> None:
        """Units come back, by SKU, or a whole kit as the parts that it was sold with."""
        order = self.model.orders[name]
        most = {sku_: order.back(sku_) for sku_ in {key[0] for key in order.rows}}
        wanted = self._some(most)
        lines = self._lines(wanted)
        if self.chance.random() < 0.5 and TOGETHER in order.parts and TOGETHER not in most:
            wanted = dict(order.parts[TOGETHER])
            lines = (Line(sku(TOGETHER), 1),)
        command = ReturnOrder(
            order_id=name,
            lines=lines,
            location=self.chance.choice((None, *self.model.locations)),
            state=self.chance.choice((None, None, StockState.DAMAGED, StockState.RETURNED)),
        )
        await self.change(name, command, wanted, most, "returned")

    async def move_order(self, name: str) -> None:
        model, to = self.model, self.chance.choice(SELLING)
        most = units_open(model.orders[name], without=to)
        wanted = self._some(most) or {self.chance.choice(PARTS): 1}
        free = {sku_: min(count, max(0, model.free(sku_, to))) for sku_, count in most.items()}
        command = MoveOrderAllocation(
            order_id=name, lines=self._lines(wanted), location=None, to=to
        )
        await self.change(name, command, wanted, free, "quantity")

    # Transfers ----------------------------------------------------------------------------------

    async def send(self) -> None:
        model, name = self.model, self._name("t")
        source, destination = self.chance.sample(model.locations, 2)
        skus = self.chance.sample(PARTS, self.chance.randrange(1, 3))
        planned = {name_: self.chance.randrange(1, 4) for name_ in skus}
        await self.do(
            CreateTransfer(
                transfer_id=name,
                from_location=source,
                to_location=destination,
                lines=self._lines(planned),
            )
        )
        transfer = model.transfers[name] = Shipping(source, destination, planned)
        fits = all(model.free(sku_, source) >= count for sku_, count in planned.items())
        if isinstance(await self.expect(SendTransfer(transfer_id=name), accepted=fits), Accepted):
            transfer.transit = Counter(planned)
            for sku_, count in planned.items():
                model.move(sku_, source, f"{destination}:in_transit", count)
        else:
            transfer.over = True

    async def transfer_step(self) -> None:
        transfers = self.model.transfers
        names = [name for name, row in transfers.items() if row.transit is not None]
        if self.chance.random() < 0.8:  # few of the finished ones
            names = [name for name in names if not transfers[name].over]
        if names:
            name = self.chance.choice(sorted(names))
            step = self.chance.choice((*[self.arrive] * 5, self.close, self.call_off))
            await step(name)

    async def arrive(self, name: str) -> None:
        """Units arrive: some are rejected, and sometimes there are more than were sent."""
        model, transfer = self.model, self.model.transfers[name]
        assert transfer.transit is not None
        sku_ = self.chance.choice(sorted(transfer.planned))
        accepted, rejected = self.chance.randrange(4), self.chance.randrange(2)
        to = self.chance.choice((RejectTo.DAMAGED, RejectTo.BACK))
        reason = self.chance.choice(("", "counted twice"))
        more = accepted + rejected - transfer.transit[sku_]
        fits = not transfer.over and accepted + rejected > 0 and (more <= 0 or bool(reason))
        line = ReceivedLine(sku(sku_), accepted, rejected, to)
        command = ReceiveTransfer(transfer_id=name, lines=(line,), reason=reason)
        if not isinstance(await self.expect(command, accepted=fits), Accepted):
            return
        transit = f"{transfer.destination}:in_transit"
        if more > 0:
            model.receive(sku_, transit, more)
        model.move(sku_, transit, transfer.destination, accepted)
        back = f"{transfer.source}:returned"
        bad = back if to is RejectTo.BACK else f"{transfer.destination}:damaged"
        model.move(sku_, transit, bad, rejected)
        transfer.transit[sku_] = max(0, -more)
        transfer.received = True
        transfer.over = not +transfer.transit

    async def close(self, name: str) -> None:
        """The units that did not arrive are lost, or came back."""
        transfer = self.model.transfers[name]
        outcome = self.chance.choice((Missing.LOST, Missing.CAME_BACK))
        command = CloseTransfer(transfer_id=name, outcome=outcome, reason="?")
        if isinstance(await self.expect(command, accepted=not transfer.over), Accepted):
            self._gone(transfer, outcome)

    async def call_off(self, name: str) -> None:
        transfer = self.model.transfers[name]
        outcome = self.chance.choice((Missing.LOST, Missing.CAME_BACK))
        fits = not transfer.over and not transfer.received
        command = CancelTransfer(transfer_id=name, outcome=outcome, reason="?")
        if isinstance(await self.expect(command, accepted=fits), Accepted):
            self._gone(transfer, outcome)

    def _gone(self, transfer: Shipping, outcome: Missing) -> None:
        assert transfer.transit is not None
        transit = f"{transfer.destination}:in_transit"
        for sku_, count in transfer.transit.items():
            if outcome is Missing.LOST:
                self.model.receive(sku_, transit, -count)
            else:
                self.model.move(sku_, transit, transfer.source, count)
        transfer.transit.clear()
        transfer.over = True
