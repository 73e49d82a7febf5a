"""How much was paid and by whom, as Stripe knows it: asked when needed, and known for a minute."""

import asyncio
import logging
from collections.abc import Callable, Iterable

from fancymonkey.errors import PaymentError
from fancymonkey.payments.checkout import Checkouts
from fancymonkey.payments.gateway import Paid

log = logging.getLogger(__name__)

MOST = 30
"""Payments that one question asks about; a list of more open ones shows the rest without."""

AT_ONCE = 6
PATIENCE_SECONDS = 4.0
KNOWN = 60_000
"""How long an answer counts, in ms; also that there was none, so that nobody waits twice."""


class Payers:
    """Asks Stripe what was paid. Nothing of it is written anywhere."""

    def __init__(self, checkouts: Checkouts | None, clock: Callable[[], int]) -> None:
        self._checkouts = checkouts
        self._clock = clock
        self._known: dict[str, tuple[int, Paid | None]] = {}

    def forget(self, payment: str) -> None:
        """It has changed: the next question asks Stripe again."""
        self._known.pop(payment, None)

    async def of(self, payments: Iterable[str]) -> dict[str, Paid]:
        """What Stripe says of these payments in good time; those it does not know are left out."""
        if self._checkouts is None:
            return {}
        now = self._clock()
        self._known = {
            payment: known for payment, known in self._known.items() if known[0] + KNOWN > now
        }
        wanted = list(dict.fromkeys(payments))[:MOST]
        slots = asyncio.Semaphore(AT_ONCE)
        asked = [self._ask(payment, slots) for payment in wanted if payment not in self._known]
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await asyncio.gather(*asked)
        except TimeoutError:
            log.warning("Stripe took too long to say what was paid.")
        for payment in wanted:
            self._known.setdefault(payment, (now, None))
        found = {payment: self._known[payment][1] for payment in wanted}
        return {payment: paid for payment, paid in found.items() if paid is not None}

    async def _ask(self, payment: str, slots: asyncio.Semaphore) -> None:
        assert self._checkouts is not None
        async with slots:
            try:
                paid = await self._checkouts.gateway.paid(payment)
            except PaymentError as error:
                log.warning("Stripe did not say what was paid by %s: %s", payment, error)
                return
        self._known[payment] = (self._clock(), paid)
