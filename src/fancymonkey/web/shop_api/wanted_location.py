"""The locations that a buyer's request names: the only source, the pick-up, or the destination."""

from typing import Any, Protocol

import msgspec

from fancymonkey.engine.view.view import View
from fancymonkey.services.locations.routing import LocationRequest, ShipTo
from fancymonkey.web.http.messages import Problem
from fancymonkey.web.read_models.stock_listing import unknown_location


class RequestedLocation(Protocol):
    """A body with the fields about locations; a missing one is UNSET or None."""

    @property
    def location(self) -> Any:
        """The id of the only location."""

    @property
    def pickup_at(self) -> Any:
        """The id of the location where the buyer collects."""

    @property
    def ship_to(self) -> Any:
        """The address or the coordinates."""


def names_location(body: RequestedLocation) -> bool:
    """Whether a body has one of the fields."""
    return any(map(_given, (body.location, body.pickup_at, body.ship_to)))


def _given(value: Any) -> bool:
    return value is not None and not isinstance(value, msgspec.UnsetType)


def wanted_of(view: View, body: RequestedLocation) -> LocationRequest:
    """The fields of a body. Raises Problem 422 for several, 404 for an unknown location."""
    given = [name for name in ("location", "pickup_at", "ship_to") if _given(getattr(body, name))]
    if len(given) > 1:
        raise Problem(
            422, "conflicting_fields", "Send one of `location`, `pickupAt` and `shipTo`, not more."
        )
    wanted = LocationRequest(
        only_from=body.location if "location" in given else None,
        pickup_at=body.pickup_at if "pickup_at" in given else None,
        ship_to=_ship_to(body.ship_to) if "ship_to" in given else None,
    )
    for id_ in wanted.ids:
        if id_ not in view.locations:
            raise unknown_location(id_)
    return wanted


def _ship_to(body: Any) -> ShipTo:
    if (body.latitude is None) != (body.longitude is None):
        raise Problem(422, "invalid_request", "latitude and longitude must be given together.")
    return ShipTo(body.country or "", body.postal_code or "", body.latitude, body.longitude)
