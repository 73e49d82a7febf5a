"""Scenarios of routing and bundles by their number, beside those of `test_routed_holds`."""

from decimal import Decimal

import pytest

from fancymonkey.core.bundles.define import SetBundle
from fancymonkey.core.bundles.definition import Definition
from fancymonkey.core.item_parts import Bundle, BundlePolicy, Component
from fancymonkey.core.locations.edit import AddLocation, EditLocation
from fancymonkey.core.locations.locations import Location, first_location
from fancymonkey.core.locations.routing import Destination, Routing, RoutingRule
from fancymonkey.core.outcomes import Accepted, Code, Refused
from tests.store.kit_shop import KIT, KitShop, shop
from tests.store.scenarios.test_routed_holds import allocations, refusal

__all__ = ["shop"]

LONDON = Destination("GB", Decimal("51.5074"), Decimal("-0.1278"))
FEWEST = Routing(rules=(RoutingRule.FEWEST_PARCELS,))


def located(id_: str, country: str, latitude: str, longitude: str, priority: int) -> Location:
    """A location with coordinates."""
    point = (Decimal(latitude), Decimal(longitude))
    return Location(
        id_, id_.title(), "", country, latitude=point[0], longitude=point[1], priority=priority
    )


async def test_a1_two_units_at_two_places_are_sold(shop: KitShop) -> None:
    await shop.stock(x={"main": 1, "berlin": 1})
    assert allocations(await shop.reserve("a", x=2)) == {("x", "main"): 1, ("x", "berlin"): 1}


async def test_a2_two_lines_at_two_places_are_two_parcels(shop: KitShop) -> None:
    await shop.stock(x={"main": 1}, y={"berlin": 1})
    answer = await shop.reserve("a", x=1, y=1)
    assert allocations(answer) == {("x", "main"): 1, ("y", "berlin"): 1}


async def test_a4_units_that_are_held_are_not_routed_to(shop: KitShop) -> None:
    await shop.stock(x={"main": 5, "berlin": 3})
    at_main = Routing(only_from="main")
    assert allocations(await shop.reserve("a", at_main, x=4)) == {("x", "main"): 4}
    assert allocations(await shop.reserve("b", FEWEST, x=3)) == {("x", "berlin"): 3}


async def test_a5_the_same_coordinates_leave_it_to_the_priority(shop: KitShop) -> None:
    for number, id_ in ((20, "zone"), (10, "area")):
        await shop.accepted(AddLocation(location=located(id_, "GB", "51.0", "0.0", number)))
    await shop.stock(x={"zone": 30, "area": 30})
    nearest = Routing(
        destination=LONDON, rules=(RoutingRule.NEAREST, RoutingRule.PRIORITY), max_parcels=1
    )
    for number in range(20):
        answer = await shop.reserve(f"s{number}", nearest, x=1)
        assert allocations(answer) == {("x", "area"): 1}


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ((RoutingRule.SAME_COUNTRY, RoutingRule.NEAREST), "birmingham"),
        ((RoutingRule.NEAREST,), "calais"),
    ],
)
async def test_a7_the_country_counts_before_the_distance(
    shop: KitShop, rules: tuple[RoutingRule, ...], expected: str
) -> None:
    await shop.accepted(AddLocation(location=located("birmingham", "GB", "52.4862", "-1.8904", 8)))
    await shop.accepted(AddLocation(location=located("calais", "FR", "50.9513", "1.8587", 9)))
    await shop.stock(x={"birmingham": 1, "calais": 1})
    answer = await shop.reserve("a", Routing(destination=LONDON, rules=rules), x=1)
    assert allocations(answer) == {("x", expected): 1}


async def test_a8_a_location_across_the_180th_meridian_is_near(shop: KitShop) -> None:
    await shop.accepted(AddLocation(location=located("taveuni", "FJ", "-16.8", "179.9", 9)))
    await shop.accepted(AddLocation(location=located("apia", "WS", "-13.8", "-171.8", 1)))
    await shop.stock(x={"taveuni": 1, "apia": 1})
    buyer = Destination("", Decimal("-16.8"), Decimal("-179.9"))
    nearest = Routing(destination=buyer, rules=(RoutingRule.NEAREST,))
    answer = await shop.reserve("a", nearest, x=1)
    assert allocations(answer) == {("x", "taveuni"): 1}


async def test_b1_the_scarcest_part_decides(shop: KitShop) -> None:
    await shop.kit(x=1, y=2, z=10)
    await shop.stock(x={"main": 20}, y={"main": 20}, z={"main": 20})
    short = refusal(await shop.reserve("a", set=3)).detail
    assert short == [{"sku": KIT, "requested": 3, "available": 2, "scarce": ["z/M"]}]
    assert isinstance(await shop.reserve("a", set=2), Accepted)


async def test_b2_a_part_without_units_makes_no_kit(shop: KitShop) -> None:
    await shop.kit(x=1, y=1)
    await shop.stock(x={"main": 5})
    assert refusal(await shop.reserve("a", set=1)).detail[0]["available"] == 0


async def test_b5_a_circle_is_refused_and_a_sibling_is_none(shop: KitShop) -> None:
    await shop.kit(x=1)
    bundle = Bundle(0, BundlePolicy.TOGETHER)
    circle = SetBundle(
        sku="x/M", location="main", definition=Definition(bundle, (Component(KIT, 1),))
    )
    answer = await shop.do(circle)
    assert isinstance(answer, Refused)
    assert answer.code is Code.BUNDLE_CYCLE
    assert answer.detail["path"] == ["x/M", KIT, "x/M"]
    pack = SetBundle(
        sku="y/M", location="main", definition=Definition(bundle, (Component("z/M", 6),))
    )
    assert isinstance(await shop.do(pack), Accepted)


async def test_b22_the_units_of_an_expired_bundle_are_sold_once(shop: KitShop) -> None:
    await shop.kit(x=1)
    await shop.stock(x={"main": 1})
    assert isinstance(await shop.reserve("slow", set=1), Accepted)
    shop.now += 5000
    assert isinstance(await shop.reserve("quick", set=1), Accepted)
    assert isinstance(await shop.pay("quick"), Accepted)
    await shop.pay("slow")
    row = await shop.row("x")
    assert (row.on_hand, row.available, row.backordered) == (0, 0, 1)


async def test_a31_a_pick_up_only_location_keeps_its_units(shop: KitShop) -> None:
    main = first_location()
    await shop.accepted(
        EditLocation(location=Location(main.key, main.name, sells_online=False, pickup=True))
    )
    await shop.stock(x={"main": 4})
    assert refusal(await shop.reserve("a", x=1)).detail[0]["available"] == 0
