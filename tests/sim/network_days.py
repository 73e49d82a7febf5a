"""Random days of a shop with several locations and bundles, each step against the model."""

import random
from collections import Counter
from typing import Any

from fancymonkey.core.bundles.assemble import Assemble
from fancymonkey.core.bundles.define import SetBundle
from fancymonkey.core.bundles.definition import Definition
from fancymonkey.core.catalogue.products import NewItem, UpsertProduct
from fancymonkey.core.command import Command
from fancymonkey.core.explode import Choice
from fancymonkey.core.holds.end import Capture, Release
from fancymonkey.core.holds.reserve import Reserve
from fancymonkey.core.item_parts import Bundle, BundlePolicy, ChoiceGroup, Component
from fancymonkey.core.locations.edit import AddLocation
from fancymonkey.core.locations.locations import Location
from fancymonkey.core.locations.routing import Routing, RoutingRule
from fancymonkey.core.model import Item, Kind, Level, Line, Product, Row, sku_of
from fancymonkey.core.orders.rows import Order
from fancymonkey.core.outcomes import Accepted, Answer, Refused
from fancymonkey.core.stock.adjust import Adjust
from fancymonkey.core.transfers.transfer import Transfer
from fancymonkey.engine.engine import Engine
from fancymonkey.store.contract import Store
from fancymonkey.store.verify import verify_store
from tests.sim.network_model import Hold, Key, Kit, NetworkModel, OrderUnits, SoldOrder
from tests.sim.run import Violation

PARTS = ("x", "y", "z")
TOGETHER, SPLIT, CHOICE = "kt", "ks", "kc"
KITS = (TOGETHER, SPLIT, CHOICE)
SELLING, OTHERS = ("main", "berlin", "paris"), ("attic",)
FEWEST = Routing(rules=(RoutingRule.FEWEST_PARCELS, RoutingRule.PRIORITY))
LIMIT = 6
"""The most kits that may be sold at all."""
VERSIONS: tuple[tuple[dict[str, int], dict[str, int]], ...] = (
    ({"x": 2, "y": 1}, {"x": 4}),
    ({"x": 1, "z": 2}, {}),
    ({"y": 1, "z": 1}, {"z": 5}),
)
"""The parts of the kit that leaves together, and the units of each that it leaves for others."""


def sku(name: str) -> str:
    return sku_of(name, "M")


