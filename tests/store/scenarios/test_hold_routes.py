"""A hold stores the reasons for its locations, and the distances of the other options."""

from dataclasses import replace
from decimal import Decimal

import pytest

from fancymonkey.core.holds.end import Capture
from fancymonkey.core.locations.edit import AddLocation, EditLocation
from fancymonkey.core.locations.locations import DEFAULT_LOCATION, Location
from fancymonkey.core.locations.routing import Destination, Routing
from fancymonkey.core.model import Status
from fancymonkey.core.orders.erase import EraseBuyer
from fancymonkey.core.outcomes import Accepted
from fancymonkey.core.route_option import RouteOption
from fancymonkey.store.contract import Store
from tests.store.scenarios.test_routed_holds import BERLIN, PARIS, RoutedShop, product

ROME = Destination("IT", Decimal("41.9"), Decimal("12.5"))
"""1,183 km from Berlin and 1,106 km from Paris."""


def at(location: Location, latitude: str, longitude: str) -> Location:
    return replace(location, latitude=Decimal(latitude), longitude=Decimal(longitude))


@pytest.fixture
async def shop(store: Store) -> RoutedShop:
    network = RoutedShop(store)
    await network.do(
        AddLocation(location=at(BERLIN, "52.52", "13.4")),
        AddLocation(location=at(PARIS, "48.86", "2.35")),
        product("x"),
        product("y"),
    )
    return network


async def test_the_choice_and_its_alternatives_are_kept(shop: RoutedShop) -> None:
    await shop.stock(x={"berlin": 2, "paris": 2})
    answer = await shop.reserve("a", Routing(destination=ROME), x=1)
    assert isinstance(answer, Accepted)
    chosen, other = (await shop.hold("a")).route or ()
    assert chosen == RouteOption("paris", 1106, "\n".join(answer.data.because))
    assert "Nearest: " in chosen.because
    assert other == RouteOption("berlin", 1183)


async def test_several_parcels_are_kept_with_their_distance_together(shop: RoutedShop) -> None:
    await shop.stock(x={"berlin": 1, "paris": 1})
    await shop.reserve("a", Routing(destination=ROME), x=2)
    (chosen,) = (await shop.hold("a")).route or ()
    assert (chosen.ids, chosen.km) == (["paris", "berlin"], 2289)


async def test_without_an_address_the_distance_is_not_known(shop: RoutedShop) -> None:
    await shop.stock(x={"berlin": 1, "paris": 1})
    await shop.reserve("a", x=1)
    assert [option.km for option in (await shop.hold("a")).route or ()] == [None, None]


async def test_a_hold_that_nothing_routed_has_no_route(shop: RoutedShop) -> None:
    await shop.stock(x={"main": 2})
    await shop.reserve("a", None, x=1)
    assert (await shop.hold("a")).route is None


async def test_the_same_request_again_keeps_the_first_reasons(shop: RoutedShop) -> None:
    """A repetition must not look like a change: a hold at the checkout refuses changes."""
    await shop.stock(x={"berlin": 1, "paris": 2})
    await shop.reserve("a", Routing(destination=ROME), x=1)
    before = await shop.hold("a")
    await shop.reserve("b", Routing(only_from="berlin"), x=1)
    await shop.reserve("a", Routing(destination=ROME), x=1)
    assert await shop.hold("a") == before


async def test_another_location_has_other_reasons(shop: RoutedShop) -> None:
    await shop.stock(x={"berlin": 3, "paris": 1})
    await shop.reserve("a", Routing(destination=ROME), x=1)
    await shop.reserve("a", Routing(destination=ROME), x=2)
    (chosen,) = (await shop.hold("a")).route or ()
    assert (chosen.ids, chosen.km) == (["berlin"], 1183)


async def test_a_rename_leaves_the_reasons_as_they_were(shop: RoutedShop) -> None:
    await shop.stock(x={"berlin": 1})
    await shop.reserve("a", x=1)
    before = (await shop.hold("a")).route
    await shop.do(EditLocation(location=replace(BERLIN, name="Studio")))
    assert (await shop.hold("a")).route == before


async def test_erasing_a_buyer_erases_the_distances_to_the_address(shop: RoutedShop) -> None:
    await shop.stock(x={"berlin": 1, "paris": 1})
    await shop.reserve("a", Routing(destination=ROME), x=1)
    await shop.do(Capture(ref="a"))
    assert (await shop.hold("a")).route
    await shop.do(EraseBuyer(order_id="res_a"))
    hold = await shop.hold("a")
    assert (hold.status, hold.route) == (Status.CAPTURED, None)
    assert [row.location for row in hold.allocations] == ["paris"]
    await shop.check()


async def test_one_location_with_the_units_is_the_whole_choice(shop: RoutedShop) -> None:
    await shop.stock(x={DEFAULT_LOCATION: 2})
    await shop.reserve("a", Routing(destination=ROME), x=1)
    assert (await shop.hold("a")).route == (RouteOption("main", None, "Main has all of it."),)
