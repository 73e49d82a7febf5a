"""The routes of holds in the history and the explanation."""

from typing import Any

from fancymonkey.core.model import Entry, Kind, Reservation
from fancymonkey.engine.engine import Engine
from fancymonkey.services.explain import StockExplanation
from fancymonkey.services.locations.hold_routes import route_json, routed_holds
from fancymonkey.timestamps import iso

ROUTES_OF = 50
"""An explanation has the routes of the holds among this many of the latest entries."""


async def routed_in(engine: Engine, entries: list[Entry]) -> dict[str, Reservation]:
    """The holds with a route that entries began; no reading in a shop with one location."""
    return await routed_holds(engine.store, entries) if len(engine.view.locations) > 1 else {}


def routes_of(story: StockExplanation) -> list[dict[str, Any]]:
    """The routes of the latest holds, the latest first."""
    return [
        {
            "reservationId": entry.reservation_id,
            "at": iso(entry.at),
            "quantity": entry.reserved,
            "location": entry.location,
            **(route_json(story.routed[entry.reservation_id]) or {}),
        }
        for entry, _ in reversed(story.lines)
        if entry.kind is Kind.RESERVED and entry.reservation_id in story.routed
    ]
