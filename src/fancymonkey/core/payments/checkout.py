"""The checkouts of a hold: they begin, open and close. A pending payment keeps the hold.

The request to the payment provider goes out between `BeginCheckout` and `CheckoutOpened`, outside
of any transaction. While a checkout is not closed its hold's lines stay as they are, so that the
paid lines are the captured lines.
"""

from collections.abc import Iterator
from dataclasses import replace

from fancymonkey.core.command import Command, needs_hold
from fancymonkey.core.holds.deadline import set_deadline
from fancymonkey.core.immutable import dataclass
from fancymonkey.core.model import Reservation, SessionLink, Status
from fancymonkey.core.outcomes import Accepted, Answer, Code, Refused
from fancymonkey.core.payments.amounts import keep_asked
from fancymonkey.core.payments.answers import CheckoutBegun, PaymentAwaited, SessionAttached
from fancymonkey.core.payments.pending import (
    begin_payment,
    needs_pending,
    payment_pending,
    refuse_pending,
)
from fancymonkey.core.payments.rows import Checkout, Stage
from fancymonkey.core.state import Key, State


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginCheckout(Command):
    """Starts the next attempt to pay for a live hold, and lets the hold live until `until` (ms).

    `ref` is the hold's own id. `request` is the request to the provider, `ends_at` the end of
    its session (ms). Refused while another attempt is not closed, if `number` is not that of the
    next attempt, and after `most` attempts: no client can renew a hold without end.
    """

    ref: str
    number: int
    ends_at: int
    until: int
    request: str
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckoutOpened(Command):
    """Records the provider's session of an attempt, whose id then means the hold too.

    Refused if the hold has ended by then, or if the attempt is no longer the latest: that session
    must not be paid. The same record again changes nothing. `amount` is the requested amount in the
    smallest unit of its `currency`, if known.
    """

    ref: str
    number: int
    payment_session: str
    amount: int | None = None
    currency: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseCheckout(Command):
    """Records that an attempt can no longer be paid; `payment_session` is its session, if any.

    No change if the attempt is no longer the latest, or has another session by now. With `until`
    (ms) the hold gets that deadline again in the same transaction.
    """

    ref: str
    number: int
    payment_session: str | None = None
    until: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaceCheckout(Command):
    """Records that the service is about to end an attempt, because the buyer has another basket.

    From then on the expiry of its session does not end the hold, whenever it is reported. Refused
    if the hold has ended, or if the attempt is closed or no longer the latest.
    """

    ref: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AwaitPayment(Command):
    """Keeps a live hold until `until` (ms) because its payment is pending and takes days.

    A deadline never moves closer. `others` are further ids to try if `ref` means no hold.
    `payment_session` is the session of the payment: until that has failed, only the owner releases
    the units. A payment that has failed already has no effect.
    """

    ref: str
    others: tuple[str, ...] = ()
    until: int
    payment_session: str = ""


Ask = BeginCheckout | CheckoutOpened | CloseCheckout | ReplaceCheckout | AwaitPayment


def needs_checkout(command: Ask, state: State) -> Iterator[Key]:
    """The rows that the rules of this file read."""
    refs = (command.ref, *command.others) if isinstance(command, AwaitPayment) else (command.ref,)
    for ref in refs:
        yield from needs_hold(state, ref)
        hold = state.hold(ref)
        if hold is not None:
            yield Checkout, hold.reservation_id
            yield needs_pending(hold)
    if isinstance(command, CheckoutOpened):
        yield from needs_hold(state, command.payment_session)


def begin_checkout(state: State, command: BeginCheckout) -> Answer:
    """Applies a `BeginCheckout`."""
    hold = state.get(Reservation, command.ref)
    if hold is None:
        return Refused(Code.CHECKOUT_CHANGED, "This session now has a different hold. Try again.")
    if hold.status is not Status.HELD:
        return _ended(hold)
    if payment_pending(state, hold):
        return refuse_pending()
    before = state.get(Checkout, hold.reservation_id)
    if before is not None and before.stage is not Stage.CLOSED:
        return _another()
    number = 1 if before is None else before.number + 1
    if number != command.number:
        return _another()
    if number > command.most:
        return Refused(
            Code.TOO_MANY_CHECKOUTS,
            f"This hold has been at the checkout {command.most} times. Release it and start again.",
        )
    state.put(
        Checkout(hold.reservation_id, number, Stage.OPENING, command.ends_at, command.request)
    )
    hold = _keep_until(state, hold, command.until, command)
    return Accepted(
        CheckoutBegun(number, hold.reservation_id, hold.expires_at, state.now, state.revision)
    )


