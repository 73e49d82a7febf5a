"""The types of alert events, with their texts and stable ids. Pure."""

import hashlib
from dataclasses import dataclass
from typing import Any

from msgspec import Struct

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


EVENT_TYPES = {
    sort.name: sort
    for sort in (
        EventType("stock.low", "A size has reached its low stock threshold", "Low", "low"),
        EventType("stock.out", "A size is out of stock", "Out", "out"),
        EventType("stock.back", "A size is back in stock", "Back", "in"),
        EventType("matter.opened", "A payment needs a decision", "Payment", "owed"),
        EventType(
            "books.mended", "Reconciliation has corrected missed events", "Corrected", "owed"
        ),
        EventType(
            "job.failed",
            "A job, such as the backup, has failed after it worked before",
            "Failed",
            "out",
        ),
        EventType("store.trouble", "The store has a problem", "Problem", "out", urgent=True),
        EventType(
            "secret.guessed", "Repeated wrong attempts at a secret", "Guessed", "out", urgent=True
        ),
        EventType("stock.digest", "Low and sold out sizes, once a day", "Digest", "low"),
        EventType("webhook.off", "A webhook failed for days and was switched off", "Off", "out"),
        EventType("stock.changed", "The stock of a size has changed", alert=False),
        EventType("hold.created", "A hold was created", alert=False),
        EventType("hold.changed", "The units or the deadline of a hold have changed", alert=False),
        EventType("hold.ended", "A hold was paid, released or has expired", alert=False),
        EventType("order.captured", "A hold was paid and its units are sold", alert=False),
        EventType("order.shipped", "Units of an order have left", alert=False),
        EventType("order.returned", "Units of an order have come back", alert=False),
        EventType("ping", "A test, sent on request", "Test", "in"),
    )
}
"""Every event type by its name, for alerts and for webhooks."""

PING = "ping"
ALERTS = tuple(name for name, sort in EVENT_TYPES.items() if sort.alert and name != PING)
"""The event types that can go to a person."""
WEBHOOKS = tuple(name for name in EVENT_TYPES if name not in (PING, "stock.digest"))
"""The event types that can go to another system."""


class AlertEvent(Struct, rename="camel"):
    """One event. `title` and `text` are for people, `data` is for programs."""

    id: str
    type: str
    at: int
    title: str
    text: str = ""
    data: dict[str, Any] = {}

    @property
    def sort(self) -> EventType:
        """The type of the event; a type stored by an older version may be unknown."""
        return EVENT_TYPES.get(self.type) or EventType(self.type, self.type, self.type)


def event_type(
    type_: str, at: int, key: str, title: str, text: str = "", **data: Any
) -> AlertEvent:
    """An event with an id derived from its key: the same event reported twice has one id."""
    digest = hashlib.sha256(f"{type_}\n{at}\n{key}".encode()).hexdigest()
    return AlertEvent(stamped("evt", at, digest[:14]), type_, at, title, text, data)


def stamped(kind: str, at: int, rest: str) -> str:
    """An id that sorts before those of earlier times."""
    return f"{kind}_{NEWEST_FIRST - at:011x}{rest}"
