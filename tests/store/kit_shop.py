"""A shop on any store that sells kits: bundles of the products x, y and z at three locations."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from fancymonkey.core.command import Command
from fancymonkey.core.holds.end import Capture
from fancymonkey.core.model import Level, Line, Reservation, sku_of
from fancymonkey.core.orders.cancel import CancelOrderLine, ReturnOrder
from fancymonkey.core.orders.rows import Order
from fancymonkey.core.orders.ship import ShipOrder
from fancymonkey.core.outcomes import Accepted, Answer
from fancymonkey.store.contract import Store
from tests.store.scenarios.test_routed_holds import (
    BERLIN,
    PARIS,
    AddLocation,
    RoutedShop,
    kit,
    product,
)

KIT = "set/M"


class KitShop(RoutedShop):
    """Sells kits, with the steps of their orders."""

    async def accepted(self, command: Command) -> Any:
        """The data of an accepted command."""
        answer = await self.do(command)
        assert isinstance(answer, Accepted), answer
        return answer.data

    async def kit(self, **parts: int) -> None:
        """Makes `set` a bundle of these parts."""
        await kit(self, **parts)

    async def pay(self, session: str, on_shipment: bool = False, **more: Any) -> Answer:
        """The payment of a hold: 90.00 EUR."""
        fields = {"total": 9000, "currency": "eur", **more}
        return await self.do(
            Capture(
                ref=session,
                payment_id=f"cs_{session}",
                intent=f"pi_{session}",
                on_shipment=on_shipment,
                **fields,
            )
        )

    async def buy(
        self, session: str = "a", on_shipment: bool = False, total: int = 9000, **units: int
    ) -> Order:
        """A buyer holds and pays, at the first location."""
        assert isinstance(await self.reserve(session, None, **units), Accepted)
        assert isinstance(await self.pay(session, on_shipment, total=total), Accepted)
        return await self.order(session)

    async def order(self, session: str = "a") -> Order:
        """The order of a buyer."""
        order = await self.store.find(Order, f"res_{session}")
        assert order is not None
        return order

    async def ship(self, session: str = "a", **units: int) -> Answer:
        """Ships units of these products, or all."""
        return await self.do(
            ShipOrder(order_id=f"res_{session}", lines=_lines(units), location=None)
        )

    async def cancel(self, session: str = "a", **units: int) -> Answer:
        """Cancels units of these products, or all."""
        return await self.do(
            CancelOrderLine(order_id=f"res_{session}", lines=_lines(units), location=None)
        )

    async def back(self, session: str = "a", **units: int) -> Answer:
        """Takes units of these products back, or all."""
        return await self.do(
            ReturnOrder(order_id=f"res_{session}", lines=_lines(units), location=None)
        )

    async def row(self, name: str) -> Level:
        """The level of a product at the first location."""
        sku = sku_of(name, "M")
        return await self.store.find(Level, (sku, "main")) or Level(sku, "main")

    async def reserved_rows(self) -> list[Reservation]:
        """Every hold."""
        return [row async for row in self.store.scan(Reservation)]


def _lines(units: dict[str, int]) -> tuple[Line, ...]:
    return tuple(Line(sku_of(name, "M"), count) for name, count in units.items())


@pytest.fixture
async def shop(store: Store) -> AsyncIterator[KitShop]:
    """The products x, y and z without stock, and two more locations. Verified at the end."""
    shop = KitShop(store)
    await shop.do(
        AddLocation(location=BERLIN),
        AddLocation(location=PARIS),
        *(product(name) for name in "xyz"),
    )
    yield shop
    await shop.check()
