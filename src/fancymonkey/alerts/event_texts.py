"""The texts of alert events. Pure."""

from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec

from fancymonkey.alerts.events import AlertEvent, event_type
from fancymonkey.alerts.ledger_events import numbers
from fancymonkey.core.locations.locations import Location
from fancymonkey.core.payments.issue_titles import ISSUE_TITLES
from fancymonkey.core.payments.rows import FACTS, IssueKind, JobRun, PaymentIssue
from fancymonkey.core.stock.status import StockRow
from fancymonkey.core.transfers.transfer import Transfer
from fancymonkey.settings.event_names import EventName
from fancymonkey.text import counted
from fancymonkey.timestamps import local_day

ISSUE_TEXTS = {
    IssueKind.LATE_PAYMENT: "A buyer paid after the hold had ended.",
    IssueKind.BACKORDER: "A buyer paid for more units than are in stock.",
    IssueKind.SECOND_PAYMENT: "A buyer paid a second time for the same hold.",
    IssueKind.REFUNDED: "A payment was refunded: decide whether units return to stock.",
    IssueKind.REFUND_FAILED: "A refund has not reached the buyer.",
    IssueKind.AMOUNT_DIFFERS: "The paid amount does not match the held units.",
    IssueKind.PAYMENT_REUSED: "One payment has bought two holds.",
    IssueKind.FOREIGN_PAYMENT: (
        "A payment of another account or mode names a hold of this shop. Nothing was sold for it."
    ),
    IssueKind.DISPUTED: "A buyer's bank has opened a dispute. No stock has moved.",
    IssueKind.NOT_PAID: "A sale has no matching payment at Stripe.",
}
"""Each kind of payment issue: a sentence about it."""


def crossed(name_of_event: EventName, row: StockRow, revision: int, at: int) -> AlertEvent:
    """A size that became low, out, or is back."""
    stock, item = row.stock, row.item
    name = f"{row.product.name}, {item.size}"
    available = max(0, stock.available)
    held = f" {counted(stock.reserved, 'more unit')} held in baskets." if stock.reserved else ""
    threshold = f"The threshold is {item.low_stock_threshold:,}."
    owed = f" {counted(stock.backordered, 'unit')} owed to buyers." if stock.backordered else ""
    match name_of_event:
        case EventName.STOCK_LOW:
            title, text = f"Low: {name}, {available:,} left", f"{threshold}{held}"
        case EventName.STOCK_OUT:
            title, text = f"Out of stock: {name}", f"The last unit was sold or is held.{owed}"
        case _:
            title, text = f"Back in stock: {name}, {available:,} available", f"{threshold}{held}"
    return event_type(name_of_event, at, f"{item.sku}@{revision}", title, text, **numbers(row))


def low_at(location: Location, row: StockRow, revision: int, at: int) -> AlertEvent:
    """A size that became low at one location; `row` has the stock there."""
    available = max(0, row.stock.available)
    title = f"Low in {location.name}: {row.product.name}, {row.item.size}, {available:,} left"
    held = counted(row.stock.reserved, "more unit")
    text = f"The threshold is {row.item.low_stock_threshold:,}."
    text += f" {held} held in baskets." if row.stock.reserved else ""
    key = f"{row.item.sku}@{location.key}@{revision}"
    data = {**numbers(row), "location": location.key}
    return event_type(EventName.STOCK_LOW, at, key, title, text, **data)


def issue_event(row: PaymentIssue) -> str:
    """The id of the event that reports a payment issue."""
    return issue_detail(row, []).id


def issue_detail(row: PaymentIssue, units: list[str]) -> AlertEvent:
    """A payment issue that the owner has to decide, with the names of its units."""
    title, text = ISSUE_TITLES[row.concern], ISSUE_TEXTS[row.concern]
    about = ", ".join(units)
    facts = row.note if row.concern in FACTS else ""
    lines = [text, facts, f"Units: {about}." if about else "", "Decide it on the Payments page."]
    data = {
        "issueId": row.issue_id,
        "concern": str(row.concern),
        "progress": str(row.progress),
        "payment": row.payment,
        "lines": [{"sku": line.sku, "quantity": line.quantity} for line in row.lines],
        **({"note": row.note} if facts else {}),
    }
    body = " ".join(line for line in lines if line)
    heading = f"{title}: {about}" if about else title
    return event_type(
        EventName.PAYMENT_ISSUE_OPENED, row.opened_at, row.issue_id, heading, body, **data
    )


