"""What the owner is told, in words. Pure."""

from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from fancymonkey.alerts.events import AlertEvent, event_type
from fancymonkey.alerts.ledger_events import numbers
from fancymonkey.core.changes.bulk import StockRow
from fancymonkey.core.payments.rows import FACTS, IssueKind, JobRun, PaymentIssue

ISSUE_KINDS = {
    IssueKind.LATE_PAYMENT: ("Late payment", "A buyer paid after the hold had ended."),
    IssueKind.BACKORDER: ("Backorder", "A buyer paid for more than is there."),
    IssueKind.SECOND_PAYMENT: ("Paid twice", "A buyer paid a second time for the same hold."),
    IssueKind.REFUNDED: ("Refunded", "Money was given back: say whether units come back."),
    IssueKind.REFUND_FAILED: (
        "Refund failed",
        "A buyer has not got the money that was given back.",
    ),
    IssueKind.AMOUNT_DIFFERS: ("Amount differs", "What was paid is not what was held."),
    IssueKind.PAYMENT_REUSED: ("One payment, two holds", "One payment has bought two holds."),
    IssueKind.FOREIGN_PAYMENT: (
        "Foreign payment",
        "A payment of another account or mode names a hold of this shop. Nothing was sold for it.",
    ),
    IssueKind.DISPUTED: ("Disputed", "A buyer's bank disputes a payment. No stock has moved."),
    IssueKind.NOT_PAID: (
        "No payment found",
        "A sale has no payment at Stripe that it can be matched with.",
    ),
}
"""Each kind of payment issue: its name, as on the page Payments, and a sentence about it."""


def crossed(word: str, row: StockRow, revision: int, at: int) -> AlertEvent:
    """A size that became low, out, or is back."""
    level, item = row.level, row.item
    name = f"{row.product.name}, {item.size}"
    available = max(0, level.available)
    held = f" {level.reserved:,} more in baskets." if level.reserved else ""
    threshold = f"The threshold is {item.low_stock_threshold:,}."
    owed = f" {level.backordered:,} owed to buyers." if level.backordered else ""
    match word:
        case "stock.low":
            title, text = f"Low: {name}, {available:,} left", f"{threshold}{held}"
        case "stock.out":
            title, text = f"Out of stock: {name}", f"The last unit is gone.{owed}"
        case _:
            title, text = f"Back in stock: {name}, {available:,} available", f"{threshold}{held}"
    return event_type(word, at, f"{item.sku}@{revision}", title, text, **numbers(row))


def issue_event(row: PaymentIssue) -> str:
    """The id under which a matter is told."""
    return issue_detail(row, []).id


def issue_detail(row: PaymentIssue, units: list[str]) -> AlertEvent:
    """A matter that waits for the owner, with its units by name."""
    title, text = ISSUE_KINDS.get(row.concern, (str(row.concern), ""))
    about = ", ".join(units)
    facts = row.note if row.concern in FACTS else ""
    lines = [text, facts, f"It is about {about}." if about else "", "Decide it under Payments."]
    data = {
        "matterId": row.matter_id,
        "concern": str(row.concern),
        "progress": str(row.progress),
        "payment": row.payment,
        "lines": [{"sku": line.sku, "quantity": line.quantity} for line in row.lines],
        **({"note": row.note} if facts else {}),
    }
    told = " ".join(line for line in lines if line)
    heading = f"{title}: {about}" if about else title
    return event_type("matter.opened", row.opened_at, row.matter_id, heading, told, **data)


def run(row: JobRun) -> AlertEvent | None:
    """A run of a job that somebody should know of; None for all others."""
    report = msgspec.json.decode(row.report)
    key = f"{row.job}@{row.started_at}"
    data = {"job": row.job, "outcome": row.outcome, "report": report}
    if row.outcome == "failed":
        why = str(report.get("message") or report.get("error") or "The log says why.")
        again = "Nothing more is told of it until it has worked again."
        title, text = f"The job {row.job} failed", f"{why}\n{again}"
        return event_type("job.failed", row.started_at, key, title, text, **data)
    if row.outcome not in ("mended", "open") or row.job != "reconcile":
        return None
    mended = [str(one) for one in report.get("mended", ())]
    to_see = [str(one) for one in report.get("open", ())]
    lines = [f"Mended: {one}" for one in mended] + [f"Look at: {one}" for one in to_see]
    parts = [f"{len(mended)} mended"] if mended else []
    parts += [f"{len(to_see)} to look at"] if to_see else []
    title = f"Reconciliation with Stripe: {', '.join(parts)}"
    return event_type("books.mended", row.started_at, key, title, "\n".join(lines), **data)


def trouble(problems: list[str], at: int) -> AlertEvent:
    """Something about the store."""
    text = "\n".join(problems)
    title = "The store is in trouble"
    return event_type("store.trouble", at, text, title, text, problems=problems)


def guessed(secret: str, address: str, at: int) -> AlertEvent:
    """A secret of the settings that somebody tries to guess."""
    title = f"Somebody is guessing the {secret}"
    text = (
        f"There were too many wrong ones; the latest came from {address}. Strangers have to wait; "
        "addresses that have used it before do not. The record under People has more."
    )
    return event_type("secret.guessed", at, secret, title, text, secret=secret, address=address)


def off(url: str, id_: str, why: str, at: int) -> AlertEvent:
    """An endpoint that was switched off."""
    title = "A webhook was switched off"
    text = f"{url} has failed for days: {why} Switch it on under Alerts once it works."
    return event_type("webhook.off", at, id_, title, text, webhookId=id_, url=url, why=why)


def digest(rows: list[StockRow], issues: int, at: int, date: str) -> AlertEvent:
    """What is low and out on one day; nothing where all is well is the caller's business."""
    out = [_size(row) for row in rows if row.level.available <= 0]
    low = [_size(row) for row in rows if row.level.available > 0]
    parts = [f"{len(low)} low"] if low else []
    parts += [f"{len(out)} out"] if out else []
    parts += [f"{issues} payments to decide"] if issues else []
    lines = [f"{one['name']}, {one['size']}: {one['left']} left" for one in [*out, *low]]
    title = f"{date}: {', '.join(parts)}"
    data = {"day": date, "low": low, "out": out, "openMatters": issues}
    return event_type("stock.digest", at, date, title, "\n".join(lines), **data)


def day(now: int, zone: ZoneInfo) -> str:
    """The day of a time in ms, as 2026-01-31."""
    return datetime.fromtimestamp(now / 1000, zone).date().isoformat()


def _size(row: StockRow) -> dict[str, object]:
    level = row.level
    left = max(0, level.available)
    about = {"stock": level.on_hand, "reserved": level.reserved, "available": level.available}
    return {
        "sku": row.item.sku,
        "name": row.product.name,
        "size": row.item.size,
        "left": left,
        "lowStockThreshold": row.item.low_stock_threshold,
        **about,
    }
