"""Notifications that name an object without containing it; the object is fetched from Stripe.

Stripe's API v2 sends such "thin" events (`v2.core.event`); an endpoint may also get a notification
without its object. They are signed by Stripe like any other, and mean the same as the event with
the object.
"""

import re
from typing import Any

import msgspec

from fancymonkey.errors import PaymentError
from fancymonkey.payments.events import TYPES, EventData, EventObject, Id, StripeEvent
from fancymonkey.payments.gateway import Gateway

THIN = "v2.core.event"
VERSION = "v1."
"""The prefix of a thin event's type about an object that API v1 has too."""

_ID = re.compile(r"[A-Za-z0-9_]{1,200}")


class RelatedObject(msgspec.Struct):
    """The object of a thin event."""

    id: Any = None
    type: Any = None


class ThinEvent(msgspec.Struct):
    """The fields we read of a notification."""

    id: Id
    type: Id
    object: Any = None
    created: Any = None
    livemode: Any = None
    account: Any = None
    context: Any = None
    related_object: RelatedObject | None = None

    @property
    def plain(self) -> str:
        """The type of the event with its object."""
        return self.type.removeprefix(VERSION)

    @property
    def ours(self) -> bool:
        """Whether events of this type have an effect."""
        return self.plain in TYPES


class ObjectUnavailable(Exception):
    """The object cannot be fetched; the message names the remedy."""


class _Loose(msgspec.Struct):
    """The fields that distinguish a notification from an event with its object."""

    object: Any = None
    data: Any = None


_loose = msgspec.json.Decoder(_Loose)
_thin = msgspec.json.Decoder(ThinEvent)


def thin_of(body: bytes) -> ThinEvent | None:
    """The notification in a body, or None if it has its object, or is something else."""
    try:
        message = _loose.decode(body)
        whole = isinstance(message.data, dict) and isinstance(message.data.get("object"), dict)
        if message.object != THIN and (whole or message.object != "event"):
            return None
        return _thin.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def bare(thin: ThinEvent) -> StripeEvent:
    """The event of a type without an effect: stored under its id, without an object."""
    related = thin.related_object
    id_ = related.id if related is not None and isinstance(related.id, str) else ""
    return StripeEvent(thin.id, thin.type, EventData(EventObject(id=id_[:255])))


async def fetched(thin: ThinEvent, gateway: Gateway | None) -> StripeEvent:
    """The event with its object, in its present state at Stripe. Raises Unfetched."""
    if gateway is None:
        raise ObjectUnavailable(
            f"{thin.plain} came without its object. Let the endpoint at Stripe send snapshot "
            "events, or set STRIPE_SECRET_KEY so that the object can be fetched."
        )
    related = thin.related_object
    kind, id_ = ("event", thin.id) if related is None else (related.type, related.id)
    if not isinstance(kind, str) or not isinstance(id_, str) or not _ID.fullmatch(id_):
        raise ObjectUnavailable(f"{thin.plain} does not name the object that it is about.")
    try:
        row = await gateway.thing(kind, id_)
    except PaymentError as error:
        raise ObjectUnavailable(f"The object of {thin.plain} cannot be fetched: {error}") from error
    try:
        if row is None:
            raise ObjectUnavailable(
                f"{thin.plain} is about a {kind[:40]}, which does not fit its type."
            )
        event = msgspec.convert(row, StripeEvent) if related is None else _event(thin, row)
    except msgspec.ValidationError as error:
        raise ObjectUnavailable(f"The object of {thin.plain} is malformed: {error}") from error
    if event.id != thin.id or event.type != thin.plain:
        raise ObjectUnavailable(f"Stripe sent another event than {thin.id}.")
    return event


def _event(thin: ThinEvent, row: dict[str, Any]) -> StripeEvent:
    obj = msgspec.convert(row, EventObject)
    live = thin.livemode if isinstance(thin.livemode, bool) else row.get("livemode")
    return StripeEvent(
        thin.id,
        thin.plain,
        EventData(obj),
        thin.created,
        live,
        thin.account or thin.context,
    )
