"""No buyer keeps a size forever without paying, by any way of releasing it for a moment.

An address may keep a size for two minutes here, and then waits. Each attacker gives the size up in
another way, before its hold ends, and takes it again in the same moment.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from fancymonkey.core.holds.end import Capture, Release
from fancymonkey.core.holds.limits import ClientSource, HoldLimits
from fancymonkey.core.holds.reserve import Reserve
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Allocation, Reservation, Status
from fancymonkey.core.outcomes import Accepted, Code, Refused
from fancymonkey.store.in_memory.store import MemoryStore
from tests.core.builders import CoreShop as Core
from tests.core.builders import lines
from tests.payments.conftest import Till, opened
from tests.web.client import Answer
from tests.web.shops import HOODIE

TURN = 40
DECOYS = ["S", "L"]


class EndlessHolder:
    """An attacker with its own addresses, who holds size M of the hoodie."""

    def __init__(self, till: Till, *addresses: str) -> None:
        self.till = till
        self.addresses = addresses or ("198.51.100.7",)
        self.turn = 0

    async def post(self, path: str, body: dict[str, Any], address: int = 0) -> Answer:
        client = self.till.shop.client.elsewhere(self.addresses[address % len(self.addresses)])
        return await client.post(path, body)

    async def take(self, *sizes: str, address: int = 0) -> Answer:
        self.turn += 1
        body = {"sessionId": f"s{self.turn}", "lines": [line(size) for size in sizes or ("M",)]}
        return await self.post("/api/inventory/reserve", body, address)

    async def checkout(self, *sizes: str, session: str = "", address: int = 0) -> Answer:
        chosen = [line(size) for size in sizes]
        body = {"sessionId": session or f"s{self.turn}", "lines": chosen}
        return await self.post("/api/checkout", body, address)


def line(size: str, quantity: int = 1) -> dict[str, Any]:
    return {"productId": HOODIE, "size": size, "quantity": quantity}


async def other_lines(attacker: EndlessHolder) -> None:
    assert (await attacker.checkout(DECOYS[attacker.turn % 2])).status == 200


async def fewer_lines(attacker: EndlessHolder) -> None:
    """The decoy was held from the start."""
    assert (await attacker.checkout("L")).status == 200


async def other_address(attacker: EndlessHolder) -> None:
    assert (await attacker.checkout("S", address=1)).status == 200


async def at_the_checkout(attacker: EndlessHolder) -> None:
    """Stripe is asked for the wanted size first, and then for the decoy."""
    assert (await attacker.checkout("M")).status == 200
    assert (await attacker.checkout("S")).status == 200


async def replaced(attacker: EndlessHolder) -> None:
    session = f"s{attacker.turn}"
    body = {"sessionId": f"decoy-{session}", **line("S"), "replaces": session}
    assert (await attacker.post("/api/inventory/reserve", body)).status == 200


async def decoy_is_paid(attacker: EndlessHolder) -> None:
    answer = await attacker.checkout("S")
    assert answer.status == 200
    await attacker.till.act(answer.json["sessionId"], "pay")


Way = Callable[[EndlessHolder], Awaitable[None]]


async def turns(
    attacker: EndlessHolder, give_up: Way, first: tuple[str, ...]
) -> AsyncIterator[Answer]:
    while True:
        answer = await attacker.take(*first)
        yield answer
        if answer.status != 200:
            return
        attacker.till.shop.clock.forward(TURN)
        await give_up(attacker)


@pytest.mark.parametrize(
    ("give_up", "first"),
    [
        (other_lines, ("M",)),
        (fewer_lines, ("M", "L")),
        (other_address, ("M",)),
        (at_the_checkout, ("M",)),
        (replaced, ("M",)),
        (decoy_is_paid, ("M",)),
    ],
)
async def test_swapping_a_basket_counts_like_an_ended_hold(
    give_up: Way, first: tuple[str, ...]
) -> None:
    settings: dict[str, Any] = {
        "rate_limit": True,
        "hold_unpaid_allowance_minutes": 2,
        "hold_contention_percent": 0,
    }
    async with opened(MemoryStore(), reservation_ttl_seconds=60, **settings) as till:
        attacker = EndlessHolder(till, "198.51.100.7", "203.0.112.9")
        answers = []
        async for answer in turns(attacker, give_up, first):
            answers.append(answer)
            if len(answers) > 8:
                break
        assert [answer.status for answer in answers] == [200, 200, 200, 429]
        assert answers[-1].code == "held_too_often"
        assert int(answers[-1].header("retry-after") or 0) > 60


HERE = ClientSource("net", "here", HoldLimits(unpaid=100_000))
AWAY = ClientSource("away", "far", HoldLimits(unpaid=100_000))


def reserve(
    session: str, source: ClientSource | None = HERE, *, only: bool, **wanted: int
) -> Reserve:
    return Reserve(
        reservation_id=f"h-{session}",
        location=DEFAULT_LOCATION,
        session_id=session,
        lines=lines(**wanted),
        ttl=10_000_000,
        only=only,
        source=source,
    )


@pytest.mark.parametrize("through", [HERE, AWAY, None], ids=["same", "other network", "near"])
@pytest.mark.parametrize("paid", [False, True])
def test_the_time_of_a_size_that_was_swapped_away_is_kept(
    through: ClientSource | None, paid: bool
) -> None:
    shop = Core(50)
    shop.do(reserve("a", only=False, a_M=1))
    shop.do(reserve("a", through, only=True, b_S=1), at=60_000)
    if paid:
        shop.do(Capture(ref="a", payment_id="cs"))
    shop.do(reserve("b", only=False, a_M=1), at=60_000)
    shop.do(Release(ref="b"), at=110_000)
    refused = shop.do(reserve("c", only=False, a_M=1))
    assert isinstance(refused, Refused)
    assert refused.code is Code.HELD_TOO_OFTEN
    assert isinstance(shop.do(reserve("d", AWAY, only=False, a_M=1)), Accepted)


def test_the_owner_who_takes_a_line_away_does_not_hide_its_time() -> None:
    shop = Core(50)
    shop.do(reserve("a", only=False, a_M=1, b_S=1))
    hold = shop.hold("a")
    shop.now = 100_000
    shop.image.rows[Reservation][hold.key] = replace(
        hold, allocations=(Allocation("b/S", 1, DEFAULT_LOCATION),)
    )
    refused = shop.do(reserve("c", only=False, a_M=1))
    assert isinstance(refused, Refused)
    assert refused.code is Code.HELD_TOO_OFTEN


def test_sizes_added_later_count_from_then_on() -> None:
    shop = Core(50)
    shop.do(reserve("a", only=False, b_S=1))
    shop.do(reserve("a", only=False, a_M=1), at=90_000)
    shop.do(reserve("a", only=True, b_S=1), at=110_000)
    assert isinstance(shop.do(reserve("b", only=False, a_M=1)), Accepted)


def test_fewer_units_of_a_size_are_still_the_size() -> None:
    shop = Core(50)
    for number in range(40):
        answer = shop.do(reserve("a", only=False, a_M=2 + number % 2), at=number * 10_000)
        assert isinstance(answer, Accepted)
    shop.do(Release(ref="a"))
    refused = shop.do(reserve("b", only=False, a_M=1))
    assert isinstance(refused, Refused)
    assert shop.hold("a").status is Status.RELEASED


def test_a_long_queue_of_swaps_is_not_forgotten_however_many_decoys() -> None:
    """Decoys that fill the memory of recent holds do not remove the counted time."""
    shop = Core(1000)
    shop.do(reserve("a", only=False, a_M=1))
    shop.do(reserve("a", only=True, b_S=1), at=100_000)
    for number in range(300):
        shop.do(reserve(f"d{number}", only=False, b_M=1), Release(ref=f"d{number}"))
    refused = shop.do(reserve("b", only=False, a_M=1))
    assert isinstance(refused, Refused)
    assert refused.code is Code.HELD_TOO_OFTEN
