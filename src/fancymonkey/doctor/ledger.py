"""Do the books add up, and does anything in them wait for a person?"""

from collections.abc import AsyncIterator

from fancymonkey.core.catalogue.shared_ids import shared_ids
from fancymonkey.core.holds.end import Expire
from fancymonkey.core.model import Item, Level, Reservation, Status
from fancymonkey.core.outcomes import Accepted
from fancymonkey.core.payments.rows import IssueKind, PaymentIssue
from fancymonkey.core.state import FOREVER
from fancymonkey.doctor.checks import CheckContext, Finding, error, note, warning
from fancymonkey.engine.clock import system_clock
from fancymonkey.store.open import open_store
from fancymonkey.store.verify import verify_store
from fancymonkey.text import counted

STUCK = 60_000
"""A hold that is over for longer than this (ms) should have been ended by somebody."""
FORGOTTEN = 24 * 3_600_000
"""How long (ms) a matter may wait before it counts as forgotten."""
NAMED = 3


async def check_books(patient: CheckContext) -> AsyncIterator[Finding]:
    """Runs the whole ledger again, as `verify` does."""
    found = await verify_store(patient.store)
    if found.findings:
        first = found.findings[0]
        yield error(
            "books.wrong",
            f"{counted(len(found.findings), 'thing')} in the books that cannot be. The first: "
            f"{first.text}",
            "Somebody wrote into the store past this program. `fancymonkey verify` lists all; "
            "restore the last backup that verifies, or correct the level by a count.",
        )
    for text in found.health_problems:
        yield _trouble(text)


def _trouble(text: str) -> Finding:
    if "products.json" in text:
        return error(
            "file.refused",
            text,
            "Correct products.json as it says, or put the last version back: the shop sells from "
            "the last good state meanwhile.",
        )
    if "lacks migration" in text:
        return error("database.behind", text, "Start the service once, or use --repair.")
    return error("store.trouble", text, "See docs/how-to/find-out-why.md.")


async def check_catalogue(patient: CheckContext) -> AsyncIterator[Finding]:
    """Ids of Stripe that should be of one product or size."""
    shared = shared_ids((await patient.store.snapshot()).items)
    if shared:
        more = f" And {len(shared) - NAMED} more." if len(shared) > NAMED else ""
        yield warning(
            "catalogue.shared_id",
            ". ".join(shared[:NAMED]) + "." + more,
            "Give each product a price id and each size a SKU id of its own.",
        )


async def check_holds(patient: CheckContext) -> AsyncIterator[Finding]:
    """Holds that nobody has ended, and what holds keep from being sold."""
    snapshot = await patient.store.snapshot()
    stuck = [
        hold
        for hold in snapshot.holds
        if hold.expires_at is not None and hold.expires_at < patient.now - STUCK
    ]
    if stuck:
        yield warning(
            "holds.stuck",
            f"{counted(len(stuck), 'hold')} should have ended and did not. They count no more, "
            "but no service has been running since to say so in the ledger.",
            "Start the service, or `fancymonkey release-expired`.",
            lambda: _release(patient.target),
        )
    live = [hold for hold in snapshot.holds if hold not in stuck]
    weak = [hold for hold in live if hold.session_id.startswith("temp_")]
    if weak:
        yield note(
            "holds.guessable",
            f"{counted(len(weak), 'live hold')} of sessions named temp_…: such ids collide, and "
            "whoever guesses one releases it.",
            "Let the page take the id that `reserve` answers, or use fancymonkey.js.",
        )
    for finding in _kept_back(snapshot.levels, snapshot.items, live):
        yield finding


def _kept_back(levels: list[Level], items: list[Item], live: list[Reservation]) -> list[Finding]:
    """Why a size is out of stock on the page although there is stock on the shelf."""
    found = []
    held = {line.sku for hold in live if hold.status is Status.HELD for line in hold.lines}
    full = [
        level.sku
        for level in levels
        if level.on_hand and level.on_hand <= level.reserved and level.sku in held
    ]
    if full:
        found.append(
            note(
                "stock.held",
                f"{_named(full)}: on the shelf, and all of it in buyers' baskets.",
                "Nothing to mend: it is sold or comes back when those holds end. Who holds it: "
                "the dashboard's page Holds.",
            )
        )
    on_hand = {level.sku for level in levels if level.on_hand}
    off = [item.sku for item in items if item.sold_out and item.sku in on_hand]
    if off:
        found.append(
            note(
                "stock.switched_off",
                f"{_named(off)}: on the shelf, but switched to sold out.",
                "Switch soldOut off where it should be sold.",
            )
        )
    short = [level.sku for level in levels if level.short]
    if short:
        found.append(
            warning(
                "stock.short",
                f"{_named(short)}: less on the shelf than is promised to buyers.",
                "Count again, or release holds; what is paid for and missing becomes a backorder.",
            )
        )
    return found


async def check_matters(patient: CheckContext) -> AsyncIterator[Finding]:
    """Money and goods that do not settle themselves."""
    waiting = [row async for row in patient.store.scan(PaymentIssue) if row.closed_at is None]
    old = [row for row in waiting if row.opened_at < patient.now - FORGOTTEN]
    if old:
        late = sum(row.concern in (IssueKind.LATE_PAYMENT, IssueKind.BACKORDER) for row in old)
        yield warning(
            "matters.forgotten",
            f"{counted(len(old), 'matter')} wait for you for more than a day, {late} of them paid "
            "orders that are not there. The oldest is about "
            f"{min(old, key=lambda row: row.opened_at).payment}.",
            "Decide them in the dashboard, on the page Payments.",
        )
    unpaid = [row for row in waiting if row.concern is IssueKind.NOT_PAID]
    if unpaid:
        yield error(
            "payments.not_paid",
            f"{counted(len(unpaid), 'hold')} captured, and Stripe knows no payment: goods may "
            "leave that nobody has paid for.",
            "Look at them in the dashboard (Payments), and at who calls the webhook's secret "
            "theirs.",
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
    return f"{counted(len(answer.data['released']), 'hold')} ended."
