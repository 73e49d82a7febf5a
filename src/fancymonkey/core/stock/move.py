"""Moves units between the states and locations of a SKU: MoveStock."""

from collections.abc import Iterator

from fancymonkey.core.command import Command, needs_stock
from fancymonkey.core.immutable import dataclass
from fancymonkey.core.locations.accounts import StockState, account_of, split_account
from fancymonkey.core.locations.locations import Location
from fancymonkey.core.locations.lookup import closed_location, location_of, unknown_location
from fancymonkey.core.model import MAX_QUANTITY, Kind, Level
from fancymonkey.core.orders.waiting import needs_waiting
from fancymonkey.core.outcomes import Accepted, Answer, Code, Refused
from fancymonkey.core.plural import units
from fancymonkey.core.state import Key, State
from fancymonkey.core.stock.answers import stock_of, unmovable_item
from fancymonkey.core.stock.backorders import fill_backorders


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveStock(Command):
    """Moves units of a SKU from one account to another, as one change with a reason.

    A state None means for sale. Within a location a move may concern promised units, like a count:
    damaged ones become `short`. To another location only free units move. Refused as
    `below_zero` where too few are there, and as `nothing_to_do` between an account and itself.
    """

    sku: str
    quantity: int
    from_location: str
    to_location: str
    from_state: StockState | None = None
    to_state: StockState | None = None
    reason: str = ""

    @property
    def source(self) -> str:
        """The account that the units leave."""
        return account_of(self.from_location, self.from_state)

    @property
    def destination(self) -> str:
        """The account that gets the units."""
        return account_of(self.to_location, self.to_state)


def needs_move(command: MoveStock, state: State) -> Iterator[Key]:
    """The rows that the rule reads."""
    yield from needs_stock(command.sku)
    yield Level, (command.sku, command.source)
    yield Level, (command.sku, command.destination)
    yield from needs_waiting((command.sku, command.destination), state)
    yield Location, command.from_location
    yield Location, command.to_location


def move_stock(state: State, command: MoveStock) -> Answer:
    """Applies a `MoveStock`."""
    refused = unmovable_item(state, command.sku) or _fault(state, command)
    if refused is not None:
        return refused
    book_move(
        state,
        command,
        command.sku,
        ((command.source, -command.quantity), (command.destination, command.quantity)),
        command.reason,
    )
    return Accepted(stock_of(state, command.sku))


def book_move(
    state: State,
    command: Command,
    sku: str,
    changes: tuple[tuple[str, int], ...],
    reason: str,
) -> None:
    """Books a move by the change of each account. Units that come on sale fill backorders."""
    for account, change in changes:
        state.book_movement(Kind.MOVED, sku, account, command, on_hand=change, reason=reason)
    for account, change in changes:
        if change > 0 and split_account(account)[1] is None:
            fill_backorders(state, sku, account, command)


def _fault(state: State, command: MoveStock) -> Refused | None:
    if location_of(state, command.from_location) is None:
        return unknown_location(command.from_location)
    refused = closed_location(state, command.to_location)
    if refused is not None:
        return refused
    if command.source == command.destination:
        return Refused(Code.NOTHING_TO_DO, "Units are moved to another state or location.")
    if StockState.IN_TRANSIT in (command.from_state, command.to_state):
        message = "Only a transfer moves units in transit."
        return Refused(Code.OUT_OF_RANGE, message, {"sku": command.sku})
    level = state.level(command.sku, command.source)
    stays = command.from_location == command.to_location
    there = level.on_hand if stays else max(0, level.available)
    after = state.level(command.sku, command.destination).on_hand + command.quantity
    if command.quantity < 1 or after > MAX_QUANTITY:
        message = f"From 1 to {MAX_QUANTITY} units can be moved."
        return Refused(Code.OUT_OF_RANGE, message, {"sku": command.sku})
    if command.quantity > there:
        return Refused(
            Code.BELOW_ZERO,
            f"Only {there} of {units(command.quantity)} can be moved.",
            {"sku": command.sku, "onHand": level.on_hand, "change": -command.quantity},
        )
    return None
