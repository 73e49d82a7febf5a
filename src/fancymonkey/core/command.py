"""The base class of commands, and the types of the functions that read and apply them."""

from collections.abc import Callable, Iterable
from typing import Any

from fancymonkey.core.answers import CommandAnswer
from fancymonkey.core.bundles.sales import needs_sales
from fancymonkey.core.immutable import dataclass
from fancymonkey.core.model import Item, Level, Reservation, SessionLink
from fancymonkey.core.outcomes import Answer
from fancymonkey.core.state import AllLevels, Key, State

Needs = Callable[[Any, State], Iterable[Key]]
"""Yields the rows that a command reads, as far as the loaded rows show them."""

Rule = Callable[[State, Any], Answer]
"""Applies a command to a state and returns its answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A request to change the shop.

    A command with a `command_id` has one effect, however often it is sent. `digest` distinguishes
    a repetition from another request under the same id. `former_id` is the id under which earlier
    versions kept the answer. The ledger records `actor` and `cause`.
    """

    command_id: str | None = None
    former_id: str | None = None
    digest: str = ""
    actor: str = ""
    cause: str = ""


Rules = dict[type[Command], tuple[Needs, Rule]]
"""Commands, each with its needs and its rule."""

AnswerReaders = dict[type[Command], Callable[[dict[str, Any]], CommandAnswer]]
"""Converts the stored answer of a command into the answer that the command returns."""


def needs_item(sku: str, location: str) -> tuple[Key, ...]:
    """The rows that a movement of a SKU reads."""
    return (Item, sku), (Level, (sku, location))


def needs_stock(sku: str) -> tuple[Key, ...]:
    """The rows that an answer about the stock of a SKU reads."""
    return (Item, sku), (AllLevels, sku)


def needs_hold(state: State, ref: str) -> list[Key]:
    """The rows that lead from an id to its hold, and to the levels of the hold."""
    return found_hold(state, ref)[0]


def found_hold(state: State, ref: str) -> tuple[list[Key], Reservation | None]:
    """The rows that `needs_hold` names, and the hold where it is loaded."""
    keys: list[Key] = [(Reservation, ref), (SessionLink, ref)]
    hold = state.get(Reservation, ref)
    if hold is None:
        link = state.get(SessionLink, ref)
        if link is None:
            return keys, None
        keys.append((Reservation, link.reservation_id))
        hold = state.get(Reservation, link.reservation_id)
    if hold is not None:
        keys += needs_allocations(hold)
    return keys, hold


def needs_allocations(hold: Reservation) -> list[Key]:
    """The rows that ending a hold reads."""
    keys = [
        key
        for allocation in hold.allocations
        for key in needs_item(allocation.sku, allocation.location)
    ]
    if hold.parts is not None:
        keys += needs_sales(hold)
    return keys
