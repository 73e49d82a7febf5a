"""Due refunds: booked in the ledger first, then made by Stripe, each once."""

import logging

from fancymonkey.core.payments.refunds import RefundFailed, ResolveIssue
from fancymonkey.core.payments.rows import IssueStatus, PaymentIssue
from fancymonkey.engine.engine import Engine
from fancymonkey.errors import PaymentRefused, PaymentUnknown
from fancymonkey.payments.gateway import Gateway

log = logging.getLogger(__name__)


async def payment_issues(engine: Engine) -> list[PaymentIssue]:
    """Every payment issue, the newest first."""
    issues = [row async for row in engine.store.scan(PaymentIssue)]
    return sorted(issues, key=lambda issue: -issue.opened_at)


async def give_due(engine: Engine, gateway: Gateway) -> list[PaymentIssue]:
    """Makes every due refund; returns the payment issues that were refunded.

    The issue's id is Stripe's idempotency key, so that a crash in between refunds nothing twice.
    If Stripe does not answer, or not with a refund, the refund stays due until the next call. A
    refund that Stripe made and that failed becomes a payment issue of its own.
    """
    settled = []
    for issue in await payment_issues(engine):
        if issue.progress is not IssueStatus.DUE:
            continue
        paid_out = True
        try:
            refund = await gateway.refund(issue.payment, f"refund-{issue.issue_id}")
            note, paid_out = refund.id, refund.succeeded
        except PaymentRefused as error:
            if error.code != "charge_already_refunded":
                log.error("the refund of %s is still due: %s", issue.payment, error)
                continue
            note = "was refunded already"
        except PaymentUnknown as error:
            log.warning("the refund of %s is still due: %s", issue.payment, error)
            continue
        if not paid_out:
            log.error("the refund %s of %s has failed", note, issue.payment)
            await engine.submit(RefundFailed(ref=issue.payment, refund=note, actor="refunds"))
        await engine.submit(
            ResolveIssue(issue_id=issue.issue_id, then=IssueStatus.DONE, note=note, actor="refunds")
        )
        if paid_out:
            settled.append(issue)
    return settled
