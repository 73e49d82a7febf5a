"""What buyers of one source may keep from all others without paying for it.

A source is an address and the network around it, as hashes. Each network has a document that names
the holds it has begun; how each of them stands is read from the hold itself, so nothing needs to be
written when a hold ends.
"""

from collections.abc import Iterable, Iterator, Mapping

from fancymonkey.core.document import Document
from fancymonkey.core.frozen import dataclass
from fancymonkey.core.model import Level, Line, Reservation, Status
from fancymonkey.core.outcomes import Code, Refused
from fancymonkey.core.state import Key, State

FOLDER = "source"
DAY = 86_400_000
WINDOW = 7_200_000
"""How long an unpaid hold that has ended is remembered, in ms."""
SEEN_MAX = 200
"""Holds that a network's document names. With so many alive it gets no further one."""
CALM_LEAST = 3
RUSH_LEAST = 1


@dataclass(frozen=True, slots=True)
class Limits:
    """What is allowed; 0 means no limit.

    `holds`: live holds of an address. `units`: units of a SKU in one hold. `calm`: while no more
    than this share of a SKU (in percent, and `CALM_LEAST` units at least) is held altogether,
    everybody may hold what there is of that share. `rush`: beyond it, a network may hold this
    share (in percent, and `RUSH_LEAST`). `unpaid`: for how long, in ms, the unpaid holds of an
    address that ended within the last `WINDOW` may have kept a SKU from others. `wait`: for how
    long, in ms, a network lets others go first in a rush, after a hold of it that lasted as long
    or longer has ended unpaid.
    """

    holds: int = 0
    units: int = 0
    calm: int = 0
    rush: int = 0
    unpaid: int = 0
    wait: int = 0


@dataclass(frozen=True, slots=True)
class Source:
    """Where a wish comes from, and what is allowed there. Neither id tells the address."""

    network: str
    address: str
    limits: Limits


Seen = list[tuple[Reservation, str]]
"""Holds of a network, and the address that began each."""
Lines = Mapping[tuple[str, str], Line]


def needs_source(source: Source, state: State) -> Iterator[Key]:
    """The rows that the rules of this file read."""
    yield Document, (FOLDER, source.network)
    for id_, _ in _named(state, source):
        yield Reservation, id_


def unfair(
    state: State, source: Source, own_id: str | None, before: str | None, lines: Lines, own: Lines
) -> Refused | None:
    """Why a source may not hold this, or None.

    `own_id` is the hold that the session means, `own` what it holds now: nothing where this begins
    a hold. `before` is an earlier hold of the same buyer: that it ended is not in their way.
    """
    limits = source.limits
    seen = _seen(state, source)
    others = [row for row in seen if row[0].key != own_id]
    live = [row for row in others if row[0].status is Status.HELD]
    if not own:
        mine = [hold for hold, address in live if address == source.address]
        if (limits.holds and len(mine) >= limits.holds) or len(live) >= SEEN_MAX:
            return _too_many(state, mine or [hold for hold, _ in live])
    more = {
        key: line
        for key, line in lines.items()
        if line.quantity > (own[key].quantity if key in own else 0)
    }
    faults: list[dict[str, str | int]] = []
    for key, line in more.items():
        most = _most(state, limits, line, own.get(key), _units(live, line.sku))
        if most is not None and line.quantity > most:
            faults.append({"sku": line.sku, "requested": line.quantity, "limit": max(0, most)})
    if faults:
        return Refused(
            Code.HOLD_LIMIT,
            "Others want this too: so much of it cannot be put aside at once. Pay for what you "
            "have, or take fewer.",
            faults,
        )
    if not seen:  # as nearly always: nobody has come from there lately
        return None
    for key, line in more.items():
        if key not in own:
            refused = _too_often(state, source, seen, line.sku)
            if refused is None and _rush(state, limits, line):
                past = [row for row in others if row[0].key != before]
                refused = _turn(state, limits, past, line.sku)
            if refused is not None:
                return refused
    return None


def note_source(state: State, source: Source, hold: Reservation) -> None:
    """Keeps that this hold is of this source. What matters no more is forgotten."""
    before = state.get(Document, (FOLDER, source.network))
    seen = [] if before is None else _seen(state, source)
    if any(row.key == hold.key for row, _ in seen):
        return
    ended = [row for row in seen if row[0].status is not Status.HELD]
    # What lasted longest is kept longest: many short holds must not wash a long one away.
    ended.sort(key=lambda row: _length(row[0]))
    live = [row for row in seen if row[0].status is Status.HELD]
    kept = [*ended, *live, (hold, source.address)][-SEEN_MAX:]
    state.put(
        Document(
            FOLDER,
            source.network,
            1 if before is None else before.version + 1,
            state.now,
            " ".join(f"{row.reservation_id}:{address}" for row, address in kept),
            state.now + DAY,
        )
    )