def run(row: JobRun) -> AlertEvent | None:
    """A run of a job that needs attention; None for all others."""
    report = msgspec.json.decode(row.report)
    key = f"{row.job}@{row.started_at}"
    data = {"job": row.job, "outcome": row.outcome, "report": report}
    if row.outcome == "failed":
        why = str(report.get("message") or report.get("error") or "The log has the reason.")
        again = "You get no further alerts about this job until it has succeeded again."
        title, text = f"The job {row.job} failed", f"{why}\n{again}"
        return event_type(EventName.JOB_FAILED, row.started_at, key, title, text, **data)
    if row.outcome not in ("corrected", "open") or row.job != "reconcile":
        return None
    corrected = [str(text) for text in report.get("corrected", ())]
    to_see = [str(text) for text in report.get("open", ())]
    lines = [f"Corrected: {text}" for text in corrected] + [f"To check: {text}" for text in to_see]
    parts = [f"{len(corrected)} corrected"] if corrected else []
    parts += [f"{len(to_see)} to check"] if to_see else []
    title = f"Reconciliation with Stripe: {', '.join(parts)}"
    return event_type(
        EventName.RECONCILIATION_CORRECTED, row.started_at, key, title, "\n".join(lines), **data
    )


def overdue(row: Transfer, days: int, value: Decimal) -> AlertEvent:
    """A transfer whose units have not arrived by the day when they were expected."""
    units = counted(row.in_transit, "unit")
    late = counted(days, "day")
    title = f"Transfer {row.number} is overdue: {units} from {row.from_name} to {row.to_name}"
    text = f"The units were expected {late} ago, and are worth {value:,} at the prices of today."
    tracking = f" Tracking number: {row.tracking_number}." if row.tracking_number else ""
    data = {
        "transferId": row.transfer_id,
        "number": row.number,
        "from": row.from_location,
        "to": row.to_location,
        "units": row.in_transit,
        "days": days,
        "value": str(value),
        "trackingNumber": row.tracking_number,
    }
    at = row.expected_at or 0
    return event_type(
        EventName.TRANSFER_OVERDUE, at, row.transfer_id, title, text + tracking, **data
    )


def unhealthy_store(problems: list[str], at: int) -> AlertEvent:
    """Problems of the store."""
    text = "\n".join(problems)
    title = "The store has a problem"
    return event_type(EventName.STORE_UNHEALTHY, at, text, title, text, problems=problems)


def guessed(secret: str, address: str, at: int) -> AlertEvent:
    """Repeated wrong attempts at a secret of the settings."""
    title = f"Repeated wrong attempts at the {secret}"
    text = (
        f"The latest attempt came from {address}. Unknown addresses are throttled; addresses "
        f"that have used the secret before are not. The audit log on the Users page has the "
        f"details."
    )
    return event_type(
        EventName.SECRET_GUESSED, at, secret, title, text, secret=secret, address=address
    )


def off(url: str, id_: str, why: str, at: int) -> AlertEvent:
    """A webhook that was switched off."""
    title = "A webhook was switched off"
    text = f"{url} has failed for days: {why} Switch it on again on the Alerts page once it works."
    return event_type(EventName.WEBHOOK_OFF, at, id_, title, text, webhookId=id_, url=url, why=why)


def digest(rows: list[StockRow], issues: int, at: int, date: str) -> AlertEvent:
    """The low and sold out sizes of one day. The caller leaves it out if there are none."""
    out = [_size(row) for row in rows if row.stock.available <= 0]
    low = [_size(row) for row in rows if row.stock.available > 0]
    parts = [f"{len(low)} low"] if low else []
    parts += [f"{len(out)} out"] if out else []
    parts += [f"{counted(issues, 'payment')} to decide"] if issues else []
    lines = [f"{row['name']}, {row['size']}: {row['left']} left" for row in [*out, *low]]
    title = f"{date}: {', '.join(parts)}"
    data = {"day": date, "low": low, "out": out, "openIssues": issues}
    return event_type(EventName.STOCK_DIGEST, at, date, title, "\n".join(lines), **data)


def day(now: int, zone: ZoneInfo) -> str:
    """The day of a time in ms, as 2026-01-31."""
    return local_day(now, zone).isoformat()


def _size(row: StockRow) -> dict[str, object]:
    stock = row.stock
    left = max(0, stock.available)
    about = {"stock": stock.on_hand, "reserved": stock.reserved, "available": stock.available}
    return {
        "sku": row.item.sku,
        "name": row.product.name,
        "size": row.item.size,
        "left": left,
        "lowStockThreshold": row.item.low_stock_threshold,
        **about,
    }
