"""Releases the holds that are due, and reports which holds have ended."""

from dataclasses import dataclass, field

from fancymonkey.core.holds.end import Expire
from fancymonkey.core.model import Kind, Reservation
from fancymonkey.engine.engine import Engine
from fancymonkey.engine.job_names import RELEASE_EXPIRED
from fancymonkey.engine.queries.ledger_queries import entries_since


@dataclass(slots=True)
class ReleasedHold:
    """A hold that has expired, with its released lines: SKU and quantity."""

    reservation_id: str
    session_id: str = ""
    lines: list[tuple[str, int]] = field(default_factory=list)


async def release_due(engine: Engine, since: int) -> tuple[ReleasedHold, ...]:
    """Releases every hold that is due; returns the holds that expired after the revision `since`.

    Every batch releases due holds first, also that of another request: the ledger has them all.
    Raises StoreError.
    """
    await engine.submit(Expire(actor=RELEASE_EXPIRED))
    holds: dict[str, ReleasedHold] = {}
    async for entries in entries_since(engine, since):
        for entry in entries:
            if entry.kind is Kind.EXPIRED and entry.reservation_id is not None:
                hold = holds.setdefault(entry.reservation_id, ReleasedHold(entry.reservation_id))
                hold.lines.append((entry.sku, -entry.reserved))
    for hold in holds.values():
        row = await engine.store.find(Reservation, hold.reservation_id)
        if row is not None:
            hold.session_id = row.session_id
    return tuple(holds.values())