def _named(state: State, source: Source) -> Iterator[tuple[str, str]]:
    document = state.get(Document, (FOLDER, source.network))
    for word in () if document is None else document.body.split():
        id_, _, address = word.rpartition(":")
        yield id_, address


def _seen(state: State, source: Source) -> Seen:
    """The holds of a network that count: those alive, and those that ended unpaid lately."""
    found = []
    for id_, address in _named(state, source):
        hold = state.get(Reservation, id_)
        if hold is not None and (hold.status is Status.HELD or _lately_unpaid(state, hold)):
            found.append((hold, address))
    return found


def _lately_unpaid(state: State, hold: Reservation) -> bool:
    unpaid = hold.status in (Status.EXPIRED, Status.RELEASED)
    return unpaid and _end(hold) > state.now - WINDOW


def _end(hold: Reservation) -> int:
    """When a hold has ended: at its deadline, though it may have been tidied later."""
    ended = hold.ended_at or 0
    return ended if hold.expires_at is None else min(ended, hold.expires_at)


def _length(hold: Reservation) -> int:
    """For how long a hold that has ended kept its units."""
    return _end(hold) - hold.created_at


def _most(state: State, limits: Limits, line: Line, own: Line | None, theirs: int) -> int | None:
    """How much of a SKU a hold may have, or None for any; its network holds `theirs` besides."""
    found = [limits.units] if limits.units else []
    if limits.calm:
        level = state.level(line.sku, line.location)
        calm = _calm(limits, level)
        rush = max(RUSH_LEAST, level.on_hand * limits.rush // 100)
        others = level.reserved - (0 if own is None else own.quantity)
        found.append(max(calm - others, rush - theirs))
    return min(found, default=None)


def _calm(limits: Limits, level: Level) -> int:
    return max(CALM_LEAST, level.on_hand * limits.calm // 100)


def _rush(state: State, limits: Limits, line: Line) -> bool:
    """Whether this would be held in a rush."""
    level = state.level(line.sku, line.location)
    return bool(limits.calm) and level.reserved + line.quantity > _calm(limits, level)


def _units(holds: Iterable[tuple[Reservation, str]], sku: str) -> int:
    return sum(line.quantity for hold, _ in holds for line in hold.lines if line.sku == sku)


def _too_many(state: State, live: list[Reservation]) -> Refused:
    ends = min((hold.expires_at for hold in live if hold.expires_at is not None), default=state.now)
    return Refused(
        Code.TOO_MANY_HOLDS,
        "Too much is put aside already from where you are. Pay for it, give some of it back, or "
        "wait until it ends.",
        {"retry_after": _seconds(ends - state.now)},
    )


def _too_often(state: State, source: Source, seen: Seen, sku: str) -> Refused | None:
    """Why an address waits that has kept a SKU from others for long and did not pay."""
    past = sorted(
        (_end(hold), _length(hold))
        for hold, address in seen
        if address == source.address
        and hold.status is not Status.HELD
        and any(line.sku == sku for line in hold.lines)
    )
    kept = sum(length for _, length in past)
    for ended_at, length in past:
        if not source.limits.unpaid or kept < source.limits.unpaid:
            break
        kept -= length
        wait = ended_at + WINDOW - state.now
        if kept < source.limits.unpaid:
            return _others_first(wait)
    return None


def _turn(state: State, limits: Limits, others: Seen, sku: str) -> Refused | None:
    """Why a network waits whose hold of this SKU has just ended unpaid."""
    ends = [
        _end(hold)
        for hold, _ in others
        if hold.status is not Status.HELD
        and _length(hold) >= limits.wait
        and any(line.sku == sku for line in hold.lines)
    ]
    wait = max(ends, default=0) + limits.wait - state.now
    return _others_first(wait) if limits.wait and ends and wait > 0 else None


def _others_first(wait: int) -> Refused:
    return Refused(
        Code.HELD_TOO_OFTEN,
        "This was put aside for long and not paid for. Others have their turn first.",
        {"retry_after": _seconds(wait)},
    )


def _seconds(ms: int) -> int:
    return max(1, -(-ms // 1000))
