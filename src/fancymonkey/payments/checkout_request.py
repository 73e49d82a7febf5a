"""The basket that a buyer wants to pay."""

from dataclasses import dataclass

from fancymonkey.core.explode import Choice
from fancymonkey.core.holds.limits import ClientSource
from fancymonkey.core.locations.routing import Routing
from fancymonkey.core.model import Line
from fancymonkey.core.outcomes import Code, Refused
from fancymonkey.engine.queries.hold_details import HoldDetails


@dataclass(frozen=True, slots=True)
class CheckoutRequest:
    """The basket that a buyer wants to pay; without lines, the units that the session holds.

    `location` serves them, or with a `routing` any location that may; `choices` are the options of
    bundles. `new_id` is the id for a new hold, `source` the buyer's network. `replaces` is an
    earlier hold of the buyer, which is released when the new one begins.
    """

    session_id: str
    new_id: str
    location: str
    lines: tuple[Line, ...] = ()
    actor: str = "buyer"
    source: ClientSource | None = None
    replaces: str | None = None
    routing: Routing | None = None
    choices: tuple[Choice, ...] = ()

    def is_met_by(self, hold: HoldDetails) -> bool:
        """Whether the hold has the requested lines, with the chosen options."""
        held = {(line.sku, line.quantity) for line in hold.reservation.lines}
        parts = {(part.bundle, part.sku): part.quantity for part in hold.reservation.parts or ()}
        return {(line.sku, line.quantity) for line in self.lines} == held and all(
            parts.get((choice.bundle, choice.sku), 0) >= choice.quantity for choice in self.choices
        )

    def may_be_repeated(self, refused: Refused) -> bool:
        """Whether another try may succeed: another request of the buyer has changed the hold."""
        ended = refused.code is Code.HOLD_ENDED and bool(self.lines)
        return ended or refused.code is Code.CHECKOUT_CHANGED
