"""What every command carries."""

from collections.abc import Iterator

from fancymonkey.core.frozen import dataclass
from fancymonkey.core.model import Item, Level, Reservation, SessionLink
from fancymonkey.core.state import Key, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A wish to change something.

    With a `command_id` it has one effect however often it is sent, and `digest` tells a repetition
    from another wish under the same id. `actor` and `cause` end up in the ledger.
    """

    command_id: str | None = None
    digest: str = ""
    actor: str = ""
    cause: str = ""


def needs_item(sku: str, location: str) -> Iterator[Key]:
    """The rows that a movement of a SKU reads."""
    yield Item, sku
    yield Level, (sku, location)


def needs_hold(state: State, ref: str) -> Iterator[Key]:
    """The rows that lead from an id to its hold and on to the levels it touches."""
    yield Reservation, ref
    yield SessionLink, ref
    hold = state.hold(ref)
    if hold is not None:
        yield from needs_lines(hold)
        return
    link = state.get(SessionLink, ref)
    if link is not None:
        yield Reservation, link.reservation_id


def needs_lines(hold: Reservation) -> Iterator[Key]:
    """The rows that ending a hold reads."""
    for line in hold.lines:
        yield from needs_item(line.sku, line.location)
