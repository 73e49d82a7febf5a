"""The owner's changes of locations: checks fields, closes only empty ones."""

import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from fancymonkey.core.command import Command
from fancymonkey.core.documents.document import Document
from fancymonkey.core.execute import CommandGroup
from fancymonkey.core.locations.accounts import split_account
from fancymonkey.core.locations.close import (
    MOST_LISTED,
    CloseLocation,
    ReopenLocation,
    has_units,
)
from fancymonkey.core.locations.countries import CENTRES
from fancymonkey.core.locations.edit import EditLocation
from fancymonkey.core.locations.locations import Location
from fancymonkey.core.model import split_sku
from fancymonkey.core.outcomes import Answer, Code, Refused
from fancymonkey.core.transfers.edit import NUMBERS
from fancymonkey.core.transfers.transfer import OPEN, Transfer
from fancymonkey.engine.engine import Engine
from fancymonkey.text import counted, joined
from fancymonkey.timestamps import iso

_SLUG = re.compile(r"[a-z0-9]([a-z0-9_-]{0,38}[a-z0-9])?")


LOOKS = 20
"""The number of checks of the work at a location while transfers are planned."""

DEGREE_DIGITS = 6
"""The digits after the point of a coordinate: a tenth of a metre."""

PRIORITY_MAX = 10_000
PICKUP_LEAD_DAYS_MAX = 365
OPTIONAL = ("latitude", "longitude", "pickup_lead_days")
"""The fields that None removes."""


class InvalidLocation(ValueError):
    """A field of a location is not valid; the text names it and the valid values."""


def checked_location(location: Location) -> Location:
    """The location with its texts trimmed and its country in capitals. Raises InvalidLocation."""
    location = replace(
        location,
        name=location.name.strip(),
        country=location.country.strip().upper(),
        postal_code=location.postal_code.strip(),
    )
    if not _SLUG.fullmatch(location.location_id):
        raise InvalidLocation(
            "id must be 1 to 40 small letters, digits, hyphens or underscores, as berlin-mitte."
        )
    if not location.name or not location.name.isprintable():
        raise InvalidLocation("name must be one line of text.")
    if not location.postal_code.isprintable():
        raise InvalidLocation("postalCode must be one line of text.")
    if location.country and location.country not in CENTRES:
        raise InvalidLocation("country must be the two letters of ISO 3166, as DE.")
    if (location.latitude is None) != (location.longitude is None):
        raise InvalidLocation("latitude and longitude must be given together.")
    if location.latitude is not None and abs(location.latitude) > 90:
        raise InvalidLocation("latitude must be from -90 to 90 degrees.")
    if location.longitude is not None and abs(location.longitude) > 180:
        raise InvalidLocation("longitude must be from -180 to 180 degrees.")
    if location.time_zone and not _is_zone(location.time_zone):
        raise InvalidLocation("timeZone must be the name of a time zone, as Europe/Berlin.")
    return location


def changed_location(location: Location, fields: Mapping[str, Any]) -> Location:
    """The location with these fields, checked. None removes a field of `OPTIONAL`.

    Raises InvalidLocation.
    """
    given = dict(fields)
    for name in ("latitude", "longitude"):
        if given.get(name) is not None:
            given[name] = Decimal(str(round(given[name], DEGREE_DIGITS)))
    for name, value in given.items():
        if value is None and name not in OPTIONAL:
            raise InvalidLocation(f"{name.split('_')[0]} must not be null.")
    return checked_location(replace(location, **given))


def new_location(engine: Engine, location_id: str, fields: Mapping[str, Any]) -> Location:
    """A new location, the last one if no priority is given. Raises InvalidLocation."""
    last = max(location.priority for location in engine.view.locations.values())
    new = Location(location_id, "", priority=min(last + 1, PRIORITY_MAX))
    return changed_location(new, fields)


def edit_command(
    present: Location, after: Location, *, reopen: bool, reason: str, **author: Any
) -> Command:
    """The command that changes a location as it was seen, and reopens it if it is closed."""
    if present.active or not reopen:
        return EditLocation(location=after, expected=present, reason=reason, **author)
    by = {"actor": author["actor"], "reason": reason}
    edit = EditLocation(location=after, expected=present, **by)
    open_again = ReopenLocation(location_id=present.location_id, **by)
    return CommandGroup(commands=(edit, open_again), all_or_nothing=True, **author)


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # KeyError: it is unknown; OSError: it is a directory
        return False
    return True


