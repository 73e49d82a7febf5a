"""Reads amount and buyer of payments from Stripe when needed, and caches them for a minute."""

import asyncio
import logging
from collections.abc import Callable, Iterable

from fancymonkey.errors import PaymentError
from fancymonkey.payments.checkout import Checkouts
from fancymonkey.payments.gateway import Paid

log = logging.getLogger(__name__)

MOST = 30
"""The most payments read for one list; further rows are shown without amount and buyer."""

AT_ONCE = 6
PATIENCE_SECONDS = 4.0
KNOWN = 60_000
"""The time (ms) for which an answer, or its absence, is cached, so that no list waits twice."""


class Payers:
    """Reads amounts and buyers from Stripe. They are never stored."""

    def __init__(self, checkouts: Checkouts | None, clock: Callable[[], int]) -> None:
        self._checkouts = checkouts
        self._clock = clock
        self._known: dict[str, tuple[int, Paid | None]] = {}

    def forget(self, payment: str) -> None:
        """Drops a payment that has changed from the cache."""
        self._known.pop(payment, None)

    async def of(self, payments: Iterable[str]) -> dict[str, Paid]:
        """The payments that Stripe returns within the time limit; unknown ones are left out."""
        if self._checkouts is None:
            return {}
        now = self._clock()
        self._known = {
            payment: known for payment, known in self._known.items() if known[0] + KNOWN > now
        }
        wanted = list(dict.fromkeys(payments))[:MOST]
        slots = asyncio.Semaphore(AT_ONCE)
        reads = [self._read(payment, slots) for payment in wanted if payment not in self._known]
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await asyncio.gather(*reads)
        except TimeoutError:
            log.warning("reading the payments from Stripe took too long")
        for payment in wanted:
            self._known.setdefault(payment, (now, None))
        known = {payment: self._known[payment][1] for payment in wanted}
        return {payment: paid for payment, paid in known.items() if paid is not None}

    async def _read(self, payment: str, slots: asyncio.Semaphore) -> None:
        assert self._checkouts is not None
        async with slots:
            try:
                paid = await self._checkouts.gateway.paid(payment)
            except PaymentError as error:
                log.warning("cannot read the payment %s from Stripe: %s", payment, error)
                return
        self._known[payment] = (self._clock(), paid)
