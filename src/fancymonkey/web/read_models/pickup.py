"""Units for pick-up at a location: those that are there today, and those of other locations."""

from collections.abc import Mapping
from datetime import date, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from fancymonkey.core.locations.locations import Location
from fancymonkey.core.stock.sku_stock import SkuStock
from fancymonkey.engine.view.view import View
from fancymonkey.timestamps import local_day
from fancymonkey.web.http.bodies.wire import left

PickupDates = Mapping[str, date]
"""The day from which units of other locations can be collected, by the location of the pick-up."""


def is_pickup(view: View, location: Location) -> bool:
    """Whether buyers may collect there, in a shop that has other locations too."""
    return view.has_several_locations and location.active and location.pickup


def pickup_dates(view: View, now: int, zone: ZoneInfo) -> dict[str, date]:
    """The dates of the locations with lead days, at the time `now` (ms).

    Today is the day at the location; one without a known time zone has that of the shop.
    """
    return {
        id_: local_day(now, _zone_of(row.time_zone) or zone) + timedelta(days=row.pickup_lead_days)
        for id_, row in view.locations.items()
        if row.pickup_lead_days is not None and is_pickup(view, row)
    }


@lru_cache(maxsize=1024)
def _zone_of(name: str) -> ZoneInfo | None:
    """The time zone, or None: another machine, where it was entered, may know more of them."""
    try:
        return ZoneInfo(name) if name else None
    except (ValueError, OSError, KeyError):
        return None


def pickup_by_location(
    view: View, stocks: Mapping[str, SkuStock], dates: PickupDates
) -> dict[str, dict[str, Any]]:
    """The units of a SKU for pick-up at each location: `today`, `later`, and `from` for these.

    `stocks` is the stock of the SKU by location. Together the two are the units that a hold for
    pick-up there can take; without lead days `from` is None. A location that never had the SKU is
    included if others have units and it has lead days.
    """
    online = {
        id_: left(stock.available)
        for id_, stock in stocks.items()
        if view.locations[id_].active and view.locations[id_].sells_online
    }
    total = sum(online.values())
    units: dict[str, dict[str, Any]] = {}
    for id_, location in view.locations.items():
        later = total - online.get(id_, 0)
        if not is_pickup(view, location) or not (id_ in stocks or (later and id_ in dates)):
            continue
        day = dates.get(id_)
        units[id_] = {
            "today": left(stocks[id_].available) if id_ in stocks else 0,
            "later": later,
            "from": None if day is None else day.isoformat(),
        }
    return units
