"""Putting units aside for a buyer: Reserve and Attach."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from fancymonkey.core.command import Command, needs_hold, needs_item
from fancymonkey.core.model import MAX_LINES, Item, Kind, Line, Reservation, SessionLink, Status
from fancymonkey.core.outcomes import Accepted, Answer, Code, Refused
from fancymonkey.core.state import Key, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserve(Command):
    """Holds units for a session until they are captured, released or expire.

    All lines are held or none; a refusal names every line that is short. A SKU that the session
    already holds gets the new quantity, its own units do not count against it, and the deadline
    stays. `reservation_id` is used where the session holds nothing yet. `ttl` in milliseconds.
    """

    reservation_id: str
    session_id: str
    lines: tuple[Line, ...]
    ttl: int


def needs_reserve(command: Reserve, state: State) -> Iterator[Key]:
    """The rows that `reserve` reads."""
    yield from needs_hold(state, command.session_id)
    for line in command.lines:
        yield from needs_item(line.sku, line.location)


def reserve(state: State, command: Reserve) -> Answer:
    """Applies a `Reserve`."""
    current = state.hold(command.session_id)
    if current is not None and current.status is not Status.HELD:
        if current.status is Status.CAPTURED and current.payment_id == command.session_id:
            return Refused(
                Code.SESSION_PAID,
                "This checkout session has been paid. Start a new one with a new sessionId.",
            )
        current = None
    own = {} if current is None else {(ln.sku, ln.location): ln.quantity for ln in current.lines}
    refused = _refusal(state, command.lines, own)
    if refused is not None:
        return refused
    if current is None:
        hold = Reservation(
            command.reservation_id,
            command.session_id,
            Status.HELD,
            command.lines,
            state.now,
            state.now + command.ttl,
        )
        state.put(SessionLink(command.session_id, hold.reservation_id))
    else:
        wanted = {(ln.sku, ln.location): ln for ln in current.lines}
        wanted.update({(ln.sku, ln.location): ln for ln in command.lines})
        if len(wanted) > MAX_LINES:
            return Refused(Code.TOO_MANY_LINES, f"A hold has at most {MAX_LINES} lines.")
        hold = replace(current, lines=tuple(wanted.values()))
    if hold != current:
        state.put(hold)
    stock = []
    for line in command.lines:
        change = line.quantity - own.get((line.sku, line.location), 0)
        if change:
            level = state.post(
                Kind.RESERVED if change > 0 else Kind.RELEASED,
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


def _refusal(
    state: State, lines: tuple[Line, ...], own: dict[tuple[str, str], int]
) -> Refused | None:
    """Why these lines cannot be held, with every line that is at fault, or None."""
    unknown, closed, short = [], [], []
    for line in lines:
        item = state.get(Item, line.sku)
        if item is None or item.archived:
            unknown.append({"sku": line.sku})
            continue
        mine = own.get((line.sku, line.location), 0)
        if line.quantity <= mine:
            continue
        available = state.level(line.sku, line.location).available + mine
        fault = {"sku": line.sku, "requested": line.quantity, "available": max(0, available)}
        if item.sold_out:
            closed.append(fault)
        elif line.quantity > available:
            short.append(fault)
    if unknown:
        return Refused(Code.UNKNOWN_ITEM, "There is no such product or size.", unknown)
    if closed:
        return Refused(Code.SOLD_OUT, "The shop has marked this as sold out.", closed)
    if short:
        return Refused(Code.INSUFFICIENT_STOCK, "Not enough is available.", short)
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attach(Command):
    """Lets a further id (a Stripe session) mean this hold, and may move its deadline."""

    ref: str
    session_id: str
    expires_at: int | None = None


def needs_attach(command: Attach, state: State) -> Iterator[Key]:
    """The rows that `attach` reads."""
    yield from needs_hold(state, command.ref)
    yield from needs_hold(state, command.session_id)


def attach(state: State, command: Attach) -> Answer:
    """Applies an `Attach`."""
    hold = state.hold(command.ref)
    if hold is None:
        return Refused(Code.UNKNOWN_SESSION, "There is no hold with this id.")
    if hold.status is not Status.HELD:
        return Refused(Code.HOLD_ENDED, f"This hold has ended: {hold.status}.")
    other = state.hold(command.session_id)
    elsewhere = other is not None and other.reservation_id != hold.reservation_id
    if other is not None and elsewhere:
        taken = other.status is Status.HELD or other.payment_id == command.session_id
        if taken:
            return Refused(Code.SESSION_IN_USE, "This session id belongs to another hold.")
    if other is None or elsewhere:
        state.put(SessionLink(command.session_id, hold.reservation_id))
    if command.expires_at is not None and command.expires_at != hold.expires_at:
        hold = replace(hold, expires_at=command.expires_at)
        state.put(hold)
        for line in hold.lines:
            state.note(
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
