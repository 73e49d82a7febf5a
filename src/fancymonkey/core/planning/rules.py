"""The commands of planning, each with its needs and its rule."""

from fancymonkey.core.command import Rules
from fancymonkey.core.planning import daily_demand

RULES: Rules = {
    daily_demand.AddDemand: (daily_demand.needs_demand, daily_demand.add_demand),
    daily_demand.RestartDemand: (daily_demand.needs_demand, daily_demand.restart_demand),
}
