"""Every kind of row there is. A store knows no others, and each of these by table and key alone."""

from fancymonkey.core.documents.document import Document
from fancymonkey.core.model import (
    Cursor,
    Event,
    Item,
    Level,
    Outcome,
    Product,
    Reservation,
    Row,
    SessionLink,
    TurnedAway,
)
from fancymonkey.core.payments.rows import Checkout, JobRun, PaymentIssue

ROWS: tuple[type[Row], ...] = (
    Product,
    Item,
    Level,
    Reservation,
    SessionLink,
    Outcome,
    Event,
    TurnedAway,
    Cursor,
    Checkout,
    PaymentIssue,
    JobRun,
    Document,
)
"""Every kind of row, in an order in which they may be written."""
