"""The only code that changes a quantity, and the invariants of every level."""

from typing import Protocol

from fancymonkey.core.model import Entry, Kind, Level

MAY_RAISE_SHORT = frozenset(
    {Kind.COUNTED, Kind.ADJUSTED, Kind.SHIPPED, Kind.MOVED, Kind.TRANSFERRED_OUT}
)
"""Only counts and corrections, and units that leave, may make promised units short."""


CATALOGUE_KINDS = (Kind.ADDED, Kind.EDITED, Kind.REMOVED)
"""Kinds of entries after which products and items have to be read again."""

MORE_THAN_STOCK = frozenset((*CATALOGUE_KINDS, Kind.LOCATION_EDITED))
"""Kinds of entries after which more than levels and holds has to be read again."""


class InvariantBroken(AssertionError):
    """A movement would make a level impossible. Nothing of its transaction may be written."""


class Author(Protocol):
    """A command, as the ledger names it."""

    @property
    def actor(self) -> str:
        """The person or program that sent it."""
        ...

    @property
    def cause(self) -> str:
        """The request, order or file that it follows from."""
        ...


def short_after(on_hand: int, reserved: int, allocated: int) -> int:
    """Promised units that are not on hand."""
    missing = reserved + allocated - on_hand
    return missing if missing > 0 else 0


def evolve(level: Level, entry: Entry) -> Level:
    """The level after the entry.

    Raises `InvariantBroken` if a quantity would fall below zero, if more units would be promised
    than are on hand, or if the entry's own running numbers disagree.
    """
    on_hand = level.on_hand + entry.on_hand
    reserved = level.reserved + entry.reserved
    allocated = level.allocated + entry.allocated
    incoming = level.incoming + entry.incoming
    backordered = level.backordered + entry.backordered
    short = level.short + entry.short
    after = Level(
        level.sku,
        level.location,
        on_hand,
        reserved,
        allocated,
        incoming,
        backordered,
        short,
        entry.at,
    )
    missing = reserved + allocated - on_hand  # `broken_rule`, without the calls: every sale is here
    if (
        on_hand < 0
        or reserved < 0
        or allocated < 0
        or incoming < 0
        or backordered < 0
        or short != (missing if missing > 0 else 0)
    ):
        problem = broken_rule(after)
    elif entry.short > 0 and entry.kind not in MAY_RAISE_SHORT:
        problem = f"{entry.kind} may not promise more than is there"
    elif on_hand != entry.on_hand_after or reserved != entry.reserved_after:
        problem = (
            f"it states {entry.on_hand_after} on hand and {entry.reserved_after} reserved after "
            f"it, the entries before it make {on_hand} and {reserved}"
        )
    else:
        return after
    raise InvariantBroken(
        f"entry {entry.revision} ({entry.kind} {entry.sku} at {entry.location}): {problem}"
    )


def broken_rule(level: Level) -> str | None:
    """The first invariant that a level breaks, as text, or None."""
    if (
        level.on_hand < 0
        or level.reserved < 0
        or level.allocated < 0
        or level.incoming < 0
        or level.backordered < 0
    ):
        return "a quantity is below zero"
    if level.short != short_after(level.on_hand, level.reserved, level.allocated):
        return (
            f"{level.reserved} reserved and {level.allocated} allocated of {level.on_hand} on hand "
            f"do not fit with {level.short} short"
        )
    return None


def check_follows(entry: Entry, level: Level | None) -> None:
    """Raises InvariantBroken if an entry does not follow on this level."""
    on_hand, reserved = (0, 0) if level is None else (level.on_hand, level.reserved)
    if (
        entry.on_hand_after - entry.on_hand != on_hand
        or entry.reserved_after - entry.reserved != reserved
    ):
        raise InvariantBroken(
            f"entry {entry.revision} ({entry.kind} {entry.sku} at {entry.location}) does not "
            f"follow {on_hand} on hand and {reserved} reserved"
        )
