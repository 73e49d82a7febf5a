"""Opens a checkout: holds the units, requests a session from Stripe, records it.

No lock is held during the request to Stripe. A failure after any step leaves a hold that the same
buyer can continue with, that ends by itself, and that reconciliation can resolve.
"""

import asyncio
import json
import logging
import secrets
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from typing import Any

from fancymonkey.core.command import Command
from fancymonkey.core.execute import CommandGroup
from fancymonkey.core.group_answers import GroupAnswer
from fancymonkey.core.holds.end import Release
from fancymonkey.core.holds.reserve import Reserve
from fancymonkey.core.holds.reserved import Reserved
from fancymonkey.core.model import Line, Status
from fancymonkey.core.outcomes import Answer, Code, Refused
from fancymonkey.core.payments.checkout import (
    BeginCheckout,
    CheckoutOpened,
    CloseCheckout,
    ReplaceCheckout,
)
from fancymonkey.engine.engine import Engine
from fancymonkey.engine.queries.hold_details import HoldDetails, find_hold
from fancymonkey.errors import PaymentError, PaymentRefused, StoreError
from fancymonkey.payments.basket import CheckoutTerms, NoPrice, line_items, session_request
from fancymonkey.payments.checkout_request import CheckoutRequest
from fancymonkey.payments.gateway import Gateway, PaymentSession
from fancymonkey.payments.refunds import give_due

log = logging.getLogger(__name__)

TRIES = 3
SLACK = 60_000
"""Added to a session's life (ms), because Stripe counts its half hour from its own creation."""


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """A session that can be paid, its hold, and why its units come from their locations."""

    session: PaymentSession
    hold: HoldDetails
    because: tuple[str, ...] = ()


