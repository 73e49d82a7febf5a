"""What every command carries."""

from fancymonkey.core.immutable import dataclass
from fancymonkey.core.model import Item, Level, Reservation, SessionLink
from fancymonkey.core.state import Key, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A wish to change something.

    With a `command_id` it has one effect however often it is sent, and `digest` tells a repetition
    from another wish under the same id. `former_id` is the id under which versions before this one
    kept the answer. `actor` and `cause` end up in the ledger.
    """

    command_id: str | None = None
    former_id: str | None = None
    digest: str = ""
    actor: str = ""
    cause: str = ""


def needs_item(sku: str, location: str) -> tuple[Key, ...]:
    """The rows that a movement of a SKU reads."""
    return (Item, sku), (Level, (sku, location))


def needs_hold(state: State, ref: str) -> list[Key]:
    """The rows that lead from an id to its hold and on to the levels it touches."""
    return found_hold(state, ref)[0]


def found_hold(state: State, ref: str) -> tuple[list[Key], Reservation | None]:
    """The same, and the hold as far as it is loaded."""
    keys: list[Key] = [(Reservation, ref), (SessionLink, ref)]
    hold = state.get(Reservation, ref)
    if hold is None:
        link = state.get(SessionLink, ref)
        if link is None:
            return keys, None
        keys.append((Reservation, link.reservation_id))
        hold = state.get(Reservation, link.reservation_id)
    if hold is not None:
        keys += needs_lines(hold)
    return keys, hold


def needs_lines(hold: Reservation) -> list[Key]:
    """The rows that ending a hold reads."""
    return [key for line in hold.lines for key in needs_item(line.sku, line.location)]
