"""Checkouts, refunds and payment issues."""

from fancymonkey.core.model import Row
from fancymonkey.core.payments.rows import Checkout, JobRun, PaymentIssue

ROWS: tuple[type[Row], ...] = (Checkout, PaymentIssue, JobRun)
"""The kinds of row that this feature adds."""
