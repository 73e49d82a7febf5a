"""The result of a drill: the state of the shop, compared with that of the fake Stripe."""

import asyncio
from dataclasses import asdict, dataclass, field
from typing import Any

from fancymonkey.commands.drill.crowd import Drop
from fancymonkey.commands.drill.shop_client import DemoShop, at
from fancymonkey.text import counted

FAIR = ("hold_limit", "too_many_holds", "held_too_often", "too_many_requests")


@dataclass(frozen=True, slots=True)
class DrillLocation:
    """Units of the drop at a location: before it, in its orders, and after it."""

    before: int
    sold: int
    left: int


@dataclass(slots=True)
class Certificate:
    """Units, counted from the outside. `faults` describes each problem."""

    buyers: int
    stock: int
    sold: int = 0
    held: int = 0
    backordered: int = 0
    refunded: int = 0
    late: int = 0
    oversold: int = 0
    lost: int = 0
    left: int = 0
    balanced: bool = False
    refused: dict[str, int] = field(default_factory=dict)
    corrected: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    reserve_ms: dict[str, float] = field(default_factory=dict)
    checkout_ms: dict[str, float] = field(default_factory=dict)
    locations: dict[str, DrillLocation] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Nothing was oversold or lost, and its numbers agree with Stripe."""
        return not (self.oversold or self.lost or self.faults) and self.balanced

    def as_json(self) -> dict[str, Any]:
        """The certificate as JSON has it."""
        return {
            "passed": self.passed,
            "buyers": self.buyers,
            "stock": self.stock,
            "sold": self.sold,
            "held": self.held,
            "backordered": self.backordered,
            "refunded": self.refunded,
            "late": self.late,
            "left": self.left,
            "oversold": self.oversold,
            "lost": self.lost,
            "booksBalance": self.balanced,
            "refused": self.refused,
            "corrected": len(self.corrected),
            "reserveMs": self.reserve_ms,
            "checkoutMs": self.checkout_ms,
            "locations": {id_: asdict(sales) for id_, sales in self.locations.items()},
            "faults": self.faults,
        }

    def lines(self) -> list[str]:
        """The certificate for people."""
        lines = [
            f"{counted(self.buyers, 'buyer')} wanted {counted(self.stock, 'unit')}.",
            f"  sold          {self.sold:6}   paid at Stripe, and taken from stock or owed",
            f"  backordered   {self.backordered:6}   of these: paid late, out of stock",
            f"  refunded      {self.refunded:6}   paid late, and refunded",
            f"  held          {self.held:6}   held, not paid yet",
            f"  left          {self.left:6}   still for sale",
            f"  oversold      {self.oversold:6}",
            f"  lost          {self.lost:6}   paid, but not in the ledger",
            *(
                f"  at {id_:10} {sales.sold:6}   sold of {sales.before}, {sales.left} left"
                for id_, sales in self.locations.items()
            ),
            f"  missed events corrected by reconciliation: {len(self.corrected)}",
            "  books balance" if self.balanced else "  the books do NOT balance",
            _latency("reserve", self.reserve_ms),
            _latency("checkout", self.checkout_ms),
        ]
        if any(code in FAIR for code in self.refused):
            lines.append(
                "  note: the limits on holds refused buyers, as all requests come from one "
                "address; start the shop with RATE_LIMIT=off to rehearse without them"
            )
        lines += [f"  wrong: {text}" for text in self.faults]
        lines.append("PASSED" if self.passed else "FAILED")
        return lines


def _latency(name: str, ms: dict[str, float]) -> str:
    text = ", ".join(f"{key} {value:.0f} ms" for key, value in ms.items())
    return f"  {name:13} {text or 'no requests'}"


def percentiles(seconds: list[float]) -> dict[str, float]:
    """The median, the 95th and the 99th, in ms."""
    if not seconds:
        return {}
    rows = sorted(seconds)
    return {
        f"p{share}": round(rows[min(len(rows) - 1, len(rows) * share // 100)] * 1000, 2)
        for share in (50, 95, 99)
    }


async def verdict(shop: DemoShop, drop: Drop) -> Certificate:
    """Compares payments with sales, and sales with the stock on hand."""
    certificate = Certificate(drop.plan.buyers, drop.plan.stock)
    certificate.reserve_ms = percentiles(drop.reserving)
    certificate.checkout_ms = percentiles(drop.checking_out)
    certificate.refused = drop.refused
    await shop.faults(duplicate=0, lose=0, shuffle_ms=0)
    if drop.plan.reconcile:
        await _reconcile(shop, certificate)
    holds = await _holds(shop, drop)
    await _payments(shop, certificate, holds)
    await _stock(shop, drop, certificate, holds)
    certificate.balanced = certificate.balanced and not certificate.faults
    return certificate


async def _reconcile(shop: DemoShop, certificate: Certificate) -> None:
    first = (await shop.owner("POST", "/api/payments/reconcile"))["report"]
    again = (await shop.owner("POST", "/api/payments/reconcile"))["report"]
    certificate.corrected = first["corrected"]
    for text in again["corrected"]:
        certificate.faults.append(f"corrected only by the second comparison: {text}")
    certificate.faults += [f"to be decided by a person: {text}" for text in again["open"]]


async def _holds(shop: DemoShop, drop: Drop) -> dict[str, dict[str, Any]]:
    """The status of each hold of the drill, by its id."""

    async def status_of(id_: str) -> dict[str, Any]:
        _, answer, _ = await shop.ask("GET", f"/api/checkout/status?sessionId={id_}")
        return answer

    ids = list(drop.holds.values())
    answers = await asyncio.gather(*(status_of(id_) for id_ in ids))
    return dict(zip(ids, answers, strict=True))


async def _payments(
    shop: DemoShop, certificate: Certificate, holds: dict[str, dict[str, Any]]
) -> None:
    """Checks that each payment is a sale or was refunded, and that each sale has a payment."""
    back = await shop.refunded()
    paid: set[str] = set()
    for session in await shop.sessions():
        if session["payment_status"] != "paid":
            continue
        id_ = session["metadata"]["reservationId"]
        hold = holds.get(id_, {})
        if session["payment_intent"] in back:
            certificate.refunded += 1
        elif hold.get("status") == "captured" and id_ not in paid:
            paid.add(id_)
        else:
            certificate.lost += 1
            certificate.faults.append(
                f"{session['id']} was paid, and {id_} is {hold.get('status')}"
            )
    sold = {id_ for id_, hold in holds.items() if hold.get("status") == "captured"}
    for id_ in sorted(sold - paid):
        certificate.faults.append(f"{id_} was sold without a payment")
    certificate.sold = len(sold)
    certificate.held = sum(hold.get("status") == "held" for hold in holds.values())
    certificate.late = sum(holds[id_]["late"] for id_ in sold)


async def _stock(
    shop: DemoShop, drop: Drop, certificate: Certificate, holds: dict[str, dict[str, Any]]
) -> None:
    """Checks that sold units left the stock, held units are reserved, and nothing else moved."""
    row = await shop.row(drop.target.product_id, drop.target.size)
    levels = {id_: at(row, id_) for id_ in drop.target.before}
    stock, reserved, left = (
        sum(level[name] for level in levels.values()) for name in ("stock", "reserved", "available")
    )
    certificate.backordered = row["backordered"] - drop.target.backordered
    certificate.left = left
    taken = certificate.sold - certificate.backordered
    certificate.oversold = max(0, taken - drop.plan.stock, -left)
    if stock + taken != drop.plan.stock:
        certificate.faults.append(
            f"of {counted(drop.plan.stock, 'unit')}, {taken} were sold, and {stock} are left"
        )
    if reserved != certificate.held:
        certificate.faults.append(
            f"{counted(certificate.held, 'unit')} held, but {reserved} reserved"
        )
    if len(levels) > 1:
        await _locations(shop, drop, certificate, levels)
    certificate.balanced = not certificate.faults


async def _locations(
    shop: DemoShop, drop: Drop, certificate: Certificate, levels: dict[str, dict[str, Any]]
) -> None:
    """Checks each location: what its orders have is what it has fewer."""
    ids, sold = set(drop.holds.values()), dict.fromkeys(levels, 0)
    for order in await shop.orders():
        for units in order["allocations"] if order["id"] in ids else ():
            there = units["quantity"] - units["backordered"] - units["cancelled"]
            sold[units["location"]] = sold.get(units["location"], 0) + there
    for id_, before in drop.plan.stock_at(list(levels)).items():
        level = levels[id_]
        sales = DrillLocation(before, sold[id_], level["stock"])
        certificate.locations[id_] = sales
        if level["stock"] < 0 or level["available"] < 0:
            certificate.oversold += max(0, -min(level["stock"], level["available"]))
        if sales.before - sales.sold != sales.left:
            certificate.faults.append(
                f"{id_}: of {counted(sales.before, 'unit')}, its orders have {sales.sold}, and "
                f"{sales.left} are left"
            )
    for id_ in sold.keys() - levels.keys():
        certificate.faults.append(f"{counted(sold[id_], 'unit')} sold from {id_}, which had none")
