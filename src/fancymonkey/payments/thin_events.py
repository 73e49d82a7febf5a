"""Notifications that name an object and do not have it: Stripe is asked for it.

Stripe's API v2 sends such "thin" events (`v2.core.event`); an endpoint may also get a notification
without its object. Signed by Stripe like any other, they mean the same as the event with the
object.
"""

import re
from typing import Any

import msgspec

from fancymonkey.errors import PaymentError
from fancymonkey.payments.events import TYPES, Data, Event, Id, Object
from fancymonkey.payments.gateway import Gateway

THIN = "v2.core.event"
VERSION = "v1."
"""Before the type of a thin event about an object that API v1 has too."""

_ID = re.compile(r"[A-Za-z0-9_]{1,200}")


class Related(msgspec.Struct):
    """The object that a thin event is about."""

    id: Any = None
    type: Any = None


class Thin(msgspec.Struct):
    """What we read of a notification."""

    id: Id
    type: Id
    object: Any = None
    created: Any = None
    livemode: Any = None
    account: Any = None
    context: Any = None
    related_object: Related | None = None

    @property
    def plain(self) -> str:
        """The type as an event with its object has it."""
        return self.type.removeprefix(VERSION)

    @property
    def ours(self) -> bool:
        """Whether it is of a type that we act upon."""
        return self.plain in TYPES


class Unfetched(Exception):
    """The object cannot be had; the message says what helps."""


class _Loose(msgspec.Struct):
    """As much as tells what a message is."""

    object: Any = None
    data: Any = None


_loose = msgspec.json.Decoder(_Loose)
_thin = msgspec.json.Decoder(Thin)


def thin_of(body: bytes) -> Thin | None:
    """The notification that a body is, or None where it has its object, or is something else."""
    try:
        found = _loose.decode(body)
        whole = isinstance(found.data, dict) and isinstance(found.data.get("object"), dict)
        if found.object != THIN and (whole or found.object != "event"):
            return None
        return _thin.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def bare(thin: Thin) -> Event:
    """The event of a type that asks nothing: kept under its id, without an object."""
    related = thin.related_object
    id_ = related.id if related is not None and isinstance(related.id, str) else ""
    return Event(thin.id, thin.type, Data(Object(id=id_[:255])))


async def fetched(thin: Thin, gateway: Gateway | None) -> Event:
    """The event with its object, as Stripe has it now. Raises Unfetched."""
    if gateway is None:
        raise Unfetched(
            f"{thin.plain} came without its object. Let the endpoint at Stripe send snapshot "
            "events, or set STRIPE_SECRET_KEY so that the object can be fetched."
        )
    related = thin.related_object
    kind, id_ = ("event", thin.id) if related is None else (related.type, related.id)
    if not isinstance(kind, str) or not isinstance(id_, str) or not _ID.fullmatch(id_):
        raise Unfetched(f"{thin.plain} does not name the object that it is about.")
    try:
        row = await gateway.thing(kind, id_)
    except PaymentError as error:
        raise Unfetched(f"{thin.plain} came without its object, to be fetched: {error}") from error
    try:
        if row is None:
            raise Unfetched(f"{thin.plain} is about a {kind[:40]}, which is not what it is called.")
        event = msgspec.convert(row, Event) if related is None else _event(thin, row)
    except msgspec.ValidationError as error:
        raise Unfetched(f"The object of {thin.plain} makes no sense: {error}") from error
    if event.id != thin.id or event.type != thin.plain:
        raise Unfetched(f"Stripe gave another event than {thin.id}.")
    return event


def _event(thin: Thin, row: dict[str, Any]) -> Event:
    thing = msgspec.convert(row, Object)
    live = thin.livemode if isinstance(thin.livemode, bool) else row.get("livemode")
    return Event(
        thin.id,
        thin.plain,
        Data(thing),
        thin.created,
        live,
        thin.account or thin.context,
    )