def checkout_opened(state: State, command: CheckoutOpened) -> Answer:
    """Applies a `CheckoutOpened`."""
    hold = state.get(Reservation, command.ref)
    if hold is None:
        return _unknown()
    checkout = state.get(Checkout, hold.reservation_id)
    if checkout is None or checkout.number != command.number or checkout.stage is Stage.CLOSED:
        return _another()
    other = state.hold(command.payment_session)
    if other is not None and other.reservation_id != hold.reservation_id:
        return Refused(Code.SESSION_IN_USE, "This session id belongs to another hold.")
    if hold.status is not Status.HELD:
        return _ended(hold)
    if other is None:
        state.put(SessionLink(command.payment_session, hold.reservation_id))
    if checkout.payment_session != command.payment_session:
        opened = replace(checkout, stage=Stage.OPEN, payment_session=command.payment_session)
        state.put(opened)
        if command.amount is not None:
            keep_asked(state, command.payment_session, command.amount, command.currency)
    return Accepted(
        SessionAttached(hold.reservation_id, hold.expires_at, state.now, state.revision)
    )


def close_checkout(state: State, command: CloseCheckout) -> Answer:
    """Applies a `CloseCheckout`."""
    hold = state.hold(command.ref)
    if hold is None:
        return _unknown()
    checkout = state.get(Checkout, hold.reservation_id)
    if checkout is None or checkout.number != command.number:
        return Accepted(None)
    if checkout.payment_session not in (None, command.payment_session):
        return Accepted(None)
    state.put(replace(checkout, stage=Stage.CLOSED))
    keeps_deadline = hold.status is not Status.HELD or payment_pending(state, hold)
    if command.until is not None and hold.expires_at is not None and not keeps_deadline:
        set_deadline(state, hold, command.until, command)
    return Accepted(None)


def replace_checkout(state: State, command: ReplaceCheckout) -> Answer:
    """Applies a `ReplaceCheckout`."""
    hold = state.hold(command.ref)
    if hold is None:
        return _unknown()
    if hold.status is not Status.HELD:
        return _ended(hold)
    checkout = state.get(Checkout, hold.reservation_id)
    if checkout is None or checkout.number != command.number or checkout.stage is Stage.CLOSED:
        return _another()
    state.put(replace(checkout, replaced=True))
    return Accepted(None)


def await_payment(state: State, command: AwaitPayment) -> Answer:
    """Applies an `AwaitPayment`."""
    for ref in (command.ref, *command.others):
        hold = state.hold(ref)
        if hold is not None:
            break
    else:
        return _unknown()
    session = command.payment_session or command.ref
    if hold.status is Status.HELD and begin_payment(state, hold, session, command.until):
        hold = _keep_until(state, hold, command.until, command)
    return Accepted(PaymentAwaited(hold.reservation_id, hold.expires_at))


def _keep_until(state: State, hold: Reservation, until: int, command: Command) -> Reservation:
    """Moves a live hold's deadline out, never in."""
    if hold.expires_at is None or hold.expires_at >= until:
        return hold
    return set_deadline(state, hold, until, command)


def _another() -> Refused:
    return Refused(Code.CHECKOUT_CHANGED, "Another checkout of this hold has started. Try again.")


def _unknown() -> Refused:
    return Refused(Code.UNKNOWN_SESSION, "No hold was found with this id.")


def _ended(hold: Reservation) -> Refused:
    if hold.status is Status.CAPTURED:
        return Refused(Code.SESSION_PAID, "This hold has already been paid.")
    return Refused(Code.HOLD_ENDED, f"This hold has ended: {hold.status}.")