class NetworkShop:
    """The engine and the model beside it."""

    def __init__(self, store: Store, seed: int) -> None:
        self.engine = Engine(store, lambda: 1000)
        self.model = NetworkModel(SELLING, OTHERS)
        self.chance = random.Random(seed)
        self.seed = seed
        self.refused = 0
        self.rows: list[Row] = []
        """The rows of the store at the end of the day."""

    async def begin(self) -> None:
        """Adds locations, parts and kits."""
        await self.engine.open()
        for number, location in enumerate(self.model.locations[1:], 2):
            location = Location(
                location, location.title(), priority=number, sells_online=location in SELLING
            )
            await self.do(AddLocation(location=location))
        for number, name in enumerate((*PARTS, *KITS)):
            items = (NewItem(Item(sku(name), name, "M"), 0),)
            product = Product(name, name.upper(), position=number)
            await self.do(UpsertProduct(product=product, location="main", items=items))
        for name in PARTS:
            for location in self.model.locations:
                await self.receive(name, location, self.chance.randrange(6))
        await self.define(0)
        self.model.kits[SPLIT] = Kit({"x": 1, "z": 1}, together=False, limit=4)
        await self._set(SPLIT, Bundle(0, BundlePolicy.SPLIT, max_sold=4))
        self.model.kits[CHOICE] = Kit({"x": 2, "y": 1, "z": 1}, together=True, choose=2)
        await self._set(CHOICE, Bundle(0, BundlePolicy.TOGETHER), (ChoiceGroup("any", 2),))

    async def define(self, version: int) -> None:
        """Gives the kit that leaves together other parts; what was sold keeps its own."""
        parts, keep = VERSIONS[version]
        before = self.model.kits.get(TOGETHER, Kit({}, together=True))
        after = Kit(parts, True, keep, LIMIT, held=before.held, sold=before.sold)
        self.model.kits[TOGETHER] = after
        await self._set(TOGETHER, Bundle(0, BundlePolicy.TOGETHER, max_sold=LIMIT))

    async def _set(self, name: str, bundle: Bundle, groups: tuple[ChoiceGroup, ...] = ()) -> None:
        kit, group = self.model.kits[name], groups[0].name if groups else ""
        components = tuple(
            Component(sku(part), count, group, kit.keep.get(part, 0))
            for part, count in kit.parts.items()
        )
        definition = Definition(bundle, components, groups)
        await self.do(SetBundle(sku=sku(name), location="main", definition=definition))

    async def do(self, command: Command) -> Any:
        """The data of a command that must be accepted."""
        answer = await self.engine.submit(command)
        if not isinstance(answer, Accepted):
            self.wrong(f"{command} was refused: {answer}")
        return answer.data

    async def expect(self, command: Command, *, accepted: bool) -> Answer:
        """The answer, which must be that of the model."""
        answer = await self.engine.submit(command)
        if isinstance(answer, Accepted) is not accepted:
            self.wrong(f"{command} got {answer}; accepted should be {accepted}")
        self.refused += not accepted
        return answer

    def wrong(self, text: str) -> None:
        raise Violation(f"seed {self.seed}: {text}")

    async def receive(self, name: str, location: str, units: int) -> None:
        """Units come in."""
        if units:
            await self.do(Adjust(sku=sku(name), location=location, delta=units, kind=Kind.RECEIVED))
            self.model.receive(name, location, units)

    # Buyers -------------------------------------------------------------------------------------

    async def reserve(self, name: str, lines: dict[str, int]) -> bool:
        """A buyer reserves; the locations that serve it are valid and as few as possible."""
        model, choices = self.model, self._choices(lines)
        parts = {
            kit: choices if kit == CHOICE else dict(model.kits[kit].parts)
            for kit in lines
            if kit in model.kits
        }
        fits = all(self._fits(kit, parts.get(kit), count) for kit, count in lines.items())
        fits = fits and model.serves_together(lines, parts)
        answer = await self.expect(
            Reserve(
                reservation_id=name,
                session_id=f"s-{name}",
                lines=tuple(Line(sku(kit), count) for kit, count in lines.items()),
                location="main",
                ttl=10**9,
                routing=FEWEST,
                choices=tuple(
                    Choice(sku(CHOICE), sku(part), count) for part, count in choices.items()
                ),
            ),
            accepted=fits,
        )
        if not isinstance(answer, Accepted):
            self._check_refusal(answer, lines)
            return False
        units: Counter[Key] = Counter()
        for row in answer.data.allocations:
            units[row.sku.partition("/")[0], row.location] += row.quantity
        self._check_units(units, lines, parts)
        model.hold(name, Hold(lines, units, parts))
        return True

    def _choices(self, lines: dict[str, int]) -> dict[str, int]:
        """Two options for each set, sometimes too many of one."""
        if CHOICE not in lines:
            return {}
        picked = Counter(self.chance.choices(PARTS, k=2))
        return dict(picked)

    def _fits(self, name: str, parts: dict[str, int] | None, count: int) -> bool:
        kit, own = self.model.kits.get(name), self._own(name)
        if kit is None:
            return own >= count
        assert parts is not None
        if any(number > kit.parts[part] for part, number in parts.items()):
            return False
        if kit.limit is not None and kit.held + kit.sold + count > kit.limit:
            return False
        return count <= own + self.model.exploded(kit, parts)

    def _own(self, name: str) -> int:
        return sum(self.model.offered(name, location) for location in SELLING)

    def _check_refusal(self, answer: Answer, lines: dict[str, int]) -> None:
        assert isinstance(answer, Refused)
        if str(answer.code) != "insufficient_stock" or CHOICE in lines:
            return
        competing = len(lines) > 1 and not self.model.kits.keys().isdisjoint(lines)
        for row in answer.detail:
            name = row["sku"].partition("/")[0]
            alone = self.model.sellable(name)
            if row["available"] > alone or (row["available"] < alone and not competing):
                self.wrong(f"{row} should have {self.model.sellable(name)} available")

    def _check_units(
        self, units: Counter[Key], lines: dict[str, int], parts: dict[str, dict[str, int]]
    ) -> None:
        model = self.model
        wanted: Counter[str] = Counter()
        demands: list[tuple[dict[str, int], int]] = []
        for name, count in lines.items():
            built = min(count, self._own(name)) if name in parts else count
            wanted[name] += built
            if built:
                demands.append(({name: 1}, built))
            loose = count - built
            for part, each in parts.get(name, {}).items():
                wanted[part] += each * loose
            if loose and model.kits[name].together:
                demands.append((parts[name], loose))
                for location in SELLING:
                    sets = {units[part, location] / each for part, each in parts[name].items()}
                    if len(lines) == 1 and (len(sets) > 1 or int(min(sets)) != min(sets)):
                        self.wrong(f"{location} has no whole sets of {parts[name]}: {units}")
                whole = [
                    min(units[part, location] // each for part, each in parts[name].items())
                    for location in SELLING
                ]
                if sum(whole) < loose:
                    self.wrong(f"{units} has {sum(whole)} whole sets of {parts[name]}, not {loose}")
            elif loose:
                demands += [({part: 1}, each * loose) for part, each in parts[name].items()]
        sums: Counter[str] = Counter()
        for (name, location), count in units.items():
            sums[name] += count
            if location not in SELLING or count > model.offered(name, location):
                self.wrong(
                    f"{count} of {name} from {location}, {model.offered(name, location)} are free"
                )
        if sums != +wanted:
            self.wrong(f"{lines} has {sums}, should have {+wanted}")
        locations, fewest = {location for _, location in units}, model.fewest_locations(demands)
        competing = len(lines) > 1 and parts  # then more locations may be needed, never fewer
        if len(locations) < fewest or (len(locations) > fewest and not competing):
            self.wrong(f"{lines} leaves from {locations}, {fewest} would do")

    async def release(self, name: str) -> None:
        await self.do(Release(ref=name))
        self.model.release(name)

    async def pay(self, name: str, *, later: bool) -> None:
        await self.do(
            Capture(ref=name, payment_id=f"cs-{name}", intent=f"pi-{name}", on_shipment=later)
        )
        self.model.pay(name, later=later)

    async def assemble(self, location: str, count: int) -> None:
        """Kits are built in advance, or taken apart."""
        model, kit = self.model, self.model.kits[TOGETHER]
        changes = {part: -each * count for part, each in kit.parts.items()} | {TOGETHER: count}
        fits = all(model.free(name, location) >= -change for name, change in changes.items())
        command = Assemble(sku=sku(TOGETHER), location=location, quantity=count)
        if isinstance(await self.expect(command, accepted=fits), Accepted):
            for name, change in changes.items():
                model.receive(name, location, change)

    # Orders -------------------------------------------------------------------------------------

    async def change(
        self, name: str, command: Command, wanted: dict[str, int], most: dict[str, int], field: str
    ) -> bool:
        """A change of an order: accepted if there are enough units, and exactly these change."""
        fits = all(0 < count <= most.get(sku_, 0) for sku_, count in wanted.items())
        answer = await self.expect(command, accepted=fits and bool(wanted))
        if not isinstance(answer, Accepted):
            return False
        order = self.model.orders[name]
        stored = await self.engine.store.find(Order, name)
        assert stored is not None
        changed: Counter[str] = Counter()
        for key, after in rows_of(stored).items():
            before = order.rows.get(key, OrderUnits())
            change = getattr(after, field) - getattr(before, field)
            changed[key[0]] += max(0, change)
            self.model.follow(order, key, after, self._account(command, key[1]))
        for key in set(order.rows) - set(rows_of(stored)):
            self.model.follow(order, key, OrderUnits(), key[1])
        if +changed != Counter(wanted):
            self.wrong(f"{command} changed {+changed}, should be {wanted}")
        return True

    def _account(self, command: Any, location: str) -> str:
        """The account that units return to."""
        state = getattr(command, "state", None)
        location = command.location or location
        return location if state is None else f"{location}:{state}"

    async def check(self) -> None:
        """Every level and every number that buyers see are those of the model."""
        model, view = self.model, self.engine.view
        for level in view.levels.values():
            name = level.sku.partition("/")[0]
            key = (name, level.location)
            seen = (level.on_hand, level.reserved, level.allocated)
            meant = (model.on_hand[key], model.reserved[key], model.allocated[key])
            if seen != meant:
                self.wrong(f"{key} has {seen}, should have {meant}")
        known = {(row.sku.partition("/")[0], row.location) for row in view.levels.values()}
        for key, units in model.on_hand.items():
            if units and key not in known:
                self.wrong(f"{units} units at {key} are missing")
        for name in (*PARTS, *KITS):
            stock = view.online_stock(sku(name))
            if max(0, stock.available) != model.sellable(name):
                self.wrong(f"{name}: {stock.available} shown, {model.sellable(name)} sellable")

    async def end(self) -> None:
        """No unit came into being without an entry, and `verify` finds nothing."""
        sums: Counter[str] = Counter()
        async for level in self.engine.store.scan(Level):
            sums[level.sku.partition("/")[0]] += level.on_hand
        if +sums != +self.model.total:
            self.wrong(f"{+sums} units are there, {+self.model.total} should be")
        findings = (await verify_store(self.engine.store)).findings
        if findings:
            self.wrong(f"verify: {findings[:3]}")
        for kind in (Level, Order, Transfer):
            self.rows += [row async for row in self.engine.store.scan(kind)]


def rows_of(order: Order) -> dict[Key, OrderUnits]:
    """The units of a stored order, in the model's form."""
    return {
        (row.sku.partition("/")[0], row.location): OrderUnits(
            row.quantity, row.shipped, row.cancelled, row.returned
        )
        for row in order.units
    }


def units_open(order: SoldOrder, without: str | None = None) -> dict[str, int]:
    """The open units of an order by SKU, except those at a location."""
    counts: Counter[str] = Counter()
    for (name, location), row in order.rows.items():
        if location != without:
            counts[name] += row.open
    return dict(+counts)
