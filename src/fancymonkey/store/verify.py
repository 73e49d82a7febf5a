"""Verifies a store, also while a server writes to it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from fancymonkey.core.orders.rows import Order
from fancymonkey.core.verify import Finding, Verifier
from fancymonkey.store.contract import Store
from fancymonkey.store.demand_check import demand_check
from fancymonkey.store.json.reads import JsonReads
from fancymonkey.store.transit_check import transit_check

PAGE = 5000
Progress = Callable[[int, int], None]


@dataclass(slots=True)
class Verification:
    """The result of a verification; `health_problems` are reported by the store itself."""

    entries: int = 0
    skus: int = 0
    holds: int = 0
    findings: list[Finding] = field(default_factory=list)
    health_problems: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether there are no findings and no health problems."""
        return not self.findings and not self.health_problems


async def verify_store(store: Store, progress: Progress = lambda done, total: None) -> Verification:
    """Replays the whole ledger and compares the result with the rows.

    The rows are of one revision, and the ledger is read up to it. Later writes are ignored and
    earlier entries never change, so there is no false alarm.
    """
    demand = await demand_check(store)
    transit = await transit_check(store)
    snapshot = await store.snapshot()
    result = Verification(skus=len(snapshot.items), holds=len(snapshot.holds))
    verifier = Verifier()
    position = 0
    while position < snapshot.revision:
        page = await store.entries_after(position, PAGE)
        if not page:
            break
        for entry in page:
            if entry.revision > snapshot.revision:
                break
            result.findings += verifier.entry(entry)
            demand.entry(entry)
            transit.entry(entry)
            result.entries += 1
        if page[-1].revision <= position:
            break  # a ledger out of order is already a finding; do not read it forever
        position = page[-1].revision
        progress(min(position, snapshot.revision), snapshot.revision)
    result.findings += verifier.rows(
        snapshot.revision,
        snapshot.items,
        snapshot.levels,
        snapshot.holds,
        snapshot.bundle_sales,
    )
    for id_ in verifier.late:
        result.findings += verifier.late_payment(id_, await store.reservation(id_))
    async for order in store.scan(Order):
        result.findings += verifier.order(order, snapshot.revision)
    result.findings += verifier.orders_missing()
    result.findings += demand.findings()
    result.findings += transit.findings()
    result.health_problems = await store.health_problems()
    if isinstance(store, JsonReads):
        result.health_problems += await store.archive_problems()
    return result
