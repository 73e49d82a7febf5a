"""The way to the till: hold, ask Stripe for a session, note it. Each step may be the last one.

Nothing is locked while Stripe is asked. Whatever breaks off leaves a hold that the same buyer can
take up again, that ends by itself, and that reconciliation understands.
"""

import asyncio
import json
import logging
import secrets
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from fancymonkey.core.command import Command
from fancymonkey.core.execute import CommandGroup
from fancymonkey.core.holds.end import Release
from fancymonkey.core.holds.limits import ClientSource
from fancymonkey.core.holds.reserve import Reserve
from fancymonkey.core.model import Line
from fancymonkey.core.outcomes import Accepted, Answer, Code, Refused
from fancymonkey.core.payments.checkout import BeginCheckout, CheckoutOpened, CloseCheckout, GetHold
from fancymonkey.engine.engine import Engine
from fancymonkey.errors import PaymentError, PaymentRefused, StoreError
from fancymonkey.payments.basket import CheckoutTerms, NoPrice, line_items, session_request
from fancymonkey.payments.gateway import Gateway, PaymentSession
from fancymonkey.payments.refunds import give_due

log = logging.getLogger(__name__)

TRIES = 3
SLACK = 60_000
"""Stripe counts a session's half hour from when it makes it: ms on top for the way there."""

Hold = dict[str, Any]


@dataclass(frozen=True, slots=True)
class CheckoutRequest:
    """What a buyer wants to pay for: the whole basket. Without lines, what the session holds.

    `new_id` is the id that a new hold gets, `source` where the buyer is. `replaces` is a hold of
    theirs from before, which is given back when the new one begins.
    """

    session_id: str
    new_id: str
    lines: tuple[Line, ...] = ()
    actor: str = "buyer"
    source: ClientSource | None = None
    replaces: str | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """A session that can be paid, and the hold behind it as `GetHold` shows it."""

    session: PaymentSession
    hold: Hold


async def inspect(engine: Engine, ref: str) -> Hold | None:
    """How the hold that an id means stands, or None where there is none."""
    answer = await engine.submit(GetHold(ref=ref))
    return answer.data if isinstance(answer, Accepted) else None


