"""A shop with orders on any store: sales at several locations, and the rows after them."""

from dataclasses import dataclass, field

from fancymonkey.core.catalogue.products import NewItem, UpsertProduct
from fancymonkey.core.command import Command
from fancymonkey.core.holds.end import Capture
from fancymonkey.core.holds.reserve import Reserve
from fancymonkey.core.locations.edit import AddLocation
from fancymonkey.core.locations.locations import DEFAULT_LOCATION, Location
from fancymonkey.core.model import Entry, Item, Level, Line, Product
from fancymonkey.core.orders.rows import Buyer, Order
from fancymonkey.core.outcomes import Accepted, Answer
from fancymonkey.core.stock.adjust import Adjust
from fancymonkey.store.contract import Store
from fancymonkey.store.verify import verify_store

ADA = Buyer("Ada Lovelace", "ada@example.com", "", "12 St James's Square", city="London")


def lines(**wanted: int) -> tuple[Line, ...]:
    """Lines of the product p by size: `lines(x=2)`."""
    return tuple(Line(f"p/{size.upper()}", quantity) for size, quantity in wanted.items())


@dataclass
class OrderShop:
    """One product with the sizes X, Y and Z. Each step is a batch."""

    store: Store
    on_shipment: bool = False
    now: int = 1000
    entries: list[Entry] = field(default_factory=list)
    new: list[Entry] = field(default_factory=list)

    async def open(self, **on_hand: int) -> "OrderShop":
        """Puts the product on sale, with units at the first location."""
        sizes = ("X", "Y", "Z")
        items = tuple(
            NewItem(Item(f"p/{size}", "p", size, number), on_hand.get(size.lower(), 0))
            for number, size in enumerate(sizes)
        )
        product = Product("p", "Print", "art")
        await self.do(UpsertProduct(product=product, location=DEFAULT_LOCATION, items=items))
        return self

    async def do(self, *commands: Command) -> Answer:
        """Runs commands in one batch; returns the last answer, and `new` has the entries."""
        self.now += 1
        commit = await self.store.run(commands, self.now, len(self.entries))
        self.new = commit.entries
        self.entries += commit.entries
        return commit.answers[-1]

    async def add(self, location: str, **units: int) -> None:
        """Adds a location with units."""
        await self.do(AddLocation(location=Location(location, location.title(), country="DE")))
        for size, count in units.items():
            await self.do(Adjust(sku=f"p/{size.upper()}", location=location, delta=count))

    async def hold(self, ref: str, location: str = DEFAULT_LOCATION, **wanted: int) -> None:
        """A buyer holds units at a location."""
        reserve = Reserve(
            reservation_id=f"h-{ref}",
            session_id=ref,
            lines=lines(**wanted),
            location=location,
            ttl=60_000,
        )
        assert isinstance(await self.do(reserve), Accepted)

    def paid(self, ref: str, buyer: Buyer | None = ADA) -> Capture:
        """The payment of a hold."""
        return Capture(
            ref=ref,
            payment_id=f"cs_{ref}",
            intent=f"pi_{ref}",
            on_shipment=self.on_shipment,
            total=4200,
            currency="eur",
            buyer=buyer,
        )

    async def sell(self, ref: str, location: str = DEFAULT_LOCATION, **wanted: int) -> Order:
        """A buyer holds and pays."""
        await self.hold(ref, location, **wanted)
        await self.do(self.paid(ref))
        return await self.order(ref)

    async def order(self, ref: str) -> Order:
        """The order of a buyer."""
        order = await self.store.find(Order, f"h-{ref}")
        assert order is not None
        return order

    async def level(self, size: str, location: str = DEFAULT_LOCATION) -> Level:
        """The level of a size."""
        key = (f"p/{size.upper()}", location)
        return await self.store.find(Level, key) or Level(*key)

    async def free(self, size: str, location: str = DEFAULT_LOCATION) -> int:
        """The units of a size that can be sold at a location."""
        return (await self.level(size, location)).available

    async def check(self) -> None:
        """Verifies the store."""
        result = await verify_store(self.store)
        assert result.findings == []