class Checkouts:
    """Opens and closes the checkout sessions of holds."""

    def __init__(self, engine: Engine, gateway: Gateway, terms: CheckoutTerms) -> None:
        self.gateway = gateway
        self._engine = engine
        self._terms = terms
        self._closing: set[asyncio.Task[Any]] = set()

    async def open(self, request: CheckoutRequest) -> OpenedSession | NoPrice | Refused:
        """A Stripe session that can be paid, for a hold of exactly the requested lines.

        The same request again gives the same session. Raises PaymentRefused (a new hold is
        released, an earlier one is as it was), PaymentUnknown (the hold stays, and the same request
        may be repeated), and StoreError.
        """
        result: OpenedSession | NoPrice | Refused
        for _ in range(TRIES):
            result = await self._try(request)
            if not isinstance(result, Refused) or not request.may_be_repeated(result):
                break
        return result

    async def _try(self, request: CheckoutRequest) -> OpenedSession | NoPrice | Refused:
        hold = await find_hold(self._engine, request.session_id)
        live = hold if hold is not None and hold.held else None
        if live is not None and live.payment_pending:
            return _PAID_NOW
        if live is not None and live.at_checkout:
            assert live.checkout is not None
            same = not request.lines or request.is_met_by(live)
            if same and not live.checkout.replaced:
                return await self._resume(live)
            refused = await self._abandon(live)
            if refused is not None:
                return refused
        if live is None and not request.lines:
            code = Code.UNKNOWN_SESSION if hold is None else Code.HOLD_ENDED
            if hold is not None and hold.status is Status.CAPTURED:
                code = Code.SESSION_PAID
            return Refused(code, "There is nothing held to pay for. Name the lines.")
        lines = request.lines or (() if live is None else live.reservation.lines)
        items = line_items(self._engine.view, self._terms.currency, lines)
        if isinstance(items, NoPrice):
            return items
        return await self._begin(request, live, lines, items)

    async def _begin(
        self,
        wanted: CheckoutRequest,
        live: HoldDetails | None,
        lines: tuple[Line, ...],
        items: list[dict[str, Any]],
    ) -> OpenedSession | Refused:
        terms, now = self._terms, self._engine.clock()
        id_ = wanted.new_id if live is None else live.id
        before = None if live is None else live.checkout
        number = 1 if before is None else before.number + 1
        ends_at = (now + terms.session_life + SLACK) // 1000 * 1000
        request = session_request(terms, id_, wanted.session_id, number, ends_at, items)
        answer = await self._engine.submit(
            CommandGroup(
                commands=(
                    *(await self._release_replaced(wanted) if live is None else ()),
                    Reserve(
                        reservation_id=id_,
                        session_id=wanted.session_id,
                        lines=lines,
                        location=wanted.location,
                        ttl=terms.ttl,
                        only=True,
                        source=wanted.source,
                        replaces=wanted.replaces,
                        routing=wanted.routing,
                        choices=wanted.choices,
                        actor=wanted.actor,
                    ),
                    BeginCheckout(
                        ref=id_,
                        number=number,
                        ends_at=ends_at,
                        until=ends_at + terms.grace,
                        request=request,
                        most=terms.most,
                        actor=wanted.actor,
                    ),
                ),
                all_or_nothing=True,
            )
        )
        if isinstance(answer, Refused):
            return _first_refusal(answer)
        try:
            opened = await self._ask(id_, number, request)
        except PaymentRefused:
            await self._undo(id_, number, live)
            raise
        if isinstance(opened, Refused):
            return opened
        holds = [row.data for row in answer.data.rows if isinstance(row.data, Reserved)]
        return replace(opened, because=holds[0].because)

    async def _release_replaced(self, request: CheckoutRequest) -> tuple[Command, ...]:
        """The command that releases the buyer's earlier hold, if there is one that is not paid."""
        before = (
            None if request.replaces is None else await find_hold(self._engine, request.replaces)
        )
        if before is None or not before.held or before.payment_pending:
            return ()
        if before.at_checkout and await self._abandon(before) is not None:
            return ()
        return (Release(ref=before.id, reason="replaced", actor=request.actor),)

    async def _ask(self, id_: str, number: int, request: str) -> OpenedSession | Refused:
        """Requests the session of an attempt; Stripe answers a repeated request with the first."""
        key = id_ if number == 1 else f"{id_}-{number}"
        session = await self.gateway.create_session(json.loads(request), key)
        answer: Answer
        if session.expires_at <= self._engine.clock():
            answer = Refused(Code.CHECKOUT_CHANGED, "The checkout has ended. Try again.")
            await self._engine.submit(
                CloseCheckout(ref=id_, number=number, payment_session=session.id)
            )
            return answer
        answer = await self._engine.submit(
            CheckoutOpened(
                ref=id_,
                number=number,
                payment_session=session.id,
                amount=session.subtotal,
                currency=session.currency,
            )
        )
        if isinstance(answer, Refused):
            await self._expire_quietly(session.id)
            return answer
        hold = await find_hold(self._engine, id_)
        assert hold is not None
        return OpenedSession(session, hold)

    async def _undo(self, id_: str, number: int, before: HoldDetails | None) -> None:
        """Undoes a failed attempt: releases a new hold, restores the state of an earlier one.

        Changes nothing if a second click of the same buyer has begun a later attempt.
        """
        if before is None:
            reason = "the payment could not be started"
            await self._engine.submit(
                Release(ref=id_, number=number, reason=reason, actor="checkout")
            )
            return
        ends = before.reservation.expires_at
        until = None if ends is None else max(ends, self._engine.clock() + SLACK)
        await self._engine.submit(
            CloseCheckout(ref=id_, number=number, until=until, actor="checkout")
        )

    async def _resume(self, hold: HoldDetails) -> OpenedSession | Refused:
        """The session of a checkout attempt that has begun."""
        checkout = hold.checkout
        assert checkout is not None
        if checkout.payment_session is None:
            try:
                return await self._ask(hold.id, checkout.number, checkout.request)
            except PaymentRefused as error:
                if not error.reached:
                    raise
                return await self._close(hold, None)
        session = await self.gateway.session(checkout.payment_session)
        if session.status == "open" and session.expires_at > self._engine.clock():
            return OpenedSession(session, hold)
        if session.status == "complete":
            return _PAID_NOW
        return await self._close(hold, session.id)

    async def _close(self, hold: HoldDetails, session: str | None) -> Refused:
        """Records the end of the latest attempt, by its session; the next one may begin."""
        assert hold.checkout is not None
        await self._engine.submit(
            CloseCheckout(ref=hold.id, number=hold.checkout.number, payment_session=session)
        )
        return Refused(Code.CHECKOUT_CHANGED, "The checkout has ended. Try again.")

    async def _abandon(self, hold: HoldDetails) -> Refused | None:
        """Ends the latest attempt, so that it cannot be paid; a refusal where it was paid.

        Stripe may report the end of the session before this service has recorded it. So the intent
        is recorded first: otherwise that report would release the hold.
        """
        checkout = hold.checkout
        assert checkout is not None
        answer = await self._engine.submit(ReplaceCheckout(ref=hold.id, number=checkout.number))
        if isinstance(answer, Refused):
            return answer
        id_ = checkout.payment_session
        if id_ is None:
            try:
                request = json.loads(checkout.request)
                number = checkout.number
                key = hold.id + ("" if number == 1 else f"-{number}")
                id_ = (await self.gateway.create_session(request, key)).id
            except PaymentRefused as error:
                if not error.reached:
                    raise
        if id_ is not None and (await self.gateway.expire(id_)).status == "complete":
            return _PAID_NOW
        await self._close(hold, id_)
        return None

    def close_later(self, reservation_id: str) -> None:
        """Ends the session of an ended hold, in the background.

        If that fails, the buyer may still pay, which the ledger books as a late payment.
        """
        self._start(self.close_behind(reservation_id))

    def refund_later(self) -> None:
        """Makes the due refunds in the background; a failed one stays due."""
        self._start(give_due(self._engine, self.gateway))

    def _start(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._closing.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._closing.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("background work failed", exc_info=task.exception())

    async def close_behind(self, reservation_id: str) -> None:
        """Ends the session of a hold that has ended."""
        try:
            hold = await find_hold(self._engine, reservation_id)
            if hold is None or hold.held or not hold.at_checkout:
                return
            assert hold.checkout is not None
            id_ = hold.checkout.payment_session
            if id_ is not None and id_ != hold.reservation.payment_id:
                await self.gateway.expire(id_)
            if id_ is not None:
                await self._close(hold, id_)
        except (PaymentError, StoreError) as error:
            log.warning("a checkout session waits for reconciliation: %s", error)

    async def settle(self) -> None:
        """Waits for the background work."""
        while self._closing:
            await asyncio.wait(self._closing)

    async def close(self) -> None:
        """Finishes the background work and closes the connections."""
        await self.settle()
        await self.gateway.close()

    async def _expire_quietly(self, id_: str) -> None:
        try:
            await self.gateway.expire(id_)
        except PaymentError as error:
            log.warning("a checkout session waits for reconciliation: %s", error)


_PAID_NOW = Refused(Code.SESSION_PAID, "This has been paid, or is being paid right now.")


def new_session_id() -> str:
    """A new session id for a buyer without one; it cannot be guessed."""
    return f"web_{secrets.token_hex(16)}"


def _first_refusal(answer: Refused) -> Refused:
    """The refusal of the first refused command of a group."""
    group = answer.detail
    first = group.refused if isinstance(group, GroupAnswer) else None
    return answer if first is None else first
