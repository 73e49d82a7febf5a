"""Putting units aside for a buyer: Reserve and Attach."""

from collections.abc import Iterator
from dataclasses import replace

from fancymonkey.core.command import Command, found_hold, needs_hold, needs_item
from fancymonkey.core.holds.limits import (
    ClientSource,
    check_hold_limits,
    needs_source,
    remember_source,
)
from fancymonkey.core.immutable import dataclass
from fancymonkey.core.model import (
    HELD,
    MAX_LINES,
    Item,
    Kind,
    Line,
    Reservation,
    SessionLink,
    Status,
)
from fancymonkey.core.outcomes import Accepted, Answer, Code, Refused
from fancymonkey.core.payments.pending import needs_pending, payment_pending, refuse_pending
from fancymonkey.core.payments.rows import Checkout, Stage
from fancymonkey.core.state import FOREVER, Key, State

_RESERVED = Kind.RESERVED
Lines = dict[tuple[str, str], Line]
"""Lines by SKU and location."""
Fault = dict[str, str | int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserve(Command):
    """Holds units for a session until they are captured, released or expire.

    All lines are held or none; a refusal names every line that is short. A SKU that the session
    already holds gets the new quantity, its own units do not count against it, and the deadline
    stays. Lines of the same SKU are one line. `reservation_id` is used where the session holds
    nothing yet. `ttl` in milliseconds. While the hold is at the checkout its lines cannot change.
    With `only` the hold has these lines and no others: what else it held is given back. From a
    `source` only so much may be held unpaid as is allowed there; `replaces` is an earlier hold of
    the same buyer, which is not in their way.
    """

    reservation_id: str
    session_id: str
    lines: tuple[Line, ...]
    ttl: int
    only: bool = False
    source: ClientSource | None = None
    replaces: str | None = None


def needs_reserve(command: Reserve, state: State) -> list[Key]:
    """The rows that `reserve` reads."""
    found, hold = found_hold(state, command.session_id)
    for line in command.lines:
        found += needs_item(line.sku, line.location)
    if hold is not None:
        found.append((Checkout, hold.reservation_id))
        if hold.status is HELD:
            found.append(needs_pending(hold))
    if command.source is not None:
        found += needs_source(command.source, state)
    return found


def reserve(state: State, command: Reserve) -> Answer:
    """Applies a `Reserve`."""
    found = state.hold(command.session_id)
    current = found if found is not None and found.status is HELD else None
    lines = _merged(command.lines)
    own = {} if current is None else _merged(current.lines)
    held = lines if command.only or not own else own | lines
    refused = _refusal(state, command, found, lines, own, len(held))
    if refused is None and current is not None and held != own:
        refused = _at_checkout(state, current)
    if refused is None and command.source is not None:
        own_id = None if found is None else found.reservation_id
        refused = check_hold_limits(state, command.source, own_id, command.replaces, lines, own)
    if refused is not None:
        return refused
    if current is None:
        hold = Reservation(
            command.reservation_id,
            command.session_id,
            HELD,
            tuple(held.values()),
            state.now,
            state.now + command.ttl,
        )
        state.put(SessionLink(command.session_id, hold.reservation_id))
        if found is not None and found.reservation_id == hold.reservation_id:
            state.put(hold)  # what this very hold was has ended
        else:
            state.add(hold)
    else:
        hold = replace(current, lines=tuple(held.values()))
        if hold != current:
            state.put(hold)
    if command.source is not None:
        remember_source(state, command.source, hold)
    if command.only:
        _give_up(state, command, hold, [own[key] for key in own if key not in lines])
    stock = _set_aside(state, command, hold, lines, own)
    return Accepted(
        {
            "reservation_id": hold.reservation_id,
            "session_id": command.session_id,
            "at": state.now,
            "expires_at": hold.expires_at,
            "lines": stock,
            "revision": state.revision,
        }
    )


def _at_checkout(state: State, hold: Reservation) -> Refused | None:
    """Why the lines of a hold cannot change now: the buyer is paying for them as they are."""
    if payment_pending(state, hold):
        return refuse_pending()
    checkout = state.get(Checkout, hold.reservation_id)
    if checkout is None or checkout.stage is Stage.CLOSED:
        return None
    return Refused(
        Code.CHECKOUT_OPEN, "This hold has an open checkout. Pay for it, or release it first."
    )


def _merged(lines: tuple[Line, ...]) -> Lines:
    """The lines by what they are of; several of the same are one."""
    if len(lines) == 1:  # as nearly always
        return {(lines[0].sku, lines[0].location): lines[0]}
    found: Lines = {}
    for line in lines:
        key = (line.sku, line.location)
        before = found.get(key)
        found[key] = (
            line if before is None else replace(line, quantity=before.quantity + line.quantity)
        )
    return found


def _set_aside(
    state: State, command: Reserve, hold: Reservation, lines: Lines, own: Lines
) -> list[tuple[str, int, int, int, int]]:
    """Books each line's change against what the hold had; returns how its SKU stands then."""
    stock = []
    for key, line in lines.items():
        change = line.quantity - (own[key].quantity if key in own else 0)
        if change:
            level = state.book_movement(
                _RESERVED if change > 0 else Kind.RELEASED,
                line.sku,
                line.location,
                reserved=change,
                reservation=hold,
                actor=command.actor,
                cause=command.cause,
            )
        else:
            level = state.level(line.sku, line.location)
        stock.append((line.sku, line.quantity, level.on_hand, level.reserved, level.available))
    return stock


def _give_up(state: State, command: Reserve, hold: Reservation, dropped: list[Line]) -> None:
    """Books what the hold no longer has."""
    for line in dropped:
        state.book_movement(
            Kind.RELEASED,
            line.sku,
            line.location,
            reserved=-line.quantity,
            reservation=hold,
            actor=command.actor,
            cause=command.cause,
        )


def _refusal(
    state: State,
    command: Reserve,
    found: Reservation | None,
    lines: Lines,
    own: Lines,
    count: int,
) -> Refused | None:
    """Why this cannot be held, with every line that is at fault, or None.

    `found` is what the session means, `own` what it holds, `count` the lines it would hold.
    """
    unknown: list[dict[str, str]] = []
    closed: list[Fault] = []
    short: list[Fault] = []
    odd: list[Fault] = []
    for key, line in lines.items():
        item = state.get(Item, line.sku)
        if item is None or item.archived:
            unknown.append({"sku": line.sku})
            continue
        mine = own[key].quantity if key in own else 0
        available = state.level(line.sku, line.location).available + mine
        if line.quantity >= 1 and line.quantity <= mine:
            continue
        if line.quantity < 1 or item.sold_out or line.quantity > available:
            fault: Fault = {
                "sku": line.sku,
                "requested": line.quantity,
                "available": max(0, available),
            }
            (odd if line.quantity < 1 else closed if item.sold_out else short).append(fault)
    if unknown:
        return Refused(Code.UNKNOWN_ITEM, "No such product or size.", unknown)
    if found is not None and found.status is not HELD:
        if found.status is Status.CAPTURED and found.payment_id == command.session_id:
            return Refused(
                Code.SESSION_PAID,
                "This session has already been paid. Start a new one with a new sessionId.",
            )
        if found.reservation_id == command.session_id:
            # This id means the old hold for good: a new one could never be found by it.
            return Refused(Code.HOLD_ENDED, f"This hold has ended: {found.status}.")
    if count > MAX_LINES:
        return Refused(Code.TOO_MANY_LINES, f"A hold can have at most {MAX_LINES} lines.")
    if closed:
        return Refused(Code.SOLD_OUT, "The shop has marked this size as sold out.", closed)
    if short:
        return Refused(Code.INSUFFICIENT_STOCK, "Not enough stock is available.", short)
    if odd or command.ttl < 1:
        return Refused(
            Code.OUT_OF_RANGE, "A hold needs at least one unit and a duration above zero.", odd
        )
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attach(Command):
    """Lets a further id (a Stripe session) mean this hold, and may move its deadline, in ms."""

    ref: str
    session_id: str
    expires_at: int | None = None


def needs_attach(command: Attach, state: State) -> Iterator[Key]:
    """The rows that `attach` reads."""
    yield from needs_hold(state, command.ref)
    yield from needs_hold(state, command.session_id)
    hold = state.hold(command.ref)
    if hold is not None:
        yield needs_pending(hold)


def attach(state: State, command: Attach) -> Answer:
    """Applies an `Attach`."""
    hold = state.hold(command.ref)
    if hold is None:
        return Refused(Code.UNKNOWN_SESSION, "No hold was found with this id.")
    other = state.hold(command.session_id)
    elsewhere = other is not None and other.reservation_id != hold.reservation_id
    if other is not None and elsewhere:
        taken = command.session_id in (other.payment_id, other.reservation_id)
        if taken or other.status is HELD:
            return Refused(Code.SESSION_IN_USE, "This session id belongs to another hold.")
    if hold.status is not HELD:
        return Refused(Code.HOLD_ENDED, f"This hold has ended: {hold.status}.")
    if command.expires_at is not None and command.expires_at <= state.now:
        return Refused(Code.OUT_OF_RANGE, "This deadline is in the past.")
    if other is None or elsewhere:
        state.put(SessionLink(command.session_id, hold.reservation_id))
    sooner = command.expires_at is not None and command.expires_at < (hold.expires_at or FOREVER)
    if sooner and payment_pending(state, hold):
        return refuse_pending()
    if command.expires_at is not None and command.expires_at != hold.expires_at:
        hold = replace(hold, expires_at=command.expires_at)
        state.put(hold)
        for line in hold.lines:
            state.book_event(
                Kind.EXTENDED,
                line.sku,
                reservation=hold,
                actor=command.actor,
                cause=command.cause,
            )
    return Accepted(
        {
            "reservation_id": hold.reservation_id,
            "expires_at": hold.expires_at,
            "revision": state.revision,
        }
    )
