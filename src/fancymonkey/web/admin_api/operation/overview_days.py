"""The units of each day for the overview: sold, returned and turned away."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta, tzinfo

from fancymonkey.core.dates import DAY_MS
from fancymonkey.core.model import TurnedAway
from fancymonkey.engine.demand.turned_away import HOUR
from fancymonkey.web.admin_api.operation.overview_models import OverviewDay
from fancymonkey.web.context import AppContext
from fancymonkey.web.read_models.overview_cache import paused

DAYS_MAX = 366


async def overview_days(
    context: AppContext, count: int, zone: tzinfo, locations: tuple[str, ...] = ()
) -> list[OverviewDay]:
    """One row per day, the latest last; an hour counts for the day on which it began.

    With `locations` the days have the units of these, and no units turned away: those belong to no
    location.
    """
    today = datetime.fromtimestamp(context.engine.clock() / 1000, zone).date()
    first = today - timedelta(days=count - 1)
    rows = {
        first + timedelta(days=number): {
            "sold": 0,
            "returned": 0,
            "turnedAway": 0,
            "turnedAwayRequests": 0,
        }
        for number in range(count)
    }
    start = int(datetime(first.year, first.month, first.day, tzinfo=zone).timestamp())
    hour = start * 1000 // HOUR

    def row_of(at: int) -> dict[str, int] | None:
        return rows.get(datetime.fromtimestamp(at * HOUR / 1000, zone).date())

    for at, sold in (await context.overview_cache.sales.since(hour, locations)).items():
        row = row_of(at)
        if row is not None:
            row["sold"] += sold.sold
            row["returned"] += sold.returned
    turned_away = {} if locations else await _turned_away(context)
    for at, (requests, units) in turned_away.items():
        row = row_of(at) if at >= hour else None
        if row is not None:
            row["turnedAway"] += units
            row["turnedAwayRequests"] += requests
    return [_day_out(day, row, whole_shop=not locations) for day, row in rows.items()]


def _day_out(day: date, row: Mapping[str, int], *, whole_shop: bool) -> OverviewDay:
    out: OverviewDay = {
        "day": day.isoformat(),
        "sold": row["sold"],
        "returned": row["returned"],
    }
    if whole_shop:
        out["turnedAway"] = row["turnedAway"]
        out["turnedAwayRequests"] = row["turnedAwayRequests"]
    return out


async def _turned_away(context: AppContext) -> dict[int, tuple[int, int]]:
    """Requests and units that found no stock, by hour."""
    engine = context.engine

    async def read() -> dict[int, tuple[int, int]]:
        by_hour: dict[int, tuple[int, int]] = {}
        oldest = (engine.clock() - (DAYS_MAX + 1) * DAY_MS) // HOUR
        async for row in paused(engine, TurnedAway):
            if row.hour >= oldest:
                requests, units = by_hour.get(row.hour, (0, 0))
                by_hour[row.hour] = (requests + row.requests, units + row.units)
        return by_hour

    return await context.overview_cache.cached("turned away", read)
