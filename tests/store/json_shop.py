"""A small shop in a folder, for tests of the JSON store."""

from pathlib import Path
from typing import Any

from fancymonkey.core.holds.end import Capture, Release
from fancymonkey.core.holds.reserve import Reserve
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Line
from fancymonkey.core.outcomes import Accepted
from fancymonkey.store.json.store import JsonStore

SEED = """[
  {
    "id": "prod_hoodie_001",
    "name": "MIDNIGHT EMERALD HOODIE",
    "price": 58,
    "sizes": {
      "M": {
        "skuId": "sku_m",
        "priceId": "price_m",
        "stock": 20,
        "soldOut": false,
        "reserved": 0,
        "weight": 0.25,
        "lowStockThreshold": 5
      },
      "L": {
        "stock": 5,
        "reserved": 0
      }
    },
    "material": "cotton – 350 g",
    "category": "hoodies",
    "restockDate": null,
    "lastUpdated": "2025-10-07T00:00:00.000Z"
  },
  {
    "id": "prod_cap_001",
    "name": "CAP",
    "price": 19.90,
    "tags": [
      "new",
      "cap"
    ],
    "sizes": {
      "One Size / OS": {}
    },
    "lastUpdated": "2025-10-07T00:00:00.000Z"
  }
]
"""

START = 1_760_000_000_000


def at(step: int) -> int:
    """A time in ms."""
    return START + step * 1000


async def open_shop(folder: Path, **more: Any) -> JsonStore:
    store = JsonStore(folder, **more)
    await store.open(at(0))
    return store


async def close(store: JsonStore) -> None:
    await store.close()


async def hold(store: JsonStore, session: str, sku: str, quantity: int, step: int = 1) -> None:
    command = Reserve(
        reservation_id=f"r-{session}",
        location=DEFAULT_LOCATION,
        session_id=session,
        lines=(Line(sku, quantity),),
        ttl=1_800_000,
    )
    (answer,) = (await store.run([command], at(step), 0)).answers
    assert isinstance(answer, Accepted), answer


async def release(store: JsonStore, session: str, step: int = 2) -> None:
    await store.run([Release(ref=session)], at(step), 0)


async def sell(store: JsonStore, session: str, step: int = 2) -> None:
    await store.run([Capture(ref=session, payment_id=f"cs-{session}")], at(step), 0)
