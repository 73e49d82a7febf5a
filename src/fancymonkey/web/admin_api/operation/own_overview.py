"""The overview of a caller who is limited to locations: their stock, holds and days alone."""

from collections.abc import Sequence
from datetime import tzinfo
from decimal import Decimal
from functools import partial

from fancymonkey.core.state import FOREVER
from fancymonkey.timestamps import iso
from fancymonkey.web.admin_api.operation.overview_days import overview_days
from fancymonkey.web.admin_api.operation.overview_models import (
    Overview,
    OverviewHolds,
    OverviewStock,
)
from fancymonkey.web.admin_api.sales.hold_filter import HoldFilter, live_holds
from fancymonkey.web.context import AppContext
from fancymonkey.web.read_models.location_totals import LocationTotals, stock_of_locations
from fancymonkey.web.read_models.row_query import RowQuery


async def own_overview(
    context: AppContext, locations: tuple[str, ...], days: int, zone: tzinfo
) -> Overview:
    """The overview of these locations. It has no payments and no health: both are the shop's."""
    engine = context.engine
    totals = await context.overview_cache.cached(
        "locations", partial(stock_of_locations, engine.view)
    )
    own = [row for row in totals if row["location"] in locations]
    return {
        "success": True,
        "revision": engine.view.revision,
        "serverTime": iso(engine.clock()),
        "currency": context.settings.payments.currency,
        "stock": await _stock(context, own),
        "holds": _holds(context, locations),
        "days": await overview_days(context, days, zone, locations),
        "locations": own,
    }


async def _stock(context: AppContext, own: Sequence[LocationTotals]) -> OverviewStock:
    """The sums over the locations: a size that is low at two of them counts twice."""
    products = sizes = backordered = short = 0
    for location in own:
        _, rows = await context.stock_rows.at(location["location"]).rows(RowQuery())
        products = len({row.stocked.product.product_id for row in rows})
        sizes = len(rows)
        backordered += sum(row.units.backordered for row in rows)
        short += sum(row.units.short for row in rows)
    return {
        "products": products,
        "sizes": sizes,
        "units": sum(row["units"] for row in own),
        "reserved": sum(row["reserved"] for row in own),
        "available": sum(row["available"] for row in own),
        "backordered": backordered,
        "low": sum(row["low"] for row in own),
        "out": sum(row["out"] for row in own),
        "value": sum((row["value"] for row in own), Decimal(0)),
        "short": short,
    }


def _holds(context: AppContext, locations: tuple[str, ...]) -> OverviewHolds:
    holds = live_holds(context.engine, HoldFilter(locations=locations))
    ends = holds[0][0] if holds and holds[0][0] < FOREVER else None
    return {
        "count": len(holds),
        "units": sum(units for _, _, units in holds),
        "nextEnds": None if ends is None else iso(ends),
    }
