"""A second, simpler model of a shop with several locations and bundles, for the simulation.

It shares no code with the product: it counts units by SKU and account, and finds numbers by trying.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import combinations

Key = tuple[str, str]


@dataclass
class Kit:
    """A bundle: its fixed parts, or `choose` units of options with a maximum each."""

    parts: dict[str, int]
    together: bool
    keep: dict[str, int] = field(default_factory=dict)
    limit: int | None = None
    choose: int = 0
    held: int = 0
    sold: int = 0


@dataclass
class Hold:
    """Lines by SKU, units by SKU and location, and the parts that each kit had."""

    lines: dict[str, int]
    units: Counter[Key]
    parts: dict[str, dict[str, int]]


@dataclass
class OrderUnits:
    """Units of an order at a location."""

    quantity: int = 0
    shipped: int = 0
    cancelled: int = 0
    returned: int = 0

    @property
    def open(self) -> int:
        return self.quantity - self.shipped - self.cancelled


@dataclass
class SoldOrder:
    """An order: `later` means that its units leave the stock when they are shipped."""

    later: bool
    rows: dict[Key, OrderUnits]
    parts: dict[str, dict[str, int]]
    lines: dict[str, int]

    def total(self, sku: str, name: str) -> int:
        """Units of a SKU over all locations."""
        return sum(getattr(row, name) for key, row in self.rows.items() if key[0] == sku)

    def back(self, sku: str) -> int:
        """Units that can come back."""
        return self.total(sku, "shipped") - self.total(sku, "returned")


@dataclass
class Shipping:
    """A transfer: its units in transit by SKU, None as long as it is planned."""

    source: str
    destination: str
    planned: dict[str, int]
    transit: Counter[str] | None = None
    received: bool = False
    over: bool = False


class NetworkModel:
    """Levels as numbers by SKU and account, and the units that buyers can get."""

    def __init__(self, selling: Iterable[str], others: Iterable[str]) -> None:
        self.selling = list(selling)
        self.locations = [*self.selling, *others]
        self.on_hand: Counter[Key] = Counter()
        self.reserved: Counter[Key] = Counter()
        self.allocated: Counter[Key] = Counter()
        self.safety: Counter[Key] = Counter()
        self.total: Counter[str] = Counter()
        self.kits: dict[str, Kit] = {}
        self.holds: dict[str, Hold] = {}
        self.orders: dict[str, SoldOrder] = {}
        self.transfers: dict[str, Shipping] = {}

    # The units ------------------------------------------------------------------------------

    def free(self, sku: str, location: str) -> int:
        """Free units; negative if a location has too few."""
        key = (sku, location)
        return self.on_hand[key] - self.reserved[key] - self.allocated[key]

    def offered(self, sku: str, location: str) -> int:
        """Units that buyers can get from a location."""
        return max(0, self.free(sku, location) - self.safety[sku, location])

    def sets(self, parts: Mapping[str, int], location: str) -> int:
        """The number of sets of parts at one location."""
        return min(self.offered(sku, location) // n for sku, n in parts.items())

    def exploded(self, kit: Kit, parts: Mapping[str, int]) -> int:
        """The number of kits of these parts that could be sold, without those built in advance."""
        if kit.together:
            count = sum(self.sets(parts, location) for location in self.selling)
        else:
            sums = {sku: sum(self.offered(sku, at) for at in self.selling) for sku in parts}
            count = min(sums[sku] // n for sku, n in parts.items())
        for sku, keep in kit.keep.items():
            units = sum(self.offered(sku, location) for location in self.selling)
            count = min(count, max(0, units - keep) // parts[sku])
        return count

    def serves_together(
        self, lines: Mapping[str, int], parts: Mapping[str, Mapping[str, int]]
    ) -> bool:
        """Whether there are enough units for all lines together, if there are enough for each line.

        Lines have one kit at most, so whole sets compete with single units only: a set takes the
        same units from whichever location it leaves, and the rest is counted over all locations.
        """
        wanted: Counter[str] = Counter()
        for name, count in lines.items():
            own = sum(self.offered(name, location) for location in self.selling)
            built = min(count, own) if name in parts else count
            wanted[name] += built
            for part, each in parts.get(name, {}).items():
                wanted[part] += each * (count - built)
        return all(
            count <= sum(self.offered(name, location) for location in self.selling)
            for name, count in wanted.items()
        )

    def sellable(self, sku: str) -> int:
        """The number of an item or kit that could be sold now."""
        own = sum(self.offered(sku, location) for location in self.selling)
        kit = self.kits.get(sku)
        if kit is None:
            return own
        count = own
        if kit.choose:
            count += sum(self._choices(kit, location) for location in self.selling)
        else:
            count += self.exploded(kit, kit.parts)
        if kit.limit is not None:
            count = min(count, max(0, kit.limit - kit.held - kit.sold))
        return count

    def _choices(self, kit: Kit, location: str) -> int:
        """The most sets from a location: k sets take at most k times the maximum of each."""
        count = 0
        while True:
            units = [
                min(self.offered(sku, location), (count + 1) * n) for sku, n in kit.parts.items()
            ]
            if sum(units) < (count + 1) * kit.choose:
                return count
            count += 1

    def fewest_locations(self, demands: list[tuple[dict[str, int], int]]) -> int:
        """The fewest locations from which all demands (parts of a set, sets) can leave.

        A demand is split only where no single location has all of it.
        """
        for size in range(1, len(self.selling) + 1):
            for locations in combinations(self.selling, size):
                if all(self._serves(locations, parts, sets) for parts, sets in demands):
                    return size
        return 0

    def _serves(self, locations: Iterable[str], parts: dict[str, int], sets: int) -> bool:
        there = [self.sets(parts, location) for location in locations]
        if max(there) >= sets:
            return True
        whole = any(self.sets(parts, location) >= sets for location in self.selling)
        return not whole and sum(there) >= sets

    # The events --------------------------------------------------------------------------------

    def receive(self, sku: str, account: str, units: int) -> None:
        """Units are received (or removed, if negative)."""
        self.on_hand[sku, account] += units
        self.total[sku] += units

    def move(self, sku: str, source: str, destination: str, units: int) -> None:
        """Units move from one account to another."""
        self.on_hand[sku, source] -= units
        self.on_hand[sku, destination] += units

    def hold(self, name: str, hold: Hold) -> None:
        """A buyer holds these units."""
        self.holds[name] = hold
        self.reserved.update(hold.units)
        for sku, count in hold.lines.items():
            if sku in self.kits:
                self.kits[sku].held += count

    def release(self, name: str) -> None:
        """A hold ends without a sale."""
        hold = self.holds.pop(name)
        self.reserved.subtract(hold.units)
        for sku, count in hold.lines.items():
            if sku in self.kits:
                self.kits[sku].held -= count

    def pay(self, name: str, *, later: bool) -> None:
        """A hold becomes an order."""
        hold = self.holds[name]
        self.release(name)
        for key, units in hold.units.items():
            if later:
                self.allocated[key] += units
            else:
                self.receive(*key, -units)
        for sku, count in hold.lines.items():
            if sku in self.kits:
                self.kits[sku].sold += count
        rows = {key: OrderUnits(units) for key, units in hold.units.items()}
        self.orders[name] = SoldOrder(later, rows, hold.parts, hold.lines)

    def follow(self, order: SoldOrder, key: Key, after: OrderUnits, account: str) -> None:
        """Applies the change of an order's row to the levels.

        `account` has the units that came back.
        """
        before = order.rows.get(key, OrderUnits())
        moved = after.quantity - before.quantity
        shipped = after.shipped - before.shipped
        cancelled = after.cancelled - before.cancelled
        returned = after.returned - before.returned
        if order.later:
            self.allocated[key] += moved - shipped - cancelled
            self.receive(*key, -shipped)
        else:
            self.on_hand[key] -= moved
            self.receive(*key, cancelled)
        self.receive(key[0], account, returned)
        order.rows[key] = after