class Checkouts:
    """Takes holds to Stripe and back."""

    def __init__(self, engine: Engine, gateway: Gateway, terms: CheckoutTerms) -> None:
        self.gateway = gateway
        self._engine = engine
        self._terms = terms
        self._closing: set[asyncio.Task[Any]] = set()

    async def open(self, request: CheckoutRequest) -> Opened | NoPrice | Refused:
        """A session of Stripe that can be paid, for a hold of exactly what is wished.

        The same wish again gives the same session. Raises PaymentRefused (the hold is given back,
        or is as it was), PaymentUnknown (the hold stays, the same wish may be sent again), and
        StoreError.
        """
        found: Opened | NoPrice | Refused
        for _ in range(TRIES):
            found = await self._try(request)
            if not isinstance(found, Refused) or found.code is not Code.CHECKOUT_CHANGED:
                break
        return found

    async def _try(self, request: CheckoutRequest) -> Opened | NoPrice | Refused:
        hold = await inspect(self._engine, request.session_id)
        live = hold if hold is not None and hold["status"] == "held" else None
        if live is not None and live["payment_pending"]:
            return _PAID_NOW
        if live is not None and _under_way(live):
            if not request.lines or _same(live, request.lines):
                return await self._resume(live)
            refused = await self._abandon(live)
            if refused is not None:
                return refused
        if live is None and not request.lines:
            code = Code.UNKNOWN_SESSION if hold is None else Code.HOLD_ENDED
            if hold is not None and hold["status"] == "captured":
                code = Code.SESSION_PAID
            return Refused(code, "There is nothing held to pay for. Name the lines.")
        lines = request.lines or _lines(live)
        items = line_items(self._engine.view, self._terms.currency, lines)
        if isinstance(items, NoPrice):
            return items
        return await self._begin(request, live, lines, items)

    async def _begin(
        self,
        wish: CheckoutRequest,
        live: Hold | None,
        lines: tuple[Line, ...],
        items: list[dict[str, Any]],
    ) -> Opened | Refused:
        terms, now = self._terms, self._engine.clock()
        id_ = wish.new_id if live is None else live["reservation_id"]
        before = None if live is None else live["checkout"]
        number = 1 if before is None else before["number"] + 1
        ends_at = (now + terms.session_life + SLACK) // 1000 * 1000
        request = session_request(terms, id_, wish.session_id, number, ends_at, items)
        answer = await self._engine.submit(
            CommandGroup(
                commands=(
                    *(await self._replaced(wish) if live is None else ()),
                    Reserve(
                        reservation_id=id_,
                        session_id=wish.session_id,
                        lines=lines,
                        ttl=terms.ttl,
                        only=True,
                        source=wish.source,
                        replaces=wish.replaces,
                        actor=wish.actor,
                    ),
                    BeginCheckout(
                        ref=id_,
                        number=number,
                        ends_at=ends_at,
                        until=ends_at + terms.grace,
                        request=request,
                        most=terms.most,
                        actor=wish.actor,
                    ),
                ),
                all_or_nothing=True,
            )
        )
        if isinstance(answer, Refused):
            return _first_refusal(answer)
        try:
            return await self._ask(id_, number, request)
        except PaymentRefused:
            await self._undo(id_, number, live)
            raise

    async def _replaced(self, request: CheckoutRequest) -> tuple[Command, ...]:
        """What gives the buyer's hold from before back, where there is one that is not paid."""
        before = None if request.replaces is None else await inspect(self._engine, request.replaces)
        if before is None or before["status"] != "held" or before["payment_pending"]:
            return ()
        if _under_way(before) and await self._abandon(before) is not None:
            return ()
        return (Release(ref=before["reservation_id"], reason="replaced", actor=request.actor),)

    async def _ask(self, id_: str, number: int, request: str) -> Opened | Refused:
        """Asks Stripe for an attempt's session, or for the one that it made when asked before."""
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
                amount=session.asked,
                currency=session.currency,
            )
        )
        if isinstance(answer, Refused):
            await self._expire_quietly(session.id)
            return answer
        hold = await inspect(self._engine, id_)
        assert hold is not None
        return Opened(session, hold)

    async def _undo(self, id_: str, number: int, before: Hold | None) -> None:
        """Nothing came of an attempt: the hold is given back, or is as it was.

        Unless somebody else has gone on with it meanwhile: the same buyer, by a second click.
        """
        if before is None:
            reason = "the payment could not be started"
            await self._engine.submit(
                Release(ref=id_, number=number, reason=reason, actor="checkout")
            )
            return
        ends = before["expires_at"]
        until = None if ends is None else max(ends, self._engine.clock() + SLACK)
        await self._engine.submit(
            CloseCheckout(ref=id_, number=number, until=until, actor="checkout")
        )

    async def _resume(self, hold: Hold) -> Opened | Refused:
        """The session of an attempt that is under way."""
        checkout = hold["checkout"]
        if checkout["payment_session"] is None:
            try:
                return await self._ask(
                    hold["reservation_id"], checkout["number"], checkout["request"]
                )
            except PaymentRefused as error:
                if not error.reached:
                    raise
                return await self._close(hold, None)
        session = await self.gateway.session(checkout["payment_session"])
        if session.status == "open" and session.expires_at > self._engine.clock():
            return Opened(session, hold)
        if session.status == "complete":
            return _PAID_NOW
        return await self._close(hold, session.id)

    async def _close(self, hold: Hold, session: str | None) -> Refused:
        """Notes that the latest attempt is over, by its session; the next one may begin."""
        await self._engine.submit(
            CloseCheckout(
                ref=hold["reservation_id"],
                number=hold["checkout"]["number"],
                payment_session=session,
            )
        )
        return Refused(Code.CHECKOUT_CHANGED, "The checkout has ended. Try again.")

    async def _abandon(self, hold: Hold) -> Refused | None:
        """Makes sure that the latest attempt cannot be paid any more; why not, where it can."""
        checkout = hold["checkout"]
        id_ = checkout["payment_session"]
        if id_ is None:
            try:
                request = json.loads(checkout["request"])
                number = checkout["number"]
                key = hold["reservation_id"] + ("" if number == 1 else f"-{number}")
                id_ = (await self.gateway.create_session(request, key)).id
            except PaymentRefused as error:
                if not error.reached:
                    raise
        if id_ is not None and (await self.gateway.expire(id_)).status == "complete":
            return _PAID_NOW
        await self._close(hold, id_)
        return None

    def close_later(self, reservation_id: str) -> None:
        """Ends the session behind a hold that has ended, in the background.

        Where that fails the buyer may still pay: a late payment, which the books know how to take.
        """
        self._start(self.close_behind(reservation_id))

    def refund_later(self) -> None:
        """Gives the refunds that are due, in the background; what fails is tried again later."""
        self._start(give_due(self._engine, self.gateway))

    def _start(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._closing.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._closing.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("work in the background failed", exc_info=task.exception())

    async def close_behind(self, reservation_id: str) -> None:
        """Ends the session that a hold has no more use for."""
        try:
            hold = await inspect(self._engine, reservation_id)
            if hold is None or hold["status"] == "held" or not _under_way(hold):
                return
            id_ = hold["checkout"]["payment_session"]
            if id_ is not None and id_ != hold["payment_id"]:
                await self.gateway.expire(id_)
            if id_ is not None:
                await self._close(hold, id_)
        except (PaymentError, StoreError) as error:
            log.warning("a checkout session waits for reconciliation: %s", error)

    async def settle(self) -> None:
        """Waits for what was begun in the background."""
        while self._closing:
            await asyncio.wait(self._closing)

    async def close(self) -> None:
        """Finishes what was begun in the background and lets go of the connections."""
        await self.settle()
        await self.gateway.close()

    async def _expire_quietly(self, id_: str) -> None:
        try:
            await self.gateway.expire(id_)
        except PaymentError as error:
            log.warning("a checkout session waits for reconciliation: %s", error)


_PAID_NOW = Refused(Code.SESSION_PAID, "This has been paid, or is being paid right now.")


def new_session_id() -> str:
    """A session for a buyer who brought none; nobody can guess it."""
    return f"web_{secrets.token_hex(16)}"


def _under_way(hold: Hold) -> bool:
    checkout = hold["checkout"]
    return checkout is not None and checkout["stage"] != "closed"


def _lines(hold: Hold | None) -> tuple[Line, ...]:
    return () if hold is None else tuple(Line(sku, units) for sku, units in hold["lines"])


def _same(hold: Hold, lines: Sequence[Line]) -> bool:
    return {(line.sku, line.quantity) for line in lines} == {tuple(row) for row in hold["lines"]}


def _first_refusal(answer: Refused) -> Refused:
    """The refusal of the part that was at fault."""
    rows = answer.detail["rows"]
    first = next(row for row in rows if "refused" in row)
    return Refused(Code(first["refused"]), first["message"], first["detail"])
