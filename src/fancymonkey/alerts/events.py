"""The types of alert events, with their texts and stable ids. Pure."""

import hashlib
from dataclasses import dataclass
from typing import Any

from msgspec import Struct

from fancymonkey.engine.job_names import present_names
from fancymonkey.settings.event_names import FORMER_EVENTS, EventName, present_event

NEWEST_FIRST = (1 << 44) - 1
"""Ids count down from here, so that the newest is read first."""

VERSION = 1
"""The version of the body of a webhook; a change that could break a reader raises it."""


@dataclass(frozen=True, slots=True)
class EventType:
    """A type of event: `alert`: it can go to a person; `urgent`: quiet hours do not delay it."""

    name: str
    about: str
    word: str = ""
    look: str = ""
    alert: bool = True
    urgent: bool = False


EVENT_TYPES: dict[str, EventType] = {
    sort.name: sort
    for sort in (
        EventType(EventName.STOCK_LOW, "A size has reached its low stock threshold", "Low", "low"),
        EventType(EventName.STOCK_OUT, "A size is out of stock", "Out", "out"),
        EventType(EventName.STOCK_RESTOCKED, "A size is back in stock", "Back", "in"),
        EventType(EventName.PAYMENT_ISSUE_OPENED, "A payment needs a decision", "Payment", "owed"),
        EventType(
            EventName.RECONCILIATION_CORRECTED,
            "Reconciliation has corrected missed events",
            "Corrected",
            "owed",
        ),
        EventType(
            EventName.JOB_FAILED,
            "A job, such as the backup, has failed after it worked before",
            "Failed",
            "out",
        ),
        EventType(
            EventName.STORE_UNHEALTHY, "The store has a problem", "Problem", "out", urgent=True
        ),
        EventType(
            EventName.SECRET_GUESSED,
            "Repeated wrong attempts at a secret",
            "Guessed",
            "out",
            urgent=True,
        ),
        EventType(
            EventName.TRANSFER_OVERDUE, "Units in transit have not arrived in time", "Late", "owed"
        ),
        EventType(EventName.STOCK_DIGEST, "Low and sold out sizes, once a day", "Digest", "low"),
        EventType(
            EventName.WEBHOOK_OFF, "A webhook failed for days and was switched off", "Off", "out"
        ),
        EventType(EventName.STOCK_CHANGED, "The stock of a size has changed", alert=False),
        EventType(EventName.HOLD_CREATED, "A hold was created", alert=False),
        EventType(
            EventName.HOLD_CHANGED,
            "The units or the deadline of a hold have changed",
            alert=False,
        ),
        EventType(EventName.HOLD_ENDED, "A hold was paid, released or has expired", alert=False),
        EventType(EventName.ORDER_CAPTURED, "A hold was paid and its units are sold", alert=False),
        EventType(EventName.ORDER_SHIPPED, "Units of an order have left", alert=False),
        EventType(EventName.ORDER_RETURNED, "Units of an order have come back", alert=False),
        EventType(EventName.PING, "A test, sent on request", "Test", "in"),
    )
}
"""Every event type by its name, for alerts and for webhooks."""

WEBHOOKS = tuple(
    sort.name
    for sort in EVENT_TYPES.values()
    if sort.name not in (EventName.PING, EventName.STOCK_DIGEST)
)
"""The events that can go to another system."""

FORMER_KEYS = {"matterId": "issueId", "openMatters": "openIssues"}
"""The present name of a key of an event's data, by the one of earlier versions."""

_NAME_IN_IDS = {present: former for former, present in FORMER_EVENTS.items()}
"""Ids are made with the first name of a type: a new name does not report an event again."""


class AlertEvent(Struct, rename="camel"):
    """One event. `title` and `text` are for people, `data` is for programs."""

    id: str
    type: str
    at: int
    title: str
    text: str = ""
    data: dict[str, Any] = {}

    def __post_init__(self) -> None:
        """Gives an event that an earlier version has stored its present names."""
        self.type = present_event(self.type)
        if not FORMER_KEYS.keys().isdisjoint(self.data):
            self.data = {FORMER_KEYS.get(key, key): value for key, value in self.data.items()}
        if self.type == EventName.RECONCILIATION_CORRECTED:
            self.data = present_names(self.data)

    @property
    def sort(self) -> EventType:
        """The type of the event; a type stored by another version may be unknown."""
        return EVENT_TYPES.get(self.type) or EventType(self.type, self.type, self.type)


def event_type(
    type_: EventName, at: int, key: str, title: str, text: str = "", **data: Any
) -> AlertEvent:
    """An event with an id derived from its key: the same event reported twice has one id."""
    first_name = _NAME_IN_IDS.get(type_, type_)
    digest = hashlib.sha256(f"{first_name}\n{at}\n{key}".encode()).hexdigest()
    return AlertEvent(stamped("evt", at, digest[:14]), type_, at, title, text, data)


def stamped(kind: str, at: int, suffix: str) -> str:
    """An id that sorts before those of earlier times."""
    return f"{kind}_{NEWEST_FIRST - at:011x}{suffix}"
