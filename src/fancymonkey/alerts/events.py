"""What can happen that somebody wants to hear of. Pure: names, words, and lasting ids."""

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
    """A sort of happening: `alert` where a person can be told, `urgent` where quiet hours wait."""

    name: str
    about: str
    word: str = ""
    look: str = ""
    alert: bool = True
    urgent: bool = False


EVENT_TYPES = {
    sort.name: sort
    for sort in (
        EventType("stock.low", "A size has come down to its threshold", "Low", "low"),
        EventType("stock.out", "The last unit of a size is gone", "Out", "out"),
        EventType("stock.back", "A size that was out is there again", "Back", "in"),
        EventType(
            "matter.opened", "Something about a payment waits for the owner", "Payment", "owed"
        ),
        EventType("books.mended", "Reconciliation has put right what was missed", "Mended", "owed"),
        EventType(
            "job.failed", "A job has failed that worked before: a backup too", "Failed", "out"
        ),
        EventType(
            "store.trouble", "Something is wrong with the store", "Trouble", "out", urgent=True
        ),
        EventType("secret.guessed", "A secret is being guessed", "Guessed", "out", urgent=True),
        EventType("stock.digest", "What is low and out, once a day", "Digest", "low"),
        EventType("webhook.off", "An endpoint failed for days and gets nothing more", "Off", "out"),
        EventType("stock.changed", "The numbers of a size have changed", alert=False),
        EventType("hold.created", "Units were put aside for a buyer", alert=False),
        EventType("hold.changed", "A live hold has other units or another deadline", alert=False),
        EventType("hold.ended", "A hold was paid, given back or has run out", alert=False),
        EventType("order.captured", "A hold was paid: the units are sold", alert=False),
        EventType("ping", "A test, sent when somebody asks for one", "Test", "in"),
    )
}
"""Every sort, by its name: the same words for alerts and for webhooks."""

PING = "ping"
ALERTS = tuple(name for name, sort in EVENT_TYPES.items() if sort.alert and name != PING)
"""What a person can be told of."""
WEBHOOKS = tuple(name for name in EVENT_TYPES if name not in (PING, "stock.digest"))
"""What another system can be told of."""


class AlertEvent(Struct, rename="camel"):
    """Something that has happened. `title` and `text` are for people, `data` for machines."""

    id: str
    type: str
    at: int
    title: str
    text: str = ""
    data: dict[str, Any] = {}

    @property
    def sort(self) -> EventType:
        """What sort of happening it is; one that an older version kept may be unknown."""
        return EVENT_TYPES.get(self.type) or EventType(self.type, self.type, self.type)


def event_type(
    type_: str, at: int, key: str, title: str, text: str = "", **data: Any
) -> AlertEvent:
    """A happening whose id follows from what it is about: told twice, it is the same."""
    digest = hashlib.sha256(f"{type_}\n{at}\n{key}".encode()).hexdigest()
    return AlertEvent(stamped("evt", at, digest[:14]), type_, at, title, text, data)


def stamped(kind: str, at: int, rest: str) -> str:
    """An id that sorts before those of earlier times."""
    return f"{kind}_{NEWEST_FIRST - at:011x}{rest}"
