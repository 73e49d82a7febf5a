"""Refunds that the shop owes: decided in the books first, given by Stripe after, each once."""

import logging

from fancymonkey.core.payment import Matter, Progress
from fancymonkey.core.refund import Settle
from fancymonkey.engine.engine import Engine
from fancymonkey.errors import PaymentRefused, PaymentUnknown
from fancymonkey.payments.gateway import Gateway

log = logging.getLogger(__name__)


async def matters(engine: Engine) -> list[Matter]:
    """Every matter, the newest first."""
    found = [row async for row in engine.store.scan(Matter) if isinstance(row, Matter)]
    return sorted(found, key=lambda matter: -matter.opened_at)


async def give_due(engine: Engine, gateway: Gateway) -> list[Matter]:
    """Gives every refund that is due; returns the matters that are settled by that.

    The matter's id is Stripe's idempotency key, so that a crash in between gives nothing twice.
    What fails stays due and is tried again the next time.
    """
    settled = []
    for matter in await matters(engine):
        if matter.progress is not Progress.DUE:
            continue
        try:
            note = await gateway.refund(matter.payment, f"refund-{matter.matter_id}")
        except PaymentRefused as error:
            if error.code != "charge_already_refunded":
                log.error("the refund of %s is still due: %s", matter.payment, error)
                continue
            note = "was refunded already"
        except PaymentUnknown as error:
            log.warning("the refund of %s is still due: %s", matter.payment, error)
            continue
        await engine.submit(
            Settle(matter_id=matter.matter_id, then=Progress.DONE, note=note, actor="refunds")
        )
        settled.append(matter)
    return settled
