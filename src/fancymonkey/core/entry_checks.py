"""The changes that an entry of each kind may make."""

from collections.abc import Callable

from fancymonkey.core.model import Entry, Kind

QUANTITIES = ("on_hand", "reserved", "allocated", "incoming", "backordered", "short")


def _unchanged(entry: Entry) -> bool:
    return not any(getattr(entry, name) for name in QUANTITIES)


def _gives_back(entry: Entry) -> bool:
    of_hold = entry.reserved < 0 and not entry.allocated
    of_order = entry.allocated < 0 and not entry.reserved
    return (of_hold or of_order) and not entry.on_hand


def _leaves_holds(entry: Entry) -> bool:
    return not entry.reserved


def _moves_stock(entry: Entry) -> bool:
    return bool(entry.on_hand) and not (entry.reserved or entry.allocated)


def _moves(entry: Entry) -> bool:
    return _moves_stock(entry) or (
        bool(entry.allocated) and not (entry.on_hand or entry.reserved or entry.backordered)
    )


def _allocates(entry: Entry) -> bool:
    """Units of a hold that was paid in time or late, or backordered ones that came in."""
    sold = entry.allocated + entry.backordered
    if entry.on_hand or entry.allocated < 0:
        return False
    if entry.backordered < 0:
        return not entry.reserved and not sold
    return sold > 0 and entry.reserved in (0, -sold)


def _ships(entry: Entry) -> bool:
    """Units that leave; they may have left the stock already, when they were paid."""
    return entry.on_hand == entry.allocated <= 0 and not (entry.reserved or entry.backordered)


ENTRY_CHECKS: dict[Kind, Callable[[Entry], bool]] = {
    Kind.RESERVED: lambda entry: entry.reserved > 0 and not entry.on_hand,
    Kind.RELEASED: _gives_back,
    Kind.EXPIRED: _gives_back,
    Kind.CAPTURED: lambda entry: (
        entry.on_hand <= 0 and -entry.reserved == entry.backordered - entry.on_hand > 0
    ),
    Kind.SOLD: lambda entry: entry.on_hand <= 0 and not entry.reserved,
    Kind.RETURNED: lambda entry: not entry.reserved and entry.on_hand - entry.backordered > 0,
    Kind.EXTENDED: _unchanged,
    Kind.EDITED: _unchanged,
    Kind.REMOVED: _unchanged,
    Kind.LOCATION_EDITED: _unchanged,
    Kind.MOVED: _moves,
    Kind.ALLOCATED: _allocates,
    Kind.SHIPPED: _ships,
    Kind.ASSEMBLED: _moves_stock,
    Kind.TRANSFERRED_OUT: _moves_stock,
    Kind.TRANSFERRED_IN: _moves_stock,
    Kind.ADDED: lambda entry: entry.on_hand >= 0 and not entry.reserved,
    Kind.RECEIVED: _leaves_holds,
    Kind.ADJUSTED: _leaves_holds,
    Kind.COUNTED: _leaves_holds,
}
"""Whether the changes of an entry fit its kind. An entry of any other kind is a finding."""
