"""Accounts: the units of a location by their state. Every unit is in exactly one account.

The units for sale are in the account that is named as the location. Units that are there and not
for sale, or on their way to it, are in an account of their own: `berlin:damaged`. A movement
between accounts is two entries of one command that add up to zero, so that units come and go
only by receipts, sales, returns and counts.
"""

from enum import StrEnum

_SEPARATOR = ":"


class StockState(StrEnum):
    """The state of units that are not for sale."""

    DAMAGED = "damaged"
    QUARANTINE = "quarantine"
    RETURNED = "returned"
    IN_TRANSIT = "in_transit"


def account_of(location: str, state: StockState | None = None) -> str:
    """The account of the units of a location that are in this state (None: for sale)."""
    return location if state is None else f"{location}{_SEPARATOR}{state}"


def split_account(account: str) -> tuple[str, StockState | None]:
    """The location and the state of an account; the state is None for units for sale."""
    location, separator, state = account.partition(_SEPARATOR)
    return (location, StockState(state)) if separator else (account, None)


def is_for_sale(account: str) -> bool:
    """Whether the units of the account are for sale."""
    return _SEPARATOR not in account
