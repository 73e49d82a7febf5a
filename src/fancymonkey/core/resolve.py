"""How a hold ends: Release, Capture, expiry."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from fancymonkey.core.command import Command, needs_hold
from fancymonkey.core.frozen import dataclass
from fancymonkey.core.holds import give_back
from fancymonkey.core.model import Kind, Line, Reservation, SessionLink, Status
from fancymonkey.core.outcomes import Accepted, Answer, Code, Refused
from fancymonkey.core.state import Key, State, by_deadline


@dataclass(frozen=True, slots=True, kw_only=True)
class Release(Command):
    """Gives a hold back. A hold that has ended stays as it ended, and that is no error.

    `others` are further ids to try where `ref` means no hold.
    """

    ref: str
    others: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture(Command):
    """Turns a hold into a sale because it was paid.

    A payment is a fact and is never refused: where the hold has ended, or less is on hand than
    it held, what is available is sold and the rest is backordered. Capturing twice changes nothing.
    `others` are further ids to try where `ref` means no hold.
    """

    ref: str
    others: tuple[str, ...] = ()
    payment_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expire(Command):
    """Tidies every hold whose time is up. Each batch does so first; this one says which they were.

    Nothing else can be ended by it.
    """


def needs_ref(command: Release | Capture, state: State) -> Iterator[Key]:
    """The rows that `release` and `capture` read."""
    for ref in (command.ref, *command.others):
        yield from needs_hold(state, ref)
    if isinstance(command, Capture) and command.payment_id is not None:
        yield from needs_hold(state, command.payment_id)


def release(state: State, command: Release) -> Answer:
    """Applies a `Release`."""
    hold = _find(state, command)
    if hold is None:
        return Refused(Code.UNKNOWN_SESSION, "There is no hold for this session.")
    if hold.status is not Status.HELD:
        return Accepted(_summary(state, hold, ()))
    ended = give_back(state, hold, Status.RELEASED, command, command.reason)
    return Accepted(_summary(state, ended, ended.lines))


def capture(state: State, command: Capture) -> Answer:
    """Applies a `Capture`."""
    hold = None if command.payment_id is None else state.hold(command.payment_id)
    if hold is None or hold.payment_id != command.payment_id:
        hold = _find(state, command)
    if hold is None:
        return Refused(Code.UNKNOWN_SESSION, "There is no hold for this payment.")
    if hold.status is Status.CAPTURED:
        return Accepted(_summary(state, hold, ()))
    late = hold.status is not Status.HELD
    backordered = []
    for line in hold.lines:
        missing = _sell(state, line, hold, command, late=late)
        if missing:
            backordered.append({"sku": line.sku, "quantity": missing})
    paid = replace(
        hold,
        status=Status.CAPTURED,
        ended_at=state.now,
        payment_id=command.payment_id,
        late=late,
    )
    state.put(paid)
    if command.payment_id is not None:
        named = state.hold(command.payment_id)
        if named is None or named.status is not Status.HELD:  # a live hold keeps its ids
            state.put(SessionLink(command.payment_id, paid.reservation_id))
    return Accepted({**_summary(state, paid, paid.lines), "backordered": backordered})


def _find(state: State, command: Release | Capture) -> Reservation | None:
    for ref in (command.ref, *command.others):
        hold = state.hold(ref)
        if hold is not None:
            return hold
    return None


def _sell(state: State, line: Line, hold: Reservation, command: Capture, *, late: bool) -> int:
    """Sells one line; returns how many units of it are backordered."""
    level = state.level(line.sku, line.location)
    # A late payment may not take what others hold; a live hold has its units, unless a count
    # has found fewer.
    there = max(0, level.available if late else level.on_hand - level.allocated)
    taken = min(line.quantity, there)
    state.post(
        Kind.SOLD if late else Kind.CAPTURED,
        line.sku,
        line.location,
        on_hand=-taken,
        reserved=0 if late else -line.quantity,
        backordered=line.quantity - taken,
        reservation=hold,
        actor=command.actor,
        reason="late payment" if late else "",
        cause=command.cause or command.payment_id or "",
    )
    return line.quantity - taken


def expire(state: State, command: Expire) -> Answer:
    """Applies an `Expire`: the batch has ended the due holds already."""
    return Accepted(
        {
            "released": [_summary(state, hold, hold.lines) for hold in state.expired],
            "revision": state.revision,
        }
    )


def expire_due(state: State, due: Iterable[Reservation]) -> None:
    """Ends every hold whose deadline has come, the oldest first."""
    for row in sorted(due, key=by_deadline):
        if row.status is Status.HELD and row.expires_at is not None and row.expires_at <= state.now:
            state.expired.append(give_back(state, row, Status.EXPIRED, _CLOCK))


_CLOCK = Expire(actor="clock")


def _summary(state: State, hold: Reservation, lines: Iterable[Line]) -> dict[str, Any]:
    """A hold as answers show it, with the lines that were just moved."""
    moved = []
    for line in lines:
        level = state.level(line.sku, line.location)
        moved.append((line.sku, line.quantity, level.on_hand, level.reserved, level.available))
    return {
        "reservation_id": hold.reservation_id,
        "session_id": hold.session_id,
        "status": str(hold.status),
        "late": hold.late,
        "lines": moved,
        "revision": state.revision,
    }
