"""The commands of checkouts, refunds and payment issues, each with its needs and its rule."""

from fancymonkey.core.command import AnswerReaders, Rules
from fancymonkey.core.payments import checkout, disputes, foreign_events, paid, refunds
from fancymonkey.core.payments.answers import (
    CheckoutBegun,
    IssueResolved,
    PaymentAwaited,
    SessionAttached,
)

RULES: Rules = {
    checkout.BeginCheckout: (checkout.needs_checkout, checkout.begin_checkout),
    checkout.CheckoutOpened: (checkout.needs_checkout, checkout.checkout_opened),
    checkout.CloseCheckout: (checkout.needs_checkout, checkout.close_checkout),
    checkout.ReplaceCheckout: (checkout.needs_checkout, checkout.replace_checkout),
    checkout.AwaitPayment: (checkout.needs_checkout, checkout.await_payment),
    refunds.RecordRefund: (refunds.needs_refund, refunds.record_refund),
    refunds.ResolveIssue: (refunds.needs_refund, refunds.resolve_issue),
    refunds.ReportMissingPayment: (refunds.needs_refund, refunds.report_missing_payment),
    refunds.RefundFailed: (refunds.needs_refund, refunds.refund_failed),
    disputes.NoteDispute: (disputes.needs_dispute, disputes.note_dispute),
    foreign_events.NoteForeign: (foreign_events.needs_foreign, foreign_events.note_foreign),
    **paid.RULES,
}

ANSWERS: AnswerReaders = {
    checkout.BeginCheckout: CheckoutBegun.restored,
    checkout.CheckoutOpened: SessionAttached.restored,
    checkout.AwaitPayment: PaymentAwaited.restored,
    refunds.ResolveIssue: IssueResolved.restored,
}
