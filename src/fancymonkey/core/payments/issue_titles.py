"""The title of each kind of payment issue, for the dashboard and for alerts."""

from fancymonkey.core.payments.rows import IssueKind

ISSUE_TITLES = {
    IssueKind.LATE_PAYMENT: "Late payment",
    IssueKind.BACKORDER: "Backorder",
    IssueKind.SECOND_PAYMENT: "Paid twice",
    IssueKind.REFUNDED: "Refunded",
    IssueKind.REFUND_FAILED: "Refund failed",
    IssueKind.AMOUNT_DIFFERS: "Amount differs",
    IssueKind.PAYMENT_REUSED: "One payment, two holds",
    IssueKind.FOREIGN_PAYMENT: "Foreign payment",
    IssueKind.DISPUTED: "Disputed",
    IssueKind.NOT_PAID: "No payment found",
}
"""The title of every kind."""
