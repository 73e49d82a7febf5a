"""The buyers of a drill: each reserves, goes to the checkout, and pays or leaves."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

from fancymonkey.commands.drill.shop_client import BUNDLE_SIZE, DemoShop, StockTarget

ABANDON = 0.1
"""The share of buyers with a hold who leave the checkout without paying."""
SHUFFLE_MS = 1500
TRIES = 4
PAUSE = 0.3
QUIET_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class DropPlan:
    """The plan of a drill. Shares are from 0 to 1."""

    buyers: int
    stock: int
    duplicate: float
    lose: float
    shuffle: bool
    late: float
    reconcile: bool
    seed: int | None
    locations: int
    bundle: bool

    def stock_at(self, locations: Sequence[str]) -> dict[str, int]:
        """The units of each location: as equal as possible."""
        each, more = divmod(self.stock, len(locations))
        return {id_: each + (number < more) for number, id_ in enumerate(locations)}


@dataclass(slots=True)
class Drop:
    """A drop, and the results of its buyers."""

    shop: DemoShop
    target: StockTarget
    plan: DropPlan
    show: Callable[[int, int], None]
    holds: dict[str, str] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    reserving: list[float] = field(default_factory=list)
    checking_out: list[float] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    done: int = 0

    async def run(self) -> None:
        """Runs all buyers at once; returns when all of Stripe's events have arrived or are lost."""
        plan = self.plan
        random = Random(plan.seed)  # noqa: S311 - chance, not secrets
        await self.shop.faults(
            duplicate=plan.duplicate, lose=plan.lose, shuffle_ms=SHUFFLE_MS if plan.shuffle else 0
        )
        fates = [random.random() for _ in range(plan.buyers)]
        await asyncio.gather(*(self._buyer(number, fate) for number, fate in enumerate(fates)))
        for session in self.late:
            await self._act(session, "deliver")
        await self._quiet()

    async def _buyer(self, number: int, fate: float) -> None:
        name = f"{self.shop.name}_{number}"
        for _ in range(TRIES):
            if await self._reserve(name, number):
                await self._pay(name, fate)
                break
            await asyncio.sleep(PAUSE)
        self.done += 1
        self.show(self.done, self.plan.buyers)

    async def _reserve(self, name: str, number: int) -> bool:
        product, size = self.target.product_id, self.target.size
        if self.target.bundle is not None and number % 2:  # half of them buy the bundle
            product, size = self.target.bundle, BUNDLE_SIZE
        body = {"productId": product, "size": size, "quantity": 1, "sessionId": name}
        status, answer, took = await self.shop.ask("POST", "/api/inventory/reserve", body)
        self.reserving.append(took)
        if status == 200:
            self.holds[name] = answer["reservation"]["id"]
            return True
        self._refused(answer, status)
        return False

    async def _pay(self, name: str, fate: float) -> None:
        status, answer, took = await self.shop.ask("POST", "/api/checkout", {"sessionId": name})
        self.checking_out.append(took)
        if status != 200:
            self._refused(answer, status)
            return
        session = answer["sessionId"]
        if fate < self.plan.late:  # pays, the hold ends, and only then the event arrives
            await self._act(session, "pay_quietly")
            await self.shop.ask("POST", "/api/inventory/release", {"sessionId": name})
            self.late.append(session)
        elif fate < self.plan.late + ABANDON:
            await self._act(session, "expire")
        else:
            await self._act(session, "pay")

    async def _act(self, session: str, action: str) -> None:
        await self.shop.stripe("POST", f"/demo/sessions/{session}/{action}")

    def _refused(self, answer: dict[str, object], status: int) -> None:
        code = str(answer.get("code", status))
        self.refused[code] = self.refused.get(code, 0) + 1

    async def _quiet(self) -> None:
        """Waits until the fake Stripe has no more events to deliver."""
        for _ in range(QUIET_SECONDS * 4):
            if (await self.shop.stripe("GET", "/demo/state"))["under_way"] == 0:
                return
            await asyncio.sleep(0.25)