def location_json(location: Location) -> dict[str, Any]:
    """A location, as HTTP and the command line show it."""
    return {
        "id": location.location_id,
        "name": location.name,
        "address": location.address,
        "country": location.country,
        "postalCode": location.postal_code,
        "latitude": location.latitude,
        "longitude": location.longitude,
        "timeZone": location.time_zone,
        "priority": location.priority,
        "sellsOnline": location.sells_online,
        "pickup": location.pickup,
        "pickupLeadDays": location.pickup_lead_days,
        "acceptsReturns": location.accepts_returns,
        "receivesPurchases": location.receives_purchases,
        "active": location.active,
        "updatedAt": iso(location.updated_at) if location.updated_at else None,
    }


async def open_work(engine: Engine, location_id: str) -> dict[str, list[dict[str, Any]]]:
    """The stock, the holds and the transfers at a location, by their kind. Raises StoreError."""
    view = engine.view
    stock = []
    for (sku, account), level in view.levels.items():
        if split_account(account)[0] == location_id and has_units(level):
            product_id, size = split_sku(sku)
            stock.append(
                {
                    "productId": product_id,
                    "size": size,
                    "account": account,
                    "onHand": level.on_hand,
                    "reserved": level.reserved,
                    "allocated": level.allocated,
                    "incoming": level.incoming,
                    "backordered": level.backordered,
                }
            )
    holds = []
    for id_, hold in view.holds.items():
        units = sum(units for (_, at), units in hold.units.items() if at == location_id)
        if units:
            holds.append({"id": id_, "quantity": units})
    transfers = [
        {
            "id": row.transfer_id,
            "number": row.number,
            "status": row.status.value,
            "from": row.from_location,
            "to": row.to_location,
        }
        async for row in engine.store.scan(Transfer)
        if row.status in OPEN and location_id in (row.from_location, row.to_location)
    ]
    return {"stock": stock, "holds": holds, "transfers": transfers}


async def close_if_empty(
    engine: Engine, location_id: str, *, actor: str, reason: str = ""
) -> Answer:
    """Closes a location, or refuses with the list of its open work.

    The transaction that closes it checks the known levels, and that no transfer was planned since
    they were read. From then on no units are added there. A level that was made just before is
    seen afterwards, and the location is reopened.
    """
    answer: Answer = Refused(Code.STALE, "Transfers are being planned there. Try again.")
    for _ in range(LOOKS):
        planned = await engine.store.find(Document, NUMBERS)
        refused = await _in_use(engine, location_id)
        if refused is not None:
            return refused
        known = [key for key in engine.view.levels if split_account(key[1])[0] == location_id]
        command = CloseLocation(
            location_id=location_id,
            levels=tuple(known),
            seen=((*NUMBERS, 0 if planned is None else planned.version),),
            actor=actor,
            reason=reason,
        )
        answer = await engine.submit(command)
        if not isinstance(answer, Refused) or answer.code is not Code.STALE:
            break
    if isinstance(answer, Refused):
        return answer if answer.detail is None else await _in_use(engine, location_id) or answer
    refused = await _in_use(engine, location_id)
    if refused is None:
        return answer
    await engine.submit(
        ReopenLocation(location_id=location_id, actor=actor, reason="something is open there")
    )
    return refused


async def _in_use(engine: Engine, location_id: str) -> Refused | None:
    """The refusal to close a location, with the open work there, or None."""
    location = engine.view.locations.get(location_id)
    if location is None:
        return None
    work = await open_work(engine, location_id)
    if not any(work.values()):
        return None
    words = {"stock": "level", "holds": "hold", "transfers": "transfer"}
    texts = [counted(len(rows), words[kind]) for kind, rows in work.items() if rows]
    return Refused(
        Code.LOCATION_IN_USE,
        f"{location.name} still has {joined(texts)}. Sell, move or correct them first.",
        {
            "location": location_id,
            "counts": {kind: len(rows) for kind, rows in work.items()},
            **{kind: rows[:MOST_LISTED] for kind, rows in work.items()},
        },
    )
