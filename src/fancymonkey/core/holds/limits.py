"""Limits on the units that one source may hold without paying.

A source is an address and its network, as hashes. `network_memory.py` has the stored history of a
network. The state of each hold is read from the hold itself, so that the end of a hold causes no
write here.
"""

from collections.abc import Iterable, Iterator, Mapping

from fancymonkey.core.holds.network_memory import (
    SEEN_MAX,
    WINDOW,
    UnpaidHold,
    mark_of,
    needs_network,
    note_hold,
    seen_of,
)
from fancymonkey.core.immutable import dataclass
from fancymonkey.core.model import Allocation, Level, Reservation
from fancymonkey.core.outcomes import Code, Refused
from fancymonkey.core.state import Key, State

CONTENTION_LEAST = 3
NETWORK_SHARE_LEAST = 1


@dataclass(frozen=True, slots=True)
class HoldLimits:
    """The limits; 0 means no limit.

    `holds`: live holds of an address. `units`: units of a SKU in one hold. `contention`: while all
    holds together have no more than this share of a SKU (in percent, and at least
    `CONTENTION_LEAST` units), every buyer may hold the rest of that share. `network_share`: under
    contention, a network may hold this share (in percent, and at least `NETWORK_SHARE_LEAST`).
    `unpaid`: the longest time, in ms, for which the unpaid holds of an address that ended within
    the last `WINDOW` may have kept a SKU from others. `wait`: under contention, the time, in ms,
    for which a network waits after an unpaid hold of at least this length.
    """

    holds: int = 0
    units: int = 0
    contention: int = 0
    network_share: int = 0
    unpaid: int = 0
    wait: int = 0


@dataclass(frozen=True, slots=True)
class ClientSource:
    """The origin of a request, with its limits. The address cannot be recovered from either id."""

    network: str
    address: str
    limits: HoldLimits


Units = Mapping[tuple[str, str], Allocation]
"""Allocations by SKU and location."""


def needs_source(source: ClientSource, state: State) -> Iterator[Key]:
    """The rows that the rules of this file read."""
    return needs_network(source.network, state)


def check_hold_limits(
    state: State,
    source: ClientSource,
    own_id: str | None,
    before: str | None,
    wanted: Iterable[Allocation],
    own: Units,
) -> Refused | None:
    """The reason why a source may not hold this, or None.

    `own_id` is the hold of the session, `own` its present units: none if this begins a hold.
    `before` is an earlier hold of the same buyer, whose end causes no wait for this buyer.
    """
    limits = source.limits
    seen = seen_of(state, source.network)
    live = [row for id_, row in seen.live.items() if id_ != own_id]
    if not own:
        mine = [hold for hold, address in live if address == source.address]
        if (limits.holds and len(mine) >= limits.holds) or len(live) >= SEEN_MAX:
            return _too_many(state, mine or [hold for hold, _ in live])
    more = {
        (units.sku, units.location): units
        for units in wanted
        if not own or units.quantity > (own[units.key].quantity if units.key in own else 0)
    }
    faults: list[dict[str, str | int]] = []
    for key, units in more.items():
        most = _most(state, limits, units, own.get(key), _units(live, units.sku))
        if most is not None and units.quantity > most:
            faults.append({"sku": units.sku, "requested": units.quantity, "limit": max(0, most)})
    if faults:
        return Refused(
            Code.HOLD_LIMIT,
            "This item is in high demand. You can hold fewer units at a time: pay for what you "
            "have, or choose a smaller quantity.",
            faults,
        )
    if not seen.past:  # the usual case: no hold of this network has ended unpaid recently
        return None
    for key, units in more.items():
        if key not in own:
            past = [row for row in seen.past if mark_of(units.sku) in row.marks]
            refused = _too_often(state, source, past)
            if refused is None and _under_contention(state, limits, units):
                # The ids of the buyer's own ended holds: the same buyer need not wait for them.
                own_ids = (own_id, before) if before is not None else (own_id,)
                refused = _turn(
                    state, limits, [row for row in past if row.id is None or row.id not in own_ids]
                )
            if refused is not None:
                return refused
    return None


def remember_source(state: State, source: ClientSource, hold: Reservation) -> None:
    """Records that this hold is of this source, and removes outdated records."""
    note_hold(state, source.network, source.address, hold, source.limits.wait)


def _most(
    state: State, limits: HoldLimits, units: Allocation, own: Allocation | None, theirs: int
) -> int | None:
    """The most units of a SKU for a hold, or None. Its network holds `theirs` in addition."""
    bounds = [limits.units] if limits.units else []
    if limits.contention:
        level = state.level(units.sku, units.location)
        free_for_all = _before_contention(limits, level)
        share = max(NETWORK_SHARE_LEAST, level.on_hand * limits.network_share // 100)
        others = level.reserved - (0 if own is None else own.quantity)
        bounds.append(max(free_for_all - others, share - theirs))
    return min(bounds, default=None)


def _before_contention(limits: HoldLimits, level: Level) -> int:
    return max(CONTENTION_LEAST, level.on_hand * limits.contention // 100)


def _under_contention(state: State, limits: HoldLimits, units: Allocation) -> bool:
    """Whether this would be held under contention."""
    level = state.level(units.sku, units.location)
    return bool(limits.contention) and level.reserved + units.quantity > _before_contention(
        limits, level
    )


def _units(holds: Iterable[tuple[Reservation, str]], sku: str) -> int:
    return sum(
        allocation.quantity
        for hold, _ in holds
        for allocation in hold.allocations
        if allocation.sku == sku
    )


def _too_many(state: State, live: list[Reservation]) -> Refused:
    ends = min((hold.expires_at for hold in live if hold.expires_at is not None), default=state.now)
    return Refused(
        Code.TOO_MANY_HOLDS,
        "There are too many open reservations from your network. Complete or cancel one, or try "
        "again later.",
        {"retry_after": _seconds(ends - state.now)},
    )


def _too_often(state: State, source: ClientSource, rows: list[UnpaidHold]) -> Refused | None:
    """The reason why an address has to wait: its unpaid holds have kept a SKU from others for
    long.
    """
    past = sorted((row.ended_at, row.held_ms) for row in rows if row.address == source.address)
    total = sum(length for _, length in past)
    for ended_at, length in past:
        if not source.limits.unpaid or total < source.limits.unpaid:
            break
        total -= length
        wait = ended_at + WINDOW - state.now
        if total < source.limits.unpaid:
            return _others_first(wait)
    return None


def _turn(state: State, limits: HoldLimits, past: list[UnpaidHold]) -> Refused | None:
    """The reason why a network has to wait: its hold of this SKU has just ended unpaid."""
    ends = [row.ended_at for row in past if row.held_ms >= limits.wait]
    wait = max(ends, default=0) + limits.wait - state.now
    return _others_first(wait) if limits.wait and ends and wait > 0 else None


def _others_first(wait: int) -> Refused:
    return Refused(
        Code.HELD_TOO_OFTEN,
        "You held this item without paying. Please try again in a few minutes.",
        {"retry_after": _seconds(wait)},
    )


def _seconds(ms: int) -> int:
    return max(1, -(-ms // 1000))
