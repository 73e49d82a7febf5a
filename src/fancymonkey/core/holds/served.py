"""The units that were found for a hold."""

from fancymonkey.core.immutable import dataclass
from fancymonkey.core.item_parts import SoldPart
from fancymonkey.core.model import Allocation, Level
from fancymonkey.core.route_option import RouteOption
from fancymonkey.core.stock.answers import MovedLine


@dataclass(frozen=True, slots=True)
class Served:
    """The units of a whole hold, the parts of its bundles, and the reasons of the route.

    `route` has the options for the hold to keep; None if nothing was routed. `stock` is that of the
    lines once the units are held, where it is known already; `levels` are the present ones of the
    allocations, in their order.
    """

    allocations: tuple[Allocation, ...]
    parts: tuple[SoldPart, ...]
    because: tuple[str, ...]
    route: tuple[RouteOption, ...] | None = None
    stock: tuple[MovedLine, ...] | None = None
    levels: tuple[Level, ...] | None = None
