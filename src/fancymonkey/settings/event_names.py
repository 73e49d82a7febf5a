"""The names of events, as settings, alerts and webhooks use them."""

from enum import StrEnum


class EventName(StrEnum):
    """The name of a type of event."""

    STOCK_LOW = "stock.low"
    STOCK_OUT = "stock.out"
    STOCK_RESTOCKED = "stock.restocked"
    STOCK_DIGEST = "stock.digest"
    STOCK_CHANGED = "stock.changed"
    PAYMENT_ISSUE_OPENED = "payment_issue.opened"
    RECONCILIATION_CORRECTED = "reconciliation.corrected"
    JOB_FAILED = "job.failed"
    STORE_UNHEALTHY = "store.unhealthy"
    TRANSFER_OVERDUE = "transfer.overdue"
    SECRET_GUESSED = "secret.guessed"  # noqa: S105 — the name of an event
    WEBHOOK_OFF = "webhook.off"
    HOLD_CREATED = "hold.created"
    HOLD_CHANGED = "hold.changed"
    HOLD_ENDED = "hold.ended"
    ORDER_CAPTURED = "order.captured"
    ORDER_SHIPPED = "order.shipped"
    ORDER_RETURNED = "order.returned"
    PING = "ping"


ALERTS = (
    EventName.STOCK_LOW,
    EventName.STOCK_OUT,
    EventName.STOCK_RESTOCKED,
    EventName.PAYMENT_ISSUE_OPENED,
    EventName.RECONCILIATION_CORRECTED,
    EventName.JOB_FAILED,
    EventName.STORE_UNHEALTHY,
    EventName.TRANSFER_OVERDUE,
    EventName.SECRET_GUESSED,
    EventName.STOCK_DIGEST,
    EventName.WEBHOOK_OFF,
)
"""The events that can go to a person."""

FORMER_EVENTS = {
    "stock.back": EventName.STOCK_RESTOCKED,
    "matter.opened": EventName.PAYMENT_ISSUE_OPENED,
    "books.mended": EventName.RECONCILIATION_CORRECTED,
    "store.trouble": EventName.STORE_UNHEALTHY,
}
"""The present name of an event, by the one of earlier versions. Stores and settings may have it."""


def present_event(name: str) -> str:
    """The present name of an event; a name that is not a former one stays."""
    return FORMER_EVENTS.get(name, name)
