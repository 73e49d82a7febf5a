"""Refunds that the shop owes: decided in the books first, given by Stripe after, each once."""

import logging

from fancymonkey.core.payments.refunds import RefundFailed, ResolveIssue
from fancymonkey.core.payments.rows import IssueStatus, PaymentIssue
from fancymonkey.engine.engine import Engine
from fancymonkey.errors import PaymentRefused, PaymentUnknown
from fancymonkey.payments.gateway import Gateway

log = logging.getLogger(__name__)


async def matters(engine: Engine) -> list[PaymentIssue]:
    """Every matter, the newest first."""
    found = [row async for row in engine.store.scan(PaymentIssue)]
    return sorted(found, key=lambda issue: -issue.opened_at)


async def give_due(engine: Engine, gateway: Gateway) -> list[PaymentIssue]:
    """Gives every refund that is due; returns the matters whose money goes back by that.

    The matter's id is Stripe's idempotency key, so that a crash in between gives nothing twice.
    Where Stripe gives no answer, or none that is a refund, it stays due and is tried again the
    next time. A refund that is made and fails is a matter of its own, for the owner.
    """
    settled = []
    for issue in await matters(engine):
        if issue.progress is not IssueStatus.DUE:
            continue
        given = True
        try:
            refund = await gateway.refund(issue.payment, f"refund-{issue.matter_id}")
            note, given = refund.id, refund.given
        except PaymentRefused as error:
            if error.code != "charge_already_refunded":
                log.error("the refund of %s is still due: %s", issue.payment, error)
                continue
            note = "was refunded already"
        except PaymentUnknown as error:
            log.warning("the refund of %s is still due: %s", issue.payment, error)
            continue
        if not given:
            log.error("the refund %s of %s has failed", note, issue.payment)
            await engine.submit(RefundFailed(ref=issue.payment, refund=note, actor="refunds"))
        await engine.submit(
            ResolveIssue(
                matter_id=issue.matter_id, then=IssueStatus.DONE, note=note, actor="refunds"
            )
        )
        if given:
            settled.append(issue)
    return settled
