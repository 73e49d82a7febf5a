"""The answers to commands about orders."""

from fancymonkey.core.answers import FlatAnswer
from fancymonkey.core.immutable import dataclass


@dataclass(frozen=True, slots=True)
class OrderChanged(FlatAnswer):
    """An order after a command that shipped, moved, cancelled, returned or erased."""

    order_id: str
    revision: int


@dataclass(frozen=True, slots=True)
class PastOrdersAdded(FlatAnswer):
    """The number of orders that an `AddPastOrders` has added."""

    added: int
    revision: int
