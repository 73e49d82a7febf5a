"""The answers of commands. A refusal is a value: a batch has it beside acceptances.

Rules raise no exceptions; exceptions are for operators.
"""

from enum import StrEnum
from typing import Any

from fancymonkey.core.immutable import dataclass


class Code(StrEnum):
    """The reason of a refusal. Stable: clients branch on it.

    If several apply, the answer has the first of this order.
    """

    IDEMPOTENCY_CONFLICT = "idempotency_conflict"
    UNKNOWN_ITEM = "unknown_item"
    UNKNOWN_PRODUCT = "unknown_product"
    UNKNOWN_LOCATION = "unknown_location"
    UNKNOWN_TRANSFER = "unknown_transfer"
    LOCATION_CLOSED = "location_closed"
    LOCATION_IN_USE = "location_in_use"
    UNKNOWN_SESSION = "unknown_session"
    SESSION_PAID = "session_paid"
    SESSION_IN_USE = "session_in_use"
    HOLD_ENDED = "hold_ended"
    CHECKOUT_OPEN = "checkout_open"
    PAYMENT_PENDING = "payment_pending"
    CHECKOUT_CHANGED = "checkout_changed"
    TOO_MANY_CHECKOUTS = "too_many_checkouts"
    UNKNOWN_ISSUE = "unknown_issue"
    ISSUE_CLOSED = "issue_closed"
    UNKNOWN_ORDER = "unknown_order"
    UNKNOWN_CHANGE = "unknown_change"
    ALREADY_UNDONE = "already_undone"
    WRONG_STATUS = "wrong_status"
    ALREADY_THERE = "already_there"
    IS_BUNDLE = "is_bundle"
    INVALID_BUNDLE = "invalid_bundle"
    BUNDLE_CYCLE = "bundle_cycle"
    TOO_MANY_LINES = "too_many_lines"
    INVALID_CHOICES = "invalid_choices"
    SOLD_OUT = "sold_out"
    INSUFFICIENT_STOCK = "insufficient_stock"
    TOO_MANY_HOLDS = "too_many_holds"
    HOLD_LIMIT = "hold_limit"
    HELD_TOO_OFTEN = "held_too_often"
    STALE = "stale"
    BELOW_ZERO = "below_zero"
    OUT_OF_RANGE = "out_of_range"
    REASON_REQUIRED = "reason_required"
    TOO_MANY_UNITS = "too_many_units"
    NO_RETURNS = "no_returns"
    LIVE_HOLDS = "live_holds"
    CANNOT_UNDO = "cannot_undo"
    NOTHING_TO_DO = "nothing_to_do"


@dataclass(frozen=True, slots=True)
class Accepted:
    """The command was run, or was run before (`replayed`). `data` is JSON."""

    data: Any
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """The command was not run and nothing has changed. `detail` is JSON."""

    code: Code
    message: str
    detail: Any = None


Answer = Accepted | Refused
