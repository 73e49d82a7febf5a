"""The limits on holds with several processes, which have one common decision."""

import asyncio
from collections import Counter

import pytest

from bench.buyers import RESERVE
from bench.killstorm import verify
from bench.shops import Places, large
from tests.crash.test_killed_drop import DROP

pytestmark = pytest.mark.crash


@pytest.mark.postgres
def test_one_network_at_two_servers_and_four_workers(places: Places) -> None:
    import httpx

    shop = places.shop("postgres", [*large(10), DROP])
    env = {"RATE_LIMIT": "on", "TRUSTED_PROXIES": "127.0.0.1"}
    with (
        shop.server(workers=2, env=env) as first,
        shop.server(workers=2, env=env) as other,
    ):
        answers: Counter[tuple[int, str]] = Counter()

        async def crowd() -> None:
            async with httpx.AsyncClient(timeout=30) as client:

                async def grab(number: int) -> None:
                    port = (first, other)[number % 2].port
                    answer = await client.post(
                        f"http://127.0.0.1:{port}{RESERVE}",
                        json={
                            "productId": "prod_drop",
                            "size": "M",
                            "quantity": 1,
                            "sessionId": f"s {number}",
                        },
                        headers={"X-Forwarded-For": f"203.0.113.{number}"},
                    )
                    answers[answer.status_code, answer.json().get("code", "")] += 1

                await asyncio.gather(*(grab(number) for number in range(100)))

        asyncio.run(crowd())
        # Any client may hold three of 20 units; under contention the network has its share.
        assert answers == {(200, ""): 3, (409, "hold_limit"): 97}
        verify(shop)
