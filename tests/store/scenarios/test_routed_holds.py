"""Holds from several locations, and holds of bundles, on every store."""

from dataclasses import replace

import pytest

from fancymonkey.core.catalogue.products import NewItem, UpsertProduct
from fancymonkey.core.command import Command
from fancymonkey.core.explode import Choice
from fancymonkey.core.holds.end import Capture, Release
from fancymonkey.core.holds.reserve import Reserve
from fancymonkey.core.item_parts import (
    Bundle,
    BundlePolicy,
    ChoiceGroup,
    Component,
    SafetyStock,
    SoldPart,
)
from fancymonkey.core.locations.edit import AddLocation, EditLocation
from fancymonkey.core.locations.locations import DEFAULT_LOCATION, Location
from fancymonkey.core.locations.routing import Destination, Routing
from fancymonkey.core.model import Item, Level, Line, Product, Reservation, sku_of
from fancymonkey.core.outcomes import Accepted, Answer, Code, Refused
from fancymonkey.core.stock.adjust import Adjust
from fancymonkey.store.contract import Store
from fancymonkey.store.verify import verify_store

BERLIN = Location("berlin", "Berlin", country="DE", priority=2)
PARIS = Location("paris", "Paris", country="FR", priority=3)
ANY = Routing()
KIT = Bundle(1, BundlePolicy.TOGETHER)


def product(product_id: str, **item: object) -> UpsertProduct:
    sku = sku_of(product_id, "M")
    new = replace(Item(sku, product_id, "M"), **item)  # type: ignore[arg-type]
    return UpsertProduct(
        product=Product(product_id, product_id.title()),
        location=DEFAULT_LOCATION,
        items=(NewItem(new, 0),),
        before=(sku,),
    )


