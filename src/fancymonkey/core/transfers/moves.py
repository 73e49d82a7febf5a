"""The movements of transfers: two entries each, that add up to zero."""

from fancymonkey.core.command import Command
from fancymonkey.core.locations.accounts import StockState, account_of, is_for_sale
from fancymonkey.core.model import Kind
from fancymonkey.core.state import State
from fancymonkey.core.stock.backorders import fill_backorders
from fancymonkey.core.transfers.transfer import Transfer


def transit_of(transfer: Transfer) -> str:
    """The account that has the units of the transfer while they are in transit."""
    return account_of(transfer.to_location, StockState.IN_TRANSIT)


def move(
    state: State, command: Command, transfer: Transfer, sku: str, units: int, *accounts: str
) -> None:
    """Moves units of a SKU from the first account to the second. Free units fill backorders."""
    if not units:
        return
    source, destination = accounts
    for kind, account, change in (
        (Kind.TRANSFERRED_OUT, source, -units),
        (Kind.TRANSFERRED_IN, destination, units),
    ):
        _book(state, command, transfer, kind, sku, account, change, "")
    if is_for_sale(destination):
        fill_backorders(state, sku, destination, command)


def book_difference(
    state: State, command: Command, transfer: Transfer, sku: str, units: int, reason: str
) -> None:
    """Books found units (or lost ones, if negative) in transit: the sum of all accounts changes."""
    if units:
        account = transit_of(transfer)
        _book(state, command, transfer, Kind.ADJUSTED, sku, account, units, reason)


def _book(
    state: State,
    command: Command,
    transfer: Transfer,
    kind: Kind,
    sku: str,
    account: str,
    change: int,
    reason: str,
) -> None:
    text = f"transfer {transfer.number}"
    state.book_movement(
        kind,
        sku,
        account,
        command,
        on_hand=change,
        reason=f"{text}: {reason}" if reason else text,
        cause=transfer.transfer_id,
    )
