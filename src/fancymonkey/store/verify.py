"""Verifies a store, also while a server writes to it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from fancymonkey.core.verify import Finding, Verifier
from fancymonkey.store.contract import Store

PAGE = 5000
Progress = Callable[[int, int], None]


@dataclass(slots=True)
class Verification:
    """What was looked at, and what was found; `trouble` is what the store itself complains of."""

    entries: int = 0
    skus: int = 0
    holds: int = 0
    findings: list[Finding] = field(default_factory=list)
    health_problems: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether there is nothing to look at."""
        return not self.findings and not self.health_problems


async def verify_store(store: Store, progress: Progress = lambda done, total: None) -> Verification:
    """Runs the whole ledger again and compares it with the rows.

    The rows are taken at one revision and the ledger is read up to it: what is written meanwhile
    is not looked at, and the ledger before never changes. So there is no false alarm.
    """
    snapshot = await store.snapshot()
    found = Verification(skus=len(snapshot.items), holds=len(snapshot.holds))
    verifier = Verifier()
    position = 0
    while position < snapshot.revision:
        page = await store.entries_after(position, PAGE)
        if not page:
            break
        for entry in page:
            if entry.revision > snapshot.revision:
                break
            found.findings += verifier.entry(entry)
            found.entries += 1
        if page[-1].revision <= position:
            break  # a ledger out of order was found already; never turn in a circle over it
        position = page[-1].revision
        progress(min(position, snapshot.revision), snapshot.revision)
    found.findings += verifier.rows(
        snapshot.revision, snapshot.items, snapshot.levels, snapshot.holds
    )
    for id_ in verifier.late:
        found.findings += verifier.late_payment(id_, await store.reservation(id_))
    found.health_problems = await store.health_problems()
    return found