class RoutedShop:
    """Three locations and three products in a store. Commands run one by one."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.now = 1

    async def do(self, *commands: Command) -> Answer:
        commit = await self.store.run(commands, self.now, 0)
        for answer in commit.answers[:-1]:
            assert isinstance(answer, Accepted), answer
        return commit.answers[-1]

    async def stock(self, **levels: dict[str, int]) -> None:
        """Receives units: `stock(x={"berlin": 2})`."""
        await self.do(
            *(
                Adjust(sku=sku_of(name, "M"), location=location, delta=units)
                for name, units_at in levels.items()
                for location, units in units_at.items()
            )
        )

    async def reserve(
        self,
        session: str,
        routing: Routing | None = ANY,
        choices: tuple[Choice, ...] = (),
        **units: int,
    ) -> Answer:
        return await self.do(
            Reserve(
                reservation_id=f"res_{session}",
                session_id=session,
                lines=tuple(Line(sku_of(name, "M"), number) for name, number in units.items()),
                location=DEFAULT_LOCATION,
                ttl=1000,
                routing=routing,
                choices=choices,
            )
        )

    async def level(self, name: str, location: str) -> tuple[int, int]:
        """On hand and reserved."""
        level = await self.store.find(Level, (sku_of(name, "M"), location))
        return (0, 0) if level is None else (level.on_hand, level.reserved)

    async def hold(self, session: str) -> Reservation:
        hold = await self.store.reservation(session)
        assert hold is not None
        return hold

    async def check(self) -> None:
        assert not (await verify_store(self.store)).findings


@pytest.fixture
async def shop(store: Store) -> RoutedShop:
    network = RoutedShop(store)
    await network.do(
        AddLocation(location=BERLIN),
        AddLocation(location=PARIS),
        *(product(name) for name in "xyz"),
    )
    return network


def allocations(answer: Answer) -> dict[tuple[str, str], int]:
    assert isinstance(answer, Accepted), answer
    rows = answer.data.allocations
    return {(row.sku.partition("/")[0], row.location): row.quantity for row in rows}


def refusal(answer: Answer) -> Refused:
    assert isinstance(answer, Refused), answer
    return answer


async def test_a_hold_takes_units_of_several_locations_and_gives_them_back(
    shop: RoutedShop,
) -> None:
    await shop.stock(x={"main": 1, "berlin": 1}, y={"paris": 2})
    answer = await shop.reserve("a", x=2, y=1)
    assert allocations(answer) == {("x", "main"): 1, ("x", "berlin"): 1, ("y", "paris"): 1}
    assert isinstance(answer, Accepted)
    assert answer.data.because
    assert await shop.level("x", "berlin") == (1, 1)
    assert refusal(await shop.reserve("b", x=1)).detail == [
        {"sku": "x/M", "requested": 1, "available": 0}
    ]
    await shop.do(Release(ref="a"))
    assert await shop.level("x", "berlin") == (1, 0)
    assert allocations(await shop.reserve("b", x=1)) == {("x", "main"): 1}
    await shop.check()


async def test_a_paid_hold_sells_where_its_units_are(shop: RoutedShop) -> None:
    await shop.stock(x={"berlin": 1, "paris": 1})
    await shop.reserve("a", x=2)
    assert isinstance(await shop.do(Capture(ref="a", payment_id="pi_1")), Accepted)
    assert await shop.level("x", "berlin") == (0, 0)
    assert await shop.level("x", "paris") == (0, 0)
    await shop.check()


async def test_an_expired_hold_is_free_at_every_location(shop: RoutedShop) -> None:
    await shop.stock(x={"berlin": 1, "paris": 1})
    await shop.reserve("a", x=2)
    shop.now = 5000
    assert allocations(await shop.reserve("b", x=2)) == {("x", "berlin"): 1, ("x", "paris"): 1}
    await shop.check()


async def test_a_changed_quantity_counts_the_own_units(shop: RoutedShop) -> None:
    await shop.stock(x={"main": 1, "berlin": 2})
    await shop.reserve("a", x=1)
    assert allocations(await shop.reserve("a", x=2)) == {("x", "berlin"): 2}
    assert await shop.level("x", "main") == (1, 0)
    assert allocations(await shop.reserve("a", x=3)) == {("x", "main"): 1, ("x", "berlin"): 2}
    assert refusal(await shop.reserve("a", x=4)).code is Code.INSUFFICIENT_STOCK
    await shop.check()


async def test_the_same_lines_again_keep_their_locations(shop: RoutedShop) -> None:
    await shop.stock(x={"berlin": 1})
    await shop.reserve("a", x=1)
    await shop.stock(x={"main": 5})
    assert allocations(await shop.reserve("a", x=1)) == {("x", "berlin"): 1}
    to_paris = Routing(destination=Destination("FR"))
    await shop.stock(x={"paris": 1})
    assert allocations(await shop.reserve("a", to_paris, x=1)) == {("x", "paris"): 1}
    await shop.check()


async def test_units_come_from_a_named_location_only(shop: RoutedShop) -> None:
    await shop.stock(x={"main": 5, "berlin": 1})
    at_berlin = Routing(only_from="berlin")
    assert allocations(await shop.reserve("a", at_berlin, x=1)) == {("x", "berlin"): 1}
    assert refusal(await shop.reserve("b", at_berlin, x=1)).detail[0]["available"] == 0
    unknown = refusal(await shop.reserve("b", Routing(only_from="rome"), x=1))
    assert unknown.code is Code.UNKNOWN_LOCATION


async def test_a31_a_location_that_does_not_sell_online_serves_no_parcel(shop: RoutedShop) -> None:
    await shop.do(EditLocation(location=replace(BERLIN, sells_online=False, pickup=True)))
    await shop.stock(x={"berlin": 4})
    assert refusal(await shop.reserve("a", x=1)).code is Code.INSUFFICIENT_STOCK
    picked_up = await shop.reserve("a", Routing(pickup_at="berlin"), x=1)
    assert allocations(picked_up) == {("x", "berlin"): 1}


async def test_a32_a_pick_up_is_filled_from_other_locations(shop: RoutedShop) -> None:
    await shop.do(EditLocation(location=replace(BERLIN, pickup=True)))
    await shop.stock(x={"berlin": 2, "main": 10})
    answer = await shop.reserve("a", Routing(pickup_at="berlin"), x=3)
    assert allocations(answer) == {("x", "berlin"): 2, ("x", "main"): 1}


async def test_safety_stock_is_not_offered_at_any_location(shop: RoutedShop) -> None:
    await shop.do(product("x", safety_stock=(SafetyStock("berlin", 2), SafetyStock("main", 1))))
    await shop.stock(x={"main": 1, "berlin": 3})
    assert allocations(await shop.reserve("a", x=1)) == {("x", "berlin"): 1}
    assert refusal(await shop.reserve("b", x=1)).detail[0]["available"] == 0
    assert refusal(await shop.reserve("b", None, x=1)).detail[0]["available"] == 0
    assert allocations(await shop.reserve("a", x=1)) == {("x", "berlin"): 1}


async def kit(shop: RoutedShop, bundle: Bundle = KIT, **parts: int) -> None:
    """Makes `set` a bundle of these parts."""
    components = tuple(Component(sku_of(name, "M"), number) for name, number in parts.items())
    answer = await shop.do(product("set", bundle=bundle, components=components))
    assert isinstance(answer, Accepted)


async def test_a_bundle_is_held_as_its_parts(shop: RoutedShop) -> None:
    await kit(shop, x=1, y=2)
    await shop.stock(x={"main": 5}, y={"main": 5})
    answer = await shop.reserve("a", None, set=2)
    assert allocations(answer) == {("x", "main"): 2, ("y", "main"): 4}
    assert isinstance(answer, Accepted)
    assert answer.data.lines == (("set/M", 2, 2, 2, 0),)
    hold = await shop.hold("a")
    assert [(line.sku, line.quantity) for line in hold.lines] == [("set/M", 2)]
    assert hold.parts == (SoldPart("set/M", 1, "x/M", 1), SoldPart("set/M", 1, "y/M", 2))
    short = refusal(await shop.reserve("b", None, set=1)).detail
    assert short == [{"sku": "set/M", "requested": 1, "available": 0, "scarce": ["y/M"]}]
    assert allocations(await shop.reserve("a", None, set=1)) == {("x", "main"): 1, ("y", "main"): 2}
    await shop.do(Capture(ref="a", payment_id="pi_1"))
    assert await shop.level("y", "main") == (3, 0)
    await shop.check()


async def test_t1_a_bundle_and_its_part_compete_in_one_basket(shop: RoutedShop) -> None:
    await kit(shop, x=1, y=1)
    await shop.stock(x={"main": 2}, y={"main": 9})
    assert refusal(await shop.reserve("a", None, set=2, x=1)).code is Code.INSUFFICIENT_STOCK
    assert allocations(await shop.reserve("a", None, set=1, x=1)) == {
        ("x", "main"): 2,
        ("y", "main"): 1,
    }
    await shop.check()


async def test_b4_parts_of_parts_are_multiplied(shop: RoutedShop) -> None:
    arm = (Component("x/M", 1), Component("y/M", 2))
    await shop.do(product("arm", bundle=KIT, components=arm))
    seat = (Component("z/M", 1), Component("arm/M", 2))
    await shop.do(product("seat", bundle=KIT, components=seat))
    await shop.stock(x={"main": 9}, y={"main": 9}, z={"main": 9})
    answer = await shop.reserve("a", None, seat=1)
    assert allocations(answer) == {("z", "main"): 1, ("x", "main"): 2, ("y", "main"): 4}


@pytest.mark.parametrize(
    ("policy", "served"), [(BundlePolicy.TOGETHER, False), (BundlePolicy.SPLIT, True)]
)
async def test_b7_parts_at_two_locations_make_a_bundle_only_by_policy(
    shop: RoutedShop, policy: BundlePolicy, *, served: bool
) -> None:
    await kit(shop, Bundle(1, policy), x=1, y=1)
    await shop.stock(x={"main": 1}, y={"berlin": 1})
    answer = await shop.reserve("a", set=1)
    if served:
        assert allocations(answer) == {("x", "main"): 1, ("y", "berlin"): 1}
    else:
        assert refusal(answer).detail[0]["available"] == 0


async def test_b8_three_units_at_each_of_two_locations_make_two_pairs(shop: RoutedShop) -> None:
    await kit(shop, x=2)
    await shop.stock(x={"main": 3, "berlin": 3})
    assert refusal(await shop.reserve("a", set=3)).detail[0]["available"] == 2
    assert allocations(await shop.reserve("a", set=2)) == {("x", "main"): 2, ("x", "berlin"): 2}


async def test_b17_a_held_bundle_keeps_the_parts_it_was_sold_with(shop: RoutedShop) -> None:
    await kit(shop, x=1, y=1)
    await shop.stock(x={"main": 2}, y={"main": 2}, z={"main": 2})
    await shop.reserve("a", None, set=1)
    await kit(shop, Bundle(2, BundlePolicy.TOGETHER), x=1, z=1)
    answer = await shop.reserve("a", None, z=1)
    assert allocations(answer) == {("x", "main"): 1, ("y", "main"): 1, ("z", "main"): 1}
    assert allocations(await shop.reserve("b", None, set=1)) == {("x", "main"): 1, ("z", "main"): 1}
    await shop.check()


async def test_options_of_a_group_are_chosen(shop: RoutedShop) -> None:
    options = tuple(Component(f"{name}/M", 2, "tees") for name in "xyz")
    groups = (ChoiceGroup("tees", 3),)
    await shop.do(product("set", bundle=KIT, components=options, groups=groups))
    await shop.stock(x={"main": 5}, y={"main": 5}, z={"main": 5})
    wrong: list[dict[str, int]] = [{}, {"x": 3}, {"x": 2}, {"x": 2, "y": 2}, {"w": 3}]
    for units in wrong:
        choices = tuple(Choice("set/M", f"{name}/M", number) for name, number in units.items())
        refused = refusal(await shop.reserve("a", None, choices, set=1))
        assert refused.code is Code.INVALID_CHOICES
    choices = (Choice("set/M", "x/M", 2), Choice("set/M", "z/M", 1))
    answer = await shop.reserve("a", None, choices, set=2)
    assert allocations(answer) == {("x", "main"): 4, ("z", "main"): 2}
    again = await shop.reserve("a", None, set=2)  # as a checkout of the hold does
    assert allocations(again) == {("x", "main"): 4, ("z", "main"): 2}


@pytest.mark.parametrize(
    ("bundle", "code"),
    [
        (Bundle(1, BundlePolicy.TOGETHER, sold_from=9), Code.SOLD_OUT),
        (Bundle(1, BundlePolicy.TOGETHER, sold_until=1), Code.SOLD_OUT),
        (Bundle(1, BundlePolicy.TOGETHER, max_per_order=1), Code.HOLD_LIMIT),
    ],
)
async def test_the_rules_of_a_bundle_refuse_it(
    shop: RoutedShop, bundle: Bundle, code: Code
) -> None:
    await kit(shop, bundle, x=1)
    await shop.stock(x={"main": 5})
    assert refusal(await shop.reserve("a", None, set=2)).code is code


async def test_kept_units_stay_for_the_single_sale_of_a_part(shop: RoutedShop) -> None:
    components = (Component("x/M", 1, keep=2),)
    await shop.do(product("set", bundle=KIT, components=components))
    await shop.stock(x={"main": 4})
    short = refusal(await shop.reserve("a", None, set=3)).detail
    assert short == [{"sku": "set/M", "requested": 3, "available": 2, "scarce": ["x/M"]}]
    await shop.reserve("a", None, set=2)
    assert isinstance(await shop.reserve("b", None, x=2), Accepted)


async def test_the_last_unit_is_sold_once_through_a_bundle_or_alone(shop: RoutedShop) -> None:
    await kit(shop, x=1, y=1)
    await shop.stock(x={"main": 1}, y={"main": 5})
    command = Reserve(
        reservation_id="res_a",
        session_id="a",
        lines=(Line("set/M", 1),),
        location=DEFAULT_LOCATION,
        ttl=1000,
    )
    alone = replace(command, reservation_id="res_b", session_id="b", lines=(Line("x/M", 1),))
    commit = await shop.store.run((command, alone, replace(command, session_id="c")), 1, 0)
    assert [isinstance(answer, Accepted) for answer in commit.answers] == [True, False, False]
    await shop.check()
