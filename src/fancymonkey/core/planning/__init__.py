"""Planning: demand per size, location and day."""

from fancymonkey.core.model import Row
from fancymonkey.core.planning.daily_demand import DailyDemand

ROWS: tuple[type[Row], ...] = (DailyDemand,)
"""The kinds of row that this feature adds."""
