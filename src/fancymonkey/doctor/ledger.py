"""Checks that the ledger adds up, and finds holds and payment issues that wait for a decision."""

from collections.abc import AsyncIterator

from fancymonkey.core.catalogue.shared_ids import shared_ids
from fancymonkey.core.dates import DAY_MS
from fancymonkey.core.holds.end import Expire
from fancymonkey.core.model import Item, Level, Reservation, Status
from fancymonkey.core.outcomes import Accepted
from fancymonkey.core.payments.rows import IssueKind, PaymentIssue
from fancymonkey.core.state import FOREVER
from fancymonkey.doctor.checks import CheckContext, DoctorFinding, error, note, warning
from fancymonkey.engine.clock import system_clock
from fancymonkey.store.open import open_store
from fancymonkey.store.verify import verify_store
from fancymonkey.text import counted

STUCK = 60_000
"""A running service ends a hold within this time (ms) after its deadline."""
FORGOTTEN = DAY_MS
"""The time (ms) for which a payment issue may wait before it counts as forgotten."""
NAMED = 3
"""The number of rows that a text names."""


async def check_ledger(context: CheckContext) -> AsyncIterator[DoctorFinding]:
    """Replays the whole ledger, as `verify` does."""
    verification = await verify_store(context.store)
    if verification.findings:
        first = verification.findings[0]
        yield error(
            "books.wrong",
            f"{counted(len(verification.findings), 'contradiction')} in the ledger. The first: "
            f"{first.text}",
            "Another program has written to the store. `fancymonkey verify` lists all; restore the "
            "last backup that verifies, or correct the level by a count.",
        )
    for text in verification.health_problems:
        yield _health_problem(text)


def _health_problem(text: str) -> DoctorFinding:
    if "products.json" in text:
        return error(
            "file.refused",
            text,
            "Correct products.json accordingly, or restore its last version: until then the shop "
            "sells from the last good state.",
        )
    if "lacks migration" in text:
        return error("database.behind", text, "Start the service once, or use --repair.")
    return error("store.unhealthy", text, "See docs/how-to/explain-a-number.md.")


async def check_catalogue(context: CheckContext) -> AsyncIterator[DoctorFinding]:
    """Checks that no two products or sizes have the same id of Stripe."""
    shared = shared_ids((await context.store.snapshot()).items)
    if shared:
        more = f" And {len(shared) - NAMED} more." if len(shared) > NAMED else ""
        yield warning(
            "catalogue.shared_id",
            ". ".join(shared[:NAMED]) + "." + more,
            "Give each product its own price id, and each size its own SKU id.",
        )


async def check_holds(context: CheckContext) -> AsyncIterator[DoctorFinding]:
    """Checks for holds past their deadline, and for stock that cannot be sold."""
    snapshot = await context.store.snapshot()
    stuck = [
        hold
        for hold in snapshot.holds
        if hold.expires_at is not None and hold.expires_at < context.now - STUCK
    ]
    if stuck:
        yield warning(
            "holds.stuck",
            f"{counted(len(stuck), 'hold')} should have ended and did not. They no longer count, "
            "but no service has been running since to book the end in the ledger.",
            "Start the service, or run `fancymonkey release-expired`.",
            lambda: _release(context.target),
        )
    live = [hold for hold in snapshot.holds if hold not in stuck]
    weak = [hold for hold in live if hold.session_id.startswith("temp_")]
    if weak:
        yield note(
            "holds.guessable",
            f"{counted(len(weak), 'live hold')} of sessions named temp_…: such ids collide, and "
            "a guessed id is enough to release a hold.",
            "Let the page use the id that `reserve` answers, or use fancymonkey.js.",
        )
    for finding in _unsellable(snapshot.levels, snapshot.items, live):
        yield finding


def _unsellable(
    levels: list[Level], items: list[Item], live: list[Reservation]
) -> list[DoctorFinding]:
    """Sizes that are out of stock on the page although there is stock on the shelf."""
    findings = []
    held = {
        allocation.key
        for hold in live
        if hold.status is Status.HELD
        for allocation in hold.allocations
    }
    full = [
        level.sku
        for level in levels
        if level.on_hand and level.on_hand <= level.reserved and level.key in held
    ]
    if full:
        findings.append(
            note(
                "stock.held",
                f"{_named(full)}: on the shelf, and all of it in buyers' baskets.",
                "Nothing to do: it is sold or available again when those holds end. The holds are "
                "on the dashboard's page Holds.",
            )
        )
    on_hand = {level.sku for level in levels if level.on_hand}
    off = [item.sku for item in items if item.sold_out and item.sku in on_hand]
    if off:
        findings.append(
            note(
                "stock.switched_off",
                f"{_named(off)}: on the shelf, but switched to sold out.",
                "Switch soldOut off where it should be sold.",
            )
        )
    short = [level.sku for level in levels if level.short]
    if short:
        findings.append(
            warning(
                "stock.short",
                f"{_named(short)}: less on the shelf than is promised to buyers.",
                "Count again, or release holds; paid units that are missing become a backorder.",
            )
        )
    return findings


async def check_payment_issues(context: CheckContext) -> AsyncIterator[DoctorFinding]:
    """Checks the payment issues that wait for the owner's decision."""
    waiting = [row async for row in context.store.scan(PaymentIssue) if row.closed_at is None]
    old = [row for row in waiting if row.opened_at < context.now - FORGOTTEN]
    if old:
        late = sum(row.concern in (IssueKind.LATE_PAYMENT, IssueKind.BACKORDER) for row in old)
        yield warning(
            "issues.forgotten",
            f"{counted(len(old), 'payment issue')} waiting for more than a day, {late} of them "
            "paid orders without stock. The oldest is about "
            f"{min(old, key=lambda row: row.opened_at).payment}.",
            "Resolve them in the dashboard, on the page Payments.",
        )
    unpaid = [row for row in waiting if row.concern is IssueKind.NOT_PAID]
    if unpaid:
        yield error(
            "payments.not_paid",
            f"{counted(len(unpaid), 'hold')} captured without a payment at Stripe: unpaid goods "
            "may be shipped.",
            "Check them in the dashboard (Payments), and check who knows the webhook's signing "
            "secret.",
        )


def _named(skus: list[str]) -> str:
    more = f" and {len(skus) - NAMED} more" if len(skus) > NAMED else ""
    return ", ".join(sorted(skus)[:NAMED]) + more


async def _release(target: str) -> str:
    store = open_store(target)
    now = system_clock()
    await store.open(now)
    try:
        commit = await store.run([Expire(actor="doctor")], now, FOREVER)
    finally:
        await store.close()
    answer = commit.answers[0]
    assert isinstance(answer, Accepted)
    return f"{counted(len(answer.data.released), 'hold')} ended."
